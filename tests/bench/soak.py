"""``make bench-soak``: does a worker's memory stay the same over a million requests? Its PSS, fifty times on the way."""

import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import measure, oracle, report
from tests.bench.parts.base import Bench
from tests.bench.processes import memory_mb
from tests.bench.targets import mix, targets

SAMPLES, CONNECTIONS = 50, 16
PATIENCE = 3600.0  # seconds for one of fifty parts
WEIGHTS = {
    "product by id": 75,
    "product page (20)": 12,
    "category page (20)": 6,
    "order detail": 3,
    "order list (20)": 2,
    "order": 2,
}
"""Of a hundred requests: more reading than a shop's customers do, so that a million take less than an hour."""
MARKS = (0.0, 0.1, 0.5, 1.0)
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 900, 320, 60, 50, 20, 40
COLOURS = ("#2b6cb0", "#dd6b20", "#2f855a", "#6b46c1")


@dataclass(frozen=True, kw_only=True)
class Course:
    """How the memory of each worker went.

    Attributes:
        requests: how many there had been at each look.
        memory: MB of each worker at each look.
        minutes: it took.
    """

    requests: Sequence[int]
    memory: Sequence[Sequence[float]]
    minutes: float

    def at(self, share: float) -> list[float]:
        """Return the MB of each worker once this share of the requests had been answered."""
        return [series[round(share * (len(self.requests) - 1))] for series in self.memory]

    @property
    def growth(self) -> float:
        """MB that the worker that grew most has gained since a tenth of the requests."""
        return max(end - then for end, then in zip(self.at(1.0), self.at(0.1), strict=True))


def _send(bench: Bench, *, requests: int, owned: Sequence[int]) -> Course:
    stage = bench.stage
    workers = stage.services["shop"].workers
    looks, memory = [0], [[memory_mb(pid)] for pid in workers]
    began = time.monotonic()
    for number in range(1, SAMPLES + 1):
        stage.renew_tokens()
        target = mix(targets(stage, orders={stage.tokens[0]: owned}), weights=WEIGHTS, name="soak")
        most = requests * number // SAMPLES - looks[-1]
        measure.once(
            stage, target, service="shop", connections=CONNECTIONS, seconds=PATIENCE, results=bench.results, most=most
        )  # fmt: skip
        looks.append(looks[-1] + most)
        for series, pid in zip(memory, workers, strict=True):
            series.append(memory_mb(pid))
        left = (time.monotonic() - began) / number * (SAMPLES - number)
        now = ", ".join(f"{series[-1]:.1f}" for series in memory)
        print(f"{looks[-1]:,} requests, {now} MB, {left / 60:.0f} min left", file=sys.stderr, flush=True)
    return Course(requests=looks, memory=memory, minutes=(time.monotonic() - began) / 60)


def run(bench: Bench, *, requests: int, owned: Sequence[int], page: Path | None) -> int:
    """Send so many requests and write what became of the memory; return the exit code."""
    course = _send(bench, requests=requests, owned=owned)
    faults = oracle.check(bench.stage, bench.results)
    text = section(course, errors=sum(sample.errors for sample in bench.results.samples.values()))
    print(text, *faults, sep="\n")
    if page and not faults:
        report.write(page, {"memory": text})
        page.with_name(f"{page.stem}-memory.svg").write_text(chart(course), encoding="utf-8")
    return 1 if faults else 0


def section(course: Course, *, errors: int) -> str:
    """Return what the page says of it."""
    head = ("worker", *(f"after {100 * mark:.0f} %: MB" for mark in MARKS), "growth since 10 %: MB")
    rows = []
    for number, series in enumerate(zip(*(course.at(mark) for mark in MARKS), strict=True), start=1):
        rows.append([number, *(f"{value:.1f}" for value in series), f"{series[-1] - series[1]:+.1f}"])
    goal = report.Goal(
        figure=f"growth of a worker over {course.requests[-1]:,} requests, since the first tenth", at_most="≤ 5 MB",
        measured=course.growth, unit=" MB", limit=5.0,
    )  # fmt: skip
    mixed = ", ".join(f"{weight} % {name}" for name, weight in WEIGHTS.items())
    said = f"{course.requests[-1]:,} requests in {course.minutes:.0f} minutes, {errors} errors: {mixed}.\n"
    return report.goals_table([goal]) + "\n" + report.make_table(head, rows) + "\n" + said


def chart(course: Course) -> str:
    """Draw each worker's memory over the requests."""
    top = math.ceil(max(max(series) for series in course.memory) * 1.1 / 20) * 20
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    end = course.requests[-1]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="11">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="10" y="20" font-size="14" font-weight="bold">Memory of each worker (PSS, MB) over {end:,} requests</text>',
    ]  # fmt: skip
    for step in range(5):
        y = TOP + high - high * step / 4
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e2e8f0"/>')
        parts.append(
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="#444444">{top * step / 4:.0f}</text>'
        )
        x = LEFT + wide * step / 4
        parts.append(
            f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="#444444">{end * step // 4:,}</text>'
        )
    for number, series in enumerate(course.memory):
        points = " ".join(
            f"{LEFT + wide * done / end:.1f},{TOP + high - high * value / top:.1f}"
            for done, value in zip(course.requests, series, strict=True)
        )
        colour = COLOURS[number % len(COLOURS)]
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{LEFT + 10 + 90 * number}" y="40" fill="{colour}">worker {number + 1}</text>')
    return "\n".join([*parts, "</svg>", ""])

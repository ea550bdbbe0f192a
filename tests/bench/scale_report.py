"""What became of the shop as its tables grew: a section of the page, and its chart."""

import argparse
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from tests.bench import report
from tests.bench.measure import Sample
from tests.bench.report import Goal
from tests.bench.sides import Side
from tests.chaos.report import commit, machine

MOST = 1.1
MARK = "scale"
DRAWN = 1.6  # as far as bars go; the figures stand beside them
HEAD = (
    "call", *(f"{size}: {what}" for size in ("small", "large") for what in ("service", "stores", "p50 ms", "rows")), "ratio"
)  # fmt: skip
GOALS = (
    *("order", "order detail", "order list (20)", "order list, by status", "admin: orders"),
    *("product page (20)", "category page (20)"),
)
WIDTH, ROW, LEFT, RIGHT, TOP = 760, 20, 190, 60, 56
GOOD, BAD = "#2b6cb0", "#c53030"


@dataclass(frozen=True, kw_only=True)
class Run:
    """The run as a whole."""

    small: Side
    large: Side
    options: argparse.Namespace
    minutes: float

    def samples(self) -> Iterator[tuple[Sample, Sample]]:
        """Yield what was measured of each call, beside both sizes."""
        for name in self.small.rows:
            yield self._sample(self.small, name), self._sample(self.large, name)

    def _sample(self, side: Side, name: str) -> Sample:
        return side.results.samples[name, "shop", self.options.connections]


def ratio(small: Sample, large: Sample) -> float:
    """Return what a request costs service and stores together, large ÷ small: the median of the rounds."""
    rounds = zip(small.cpu_ms, small.store_ms, large.cpu_ms, large.store_ms, strict=True)
    return statistics.median((more + most) / (few + least) for few, least, more, most in rounds)


def ratios(run: Run) -> dict[str, float]:
    """Return every call's ratio."""
    return {small.target: ratio(small, large) for small, large in run.samples()}


def table(run: Run) -> str:
    """Return all calls beside both sizes."""
    rows = []
    for small, large in run.samples():
        figures = [
            figure
            for side, sample in ((run.small, small), (run.large, large))
            for figure in (
                *(f"{value:.2f}" for value in (sample.cpu, sample.store)),
                f"{sample.percentile(50):.1f}",
                f"{statistics.median(side.rows[sample.target]):.1f}",
            )
        ]
        rows.append([small.target, *figures, f"{ratio(small, large):.2f}"])
    return report.make_table(HEAD, rows)


def goals(run: Run) -> list[Goal]:
    """Return the targets of what must stay as it is."""
    found = ratios(run)
    return [
        Goal(
            figure=f"{name}: CPU of service and stores, {_sizes(run, name)}",
            at_most=f"≤ {MOST}",
            measured=found[name],
            limit=MOST,
        )
        for name in GOALS
    ]


def _sizes(run: Run, name: str) -> str:
    options = run.options
    if name.endswith("page (20)"):
        return f"at {options.products:,} products ÷ at {options.few_products:,}"
    return f"at {options.orders:,} orders ÷ at {options.few_orders:,}"


def facts(run: Run) -> str:
    """Say what was measured, on what."""
    rows = sum(run.large.filled["rows"].values())
    options = run.options
    asked = sum(small.requests + large.requests for small, large in run.samples())
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC · commit {commit()} · {run.minutes:.1f} minutes · {machine()} · "
        f"small: {options.few_orders:,} orders and {options.few_products:,} products; large: {options.orders:,} orders "
        f"({rows:,} rows in all) and {options.products:,} products, filled in {run.large.filled['seconds'] / 60:.1f} minutes · "
        f"buffer pools of {options.buffer_pool_mb:,} MB · {options.rounds} rounds of {options.seconds:g} s, "
        f"{options.connections} connections · {asked:,} requests, 0 errors; the books balance on both sides.\n"
    )


def section(run: Run) -> str:
    """Return all of it as Markdown."""
    return "\n".join([facts(run), report.goals_table(goals(run)), table(run)])


def chart(found: Mapping[str, float]) -> str:
    """Draw the ratio of every call, with a line where nothing would have changed and one where the target is."""
    height = TOP + ROW * len(found) + 16
    scale = (WIDTH - LEFT - RIGHT) / DRAWN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="11">',
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            '<text x="10" y="20" font-size="14" font-weight="bold">CPU per request beside large tables ÷ beside small ones</text>',
            *_bars(found, scale=scale),
            *_line(1.0, "as before", colour="#718096", scale=scale, bottom=height - 10, anchor="end"),
            *_line(MOST, f"target {MOST}", colour="#dd6b20", scale=scale, bottom=height - 10, anchor="start"),
            "</svg>",
            "",
        ]
    )  # fmt: skip


def _bars(found: Mapping[str, float], *, scale: float) -> Iterator[str]:
    for number, (name, value) in enumerate(found.items()):
        y = TOP + ROW * number
        colour = GOOD if value <= MOST else BAD
        yield f'<text x="{LEFT - 8}" y="{y + 11}" text-anchor="end" fill="#222222">{escape(name)}</text>'
        yield f'<rect x="{LEFT}" y="{y}" width="{min(value, DRAWN) * scale:.1f}" height="{ROW - 6}" fill="{colour}"/>'
        yield f'<text x="{WIDTH - 12}" y="{y + 11}" text-anchor="end" fill="#222222">{value:.2f}</text>'


def _line(value: float, words: str, *, colour: str, scale: float, bottom: int, anchor: str) -> Iterator[str]:
    x = LEFT + value * scale
    yield f'<line x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{bottom}" stroke="{colour}" stroke-dasharray="4 3"/>'
    yield f'<text x="{x:.1f}" y="{TOP - 12}" text-anchor="{anchor}" fill="{colour}">{words}</text>'


def write(page: Path, run: Run) -> None:
    """Renew the page's section, and the chart beside it."""
    report.write(page, {MARK: section(run)})
    page.with_name(f"{page.stem}-{MARK}.svg").write_text(chart(ratios(run)), encoding="utf-8")

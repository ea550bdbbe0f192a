"""What was measured: the page's generated parts, and its chart."""

import argparse
import platform
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from importlib.metadata import version
from pathlib import Path

from tests.bench.measure import Results, Sample
from tests.chaos.report import commit, machine
from tests.pages import replace_section

COLOURS = {"before": "#a0aec0", "shop": "#2b6cb0", "thin": "#dd6b20", "bare": "#718096"}
WIDTH, ROW, LEFT, RIGHT, TOP = 900, 13, 210, 70, 60
HEAD = (
    "target", "service", "connections", "requests/s", "p50 ms", "p95 ms", "p99 ms", "errors",
    "CPU-ms/request", "stores' CPU-ms", "client's CPU-ms",
)  # fmt: skip
LIBRARIES = ("Django", "djangorestframework", "gunicorn", "boto3", "pynamodb", "mysqlclient", "orjson")


@dataclass(frozen=True, kw_only=True)
class Run:
    """The run as a whole."""

    minutes: float
    faults: Sequence[str]
    options: argparse.Namespace


@dataclass(frozen=True, kw_only=True)
class Goal:
    """One line of the issue's targets.

    Attributes:
        figure: what it is.
        at_most: the target.
        measured: what it came to; None if this run did not measure it.
        limit: what it may come to; None where the target is that it be published.
        shown: how it is written, where a number with two digits and its unit would not do.
        why: it was not measured.
    """

    figure: str
    at_most: str
    measured: float | None
    unit: str = ""
    limit: float | None = 0.0
    shown: str = ""
    why: str = ""

    def row(self) -> str:
        """Return it as a row."""
        if self.measured is None:
            why = f": {self.why}" if self.why else ""
            return cells([self.figure, self.at_most, f"not measured{why}", ""])
        met = "" if self.limit is None else "yes" if self.measured <= self.limit else "**no**"
        return cells([self.figure, self.at_most, self.shown or f"{self.measured:.2f}{self.unit}", met])


@dataclass
class Findings:
    """What a part of the benchmark has found.

    Attributes:
        goals: for the table of targets.
        sections: of the page, by the names of their marks.
        charts: beside the page, by what is added to its name.
        faults: what was not right.
    """

    goals: list[Goal] = field(default_factory=list)
    sections: dict[str, str] = field(default_factory=dict)
    charts: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def add(self, more: "Findings") -> None:
        """Take in what another part has found."""
        self.goals += more.goals
        self.sections |= more.sections
        self.charts |= more.charts
        self.faults += more.faults


def cells(row: Iterable[object]) -> str:
    """Return a table's row."""
    return f"| {' | '.join(str(cell) for cell in row)} |\n"


def make_table(head: Sequence[str], rows: Iterable[Iterable[object]], *, texts: int = 1) -> str:
    """Return a table: columns of text first, and then figures."""
    rule = "|" + "---|" * texts + "---:|" * (len(head) - texts) + "\n"
    return cells(head) + rule + "".join(map(cells, rows))


def _ratio(results: Results, target: str, *, to: str = "thin", of: str = "shop") -> float | None:
    """Return the CPU per request of one service ÷ another's: the median over rounds and numbers of connections."""
    pairs = [
        (sample.cpu_ms, results.samples[target, to, sample.connections].cpu_ms)
        for sample in results.samples.values()
        if (sample.target, sample.service) == (target, of)
        and (target, to, sample.connections) in results.samples
    ]
    ratios = [ours / theirs for mine, other in pairs for ours, theirs in zip(mine, other, strict=True)]
    return statistics.median(ratios) if ratios else None


def _overhead(results: Results) -> float | None:
    keys = (("product by id", "shop"), ("product by id", "bare"), ("GetItem", "raw"))
    found = [results.samples.get((target, service, 1)) for target, service in keys]
    if None in found:
        return None
    whole, framework, store = (sample.cpu for sample in found if sample)
    return whole - framework - store


def _at(results: Results, target: str, *, connections: int) -> Sample | None:
    return results.samples.get((target, "shop", connections))


def goals(results: Results) -> list[Goal]:
    """Return the issue's targets that a run of this program answers."""
    one, order = (
        _at(results, "product by id", connections=1),
        _at(results, "order", connections=100),
    )
    mean = statistics.mean(order.milliseconds) if order and order.milliseconds else None
    memory = max(results.memory.get("shop", []), default=None)
    p50, p99 = (one.percentile(percent) if one else None for percent in (50, 99))
    return [
        Goal(figure="product by id: CPU ÷ thin", at_most="≤ 1.0", measured=_ratio(results, "product by id"), limit=1.0),
        Goal(figure="product page of 20: CPU ÷ thin", at_most="≤ 1.1", measured=_ratio(results, "product page (20)"), limit=1.1),
        Goal(figure="order: CPU ÷ thin", at_most="≤ 1.6", measured=_ratio(results, "order"), limit=1.6),
        Goal(figure="product by id − bare − raw GetItem", at_most="≤ 1 ms CPU", measured=_overhead(results), unit=" ms", limit=1.0),
        Goal(figure="product by id, 1 connection: p50", at_most="≤ 5 ms", measured=p50, unit=" ms", limit=5.0),
        Goal(figure="product by id, 1 connection: p99", at_most="≤ 10 ms", measured=p99, unit=" ms", limit=10.0),
        Goal(figure="order, 100 connections: mean", at_most="≤ 200 ms", measured=mean, unit=" ms", limit=200.0),
        Goal(figure="memory of a worker (PSS)", at_most="≤ 120 MB", measured=memory, unit=" MB", limit=120.0),
    ]  # fmt: skip


def goals_table(found: Iterable[Goal]) -> str:
    """Return targets beside what was measured."""
    rows = "".join(goal.row() for goal in found)
    return cells(("figure", "target", "measured", "met")) + "|---|---|---:|---|\n" + rows


def _row(sample: Sample) -> list[object]:
    figures = [f"{sample.percentile(percent):.1f}" for percent in (50, 95, 99)]
    row: list[object] = [
        sample.target,
        sample.service,
        sample.connections,
        f"{sample.rate:.0f}",
        *figures,
        sample.errors,
    ]
    return [*row, *(f"{figure:.2f}" for figure in (sample.cpu, sample.store, sample.client))]


def table(results: Results) -> str:
    """Return every sample as a table."""
    ordered = sorted(results.samples.values(), key=lambda sample: sample.connections)
    return make_table(HEAD, map(_row, ordered), texts=2)


def before_table(results: Results) -> str:
    """Return what the changes since another checkout did, as CPU per request."""
    rows = []
    for name in dict.fromkeys(sample.target for sample in results.samples.values()):
        series = [
            [value for sample in results.samples.values() if (sample.target, sample.service) == (name, service) for value in sample.cpu_ms]
            for service in ("before", "shop")
        ]  # fmt: skip
        if all(series):
            was, now = (statistics.median(values) for values in series)
            rows.append([name, f"{was:.2f}", f"{now:.2f}", f"{100 * (1 - now / was):.0f} %"])
    return f"{stamp()}\n\n" + make_table(("target", "before: CPU-ms/request", "now", "saved"), rows)


def stamp() -> str:
    """Say when it was measured, and of what."""
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC · commit {commit()}"


def facts(run: Run, results: Results) -> str:
    """Say what was measured, on what, and whether it was right."""
    asked = sum(sample.requests for sample in results.samples.values())
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    right = (
        "all books balance, nothing oversold, nothing doubled, 0 errors"
        if not run.faults
        else "**it is wrong**: "
    )
    options = run.options
    return (
        f"{stamp()} · {run.minutes:.1f} minutes · {machine()}, "
        f"{platform.release()} · {versions} · {options.products:,} products · {options.workers} workers of 8 threads · "
        f"{options.rounds} rounds of {options.seconds:g} s · {asked:,} requests; the oracle: {right}"
        + "; ".join(run.faults[:5]) + ".\n"
    )  # fmt: skip


def chart(results: Results, *, connections: int) -> str:
    """Draw the CPU per request of every service, target by target."""
    found = [
        sample
        for sample in results.samples.values()
        if sample.connections == connections and sample.service != "raw"
    ]
    height = TOP + ROW * len(found) + 6 * len({sample.target for sample in found}) + 16
    scale = (WIDTH - LEFT - RIGHT) / max(sample.cpu for sample in found)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="10">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="10" y="20" font-size="14" font-weight="bold">CPU-ms per request of the service, {connections} connections</text>',
        *_legend(found),
        *_bars(found, scale=scale),
    ]  # fmt: skip
    return "\n".join([*parts, "</svg>", ""])


def _legend(found: Sequence[Sample]) -> Iterator[str]:
    for number, service in enumerate(dict.fromkeys(sample.service for sample in found)):
        x = LEFT + number * 110
        yield f'<rect x="{x}" y="32" width="10" height="10" fill="{COLOURS[service]}"/>'
        yield f'<text x="{x + 14}" y="41" fill="#444444">{service}</text>'


def _bars(found: Sequence[Sample], *, scale: float) -> Iterator[str]:
    y, last = TOP, ""
    for sample in found:
        if sample.target != last:
            y, last = y + 6, sample.target
            yield f'<text x="{LEFT - 6}" y="{y + 9}" text-anchor="end">{escape(sample.target)}</text>'
        wide = max(sample.cpu * scale, 1)
        yield f'<rect x="{LEFT}" y="{y}" width="{wide:.1f}" height="{ROW - 3}" fill="{COLOURS[sample.service]}"/>'
        yield f'<text x="{LEFT + wide + 4:.1f}" y="{y + 9}" fill="#444444">{sample.cpu:.2f}</text>'
        y += ROW


def write(page: Path, sections: Mapping[str, str]) -> None:
    """Renew generated parts of the page."""
    for name, text in sections.items():
        replace_section(page, f"<!-- generated: {name} -->\n", text)


def write_all(page: Path, results: Results, *, run: Run, findings: Findings) -> None:
    """Renew the page's generated parts, and the charts beside it."""
    met = goals_table([*goals(results), *findings.goals])
    parts = {"run": facts(run, results), "targets": met, "all": table(results), **findings.sections}
    write(page, parts)
    numbers = sorted({sample.connections for sample in results.samples.values()})
    drawn = chart(results, connections=numbers[len(numbers) // 2])
    for name, text in {"": drawn, **findings.charts}.items():
        page.with_name(f"{page.stem}{name}.svg").write_text(text, encoding="utf-8")

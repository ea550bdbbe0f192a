"""What the shop does with a quarter, a half and a whole processor, which a control group allows it and nothing else here."""

from dataclasses import dataclass

from tests.bench.cgroup import CpuGroup, NoGroup, cpu_group
from tests.bench.measure import Sample
from tests.bench.parts.base import Bench
from tests.bench.parts.cold import seconds_to
from tests.bench.processes import memory_mb
from tests.bench.report import Findings, Goal, make_table
from tests.bench.targets import mix

PROCESSORS = (0.25, 0.5, 1.0)
PER_DAY, PEAK = 100_000, 10
PEAK_RATE = PER_DAY / 86_400 * PEAK
"""Requests a second: ten times the mean of a day."""
HELD_P95_MS = 250.0
"""A size holds a load that it answers so without an error: nineteen of twenty in a quarter of a second."""
CONNECTIONS = 16
HEAD = (
    "processors", "ready after, s", "mix: requests/s", "p50 ms", "p95 ms", "product by id: requests/s", "p50 ms", "p95 ms",
    "order: requests/s", "p50 ms", "p95 ms", "errors", "mix: CPU-ms/request",
)  # fmt: skip
PEAK_HEAD = (
    "processors",
    "requests/s",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "errors",
    "share of its processors",
    "holds it",
)


@dataclass(frozen=True, kw_only=True)
class Size:
    """What came of one limit.

    Attributes:
        processors: allowed.
        ready: seconds from the start to the first ready answer.
        full: the mix, product by id and orders, as fast as they are answered.
        peak: the mix at :data:`PEAK_RATE`.
        memory: MB of all the shop's processes at the end.
    """

    processors: float
    ready: float
    full: list[Sample]
    peak: Sample
    memory: float

    @property
    def holds(self) -> bool:
        """Whether it carries the peak of :data:`PER_DAY`."""
        return not self.peak.errors and self.peak.percentile(95) <= HELD_P95_MS

    def row(self) -> list[object]:
        """Return what it does at most, as a row."""
        figures = [
            text
            for sample in self.full
            for text in (f"{sample.rate:.0f}", f"{sample.percentile(50):.0f}", f"{sample.percentile(95):.0f}")
        ]
        errors = sum(sample.errors for sample in self.full)
        return [f"{self.processors:g}", f"{self.ready:.1f}", *figures, errors, f"{self.full[0].cpu:.2f}"]

    def peak_row(self) -> list[object]:
        """Return how it carries the peak, as a row."""
        used = self.peak.cpu / 1000 * self.peak.rate / self.processors
        times = [f"{self.peak.percentile(percent):.0f}" for percent in (50, 95, 99)]
        holds = "yes" if self.holds else "**no**"
        rate = f"{self.peak.rate:.1f}"
        return [f"{self.processors:g}", rate, *times, self.peak.errors, f"{100 * used:.0f} %", holds]


def _size(bench: Bench, group: CpuGroup, *, processors: float) -> Size:
    service = f"{processors:g} processors"
    group.limit(processors)
    with bench.stage.beside(service, group=group) as running:
        ready = seconds_to("/health/ready", service=running)
        everything = mix(bench.targets)
        bench.warm(everything, service=service)
        full = [
            bench.measure(target, service=service, connections=CONNECTIONS, seconds=seconds)
            for target, seconds in (
                (everything, 4.0),
                (bench.target("product by id"), 2.0),
                (bench.target("order"), 3.0),
            )
        ]
        peak = bench.measure(
            everything, name="mix at the peak", service=service, connections=CONNECTIONS, seconds=6.0, rate=PEAK_RATE
        )  # fmt: skip
        return Size(
            processors=processors, ready=ready, full=full, peak=peak, memory=sum(map(memory_mb, running.pids))
        )


def measure(bench: Bench) -> Findings:
    """Start one worker under each limit and load it."""
    try:
        with cpu_group() as group:
            wanted = PROCESSORS[-bench.times(len(PROCESSORS)) :]
            sizes = [_size(bench, group, processors=processors) for processors in wanted]
    except NoGroup as error:
        goals = _goals(None, None, why=str(error))
        return Findings(goals=goals, sections={"limits": f"Not measured: {error}.\n"})
    rates = " / ".join(f"{size.full[0].rate:.0f}" for size in sizes)
    smallest = next((size for size in sizes if size.holds), None)
    return Findings(goals=_goals(rates, smallest), sections={"limits": _section(sizes)})


def _goals(rates: str | None, smallest: Size | None, *, why: str = "") -> list[Goal]:
    measured = None if rates is None else 1.0
    held = f"{smallest.processors:g} vCPU" if smallest else "none of them"
    return [
        Goal(
            figure="requests/s of the mix at 0.25 / 0.5 / 1 vCPU", at_most="published", measured=measured, limit=None,
            shown=rates or "", why=why,
        ),
        Goal(
            figure=f"the smallest that holds {PER_DAY // 1000} K requests/day", at_most="the cost table's", measured=measured,
            limit=1.0 if smallest else 0.0, shown=held, why=why,
        ),
    ]  # fmt: skip


def _section(sizes: list[Size]) -> str:
    peak = make_table(PEAK_HEAD, (size.peak_row() for size in sizes), texts=0)
    memory = max(size.memory for size in sizes)
    return (
        make_table(HEAD, (size.row() for size in sizes), texts=0)
        + f"\nThe mix at {PEAK_RATE:.1f} requests a second at random moments, which is {PEAK} times the mean of {PER_DAY:,} a day:\n\n"
        + peak
        + f"\nMemory of all the shop's processes at the end: at most {memory:.0f} MB (PSS), with one worker.\n"
    )

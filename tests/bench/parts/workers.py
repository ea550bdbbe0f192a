"""Does a second worker make requests dearer? The same calls to a shop of one worker and to one of two, in turn."""

from tests.bench.parts.base import Bench, median_ratio
from tests.bench.parts.cold import seconds_to
from tests.bench.report import Findings, Goal, make_table

ONE, TWO = "one worker", "two workers"
TARGETS = ("product by id", "product page (20)", "order")
ROUNDS, SECONDS, CONNECTIONS = 4, 0.8, 32
LIMIT = 1.1


def measure(bench: Bench) -> Findings:
    """Measure both in interleaved rounds."""
    targets = [bench.target(name) for name in TARGETS]
    with bench.stage.beside(ONE, workers=1) as one, bench.stage.beside(TWO, workers=2) as two:
        for service in (one, two):
            seconds_to("/health/ready", service=service)
            for target in targets:
                bench.warm(target, service=service.name)
        for _ in range(bench.times(ROUNDS)):
            for target in targets:
                for service in (one, two):
                    bench.measure(target, service=service.name, connections=CONNECTIONS, seconds=SECONDS)
    rows, goals = [], []
    for name in TARGETS:
        alone, both = (bench.results.of(name, service, CONNECTIONS) for service in (ONE, TWO))
        ratio = median_ratio(zip(both.cpu_ms, alone.cpu_ms, strict=True))
        rows.append(
            [
                name,
                *(f"{value:.2f}" for value in (alone.cpu, both.cpu, ratio)),
                f"{alone.rate:.0f}",
                f"{both.rate:.0f}",
            ]
        )
        goals.append(
            Goal(figure=f"{name}: CPU at 2 workers ÷ at 1", at_most=f"≤ {LIMIT}", measured=ratio, limit=LIMIT)
        )
    head = ("target", "1 worker: CPU-ms/request", "2 workers", "2 ÷ 1", "1 worker: requests/s", "2 workers")
    return Findings(goals=goals, sections={"workers": make_table(head, rows)})

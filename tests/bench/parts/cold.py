"""How long a start takes until the shop is ready, and whether the first request after it is slower than the tenth."""

import http.client
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.bench.measure import load
from tests.bench.parts.base import Bench
from tests.bench.processes import Service
from tests.bench.report import Findings, Goal, make_table

STARTS = 3
FRESH = 5  # starts for each kind of first request
ASKED = 10
LIMIT_SECONDS = 3.0
NOISE = 1.1
"""Two requests of some milliseconds each, on a machine with other work, differ by so much for no reason of theirs."""


def seconds_to(path: str, *, service: Service) -> float:
    """Return how many seconds after its start a service answers 200 there.

    Raises:
        RuntimeError: it did not in a minute.
    """
    while (waited := time.monotonic() - service.began) < 60:
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return time.monotonic() - service.began
        except (OSError, http.client.HTTPException):  # nobody listens yet
            pass
        finally:
            connection.close()
        time.sleep(0.01)
    raise RuntimeError(f"{service.name} was not ready after {waited:.0f} s; its log: {service.log}")


def _starts(bench: Bench, *, workers: int) -> tuple[list[float], list[float]]:
    """Return the seconds to /health/ready and to /health/live of some starts."""
    found: tuple[list[float], list[float]] = ([], [])
    for number in range(bench.times(STARTS)):
        with (
            bench.stage.beside(f"cold-{workers}-{number}", workers=workers) as service,
            ThreadPoolExecutor(2) as pool,
        ):
            asked = [
                pool.submit(seconds_to, path, service=service) for path in ("/health/ready", "/health/live")
            ]
            for series, future in zip(found, asked, strict=True):
                series.append(future.result())
    return found


def _first_requests(bench: Bench, name: str) -> list[list[float]]:
    """Return the milliseconds of the first requests of one worker, for each of some starts."""
    found = []
    for number in range(bench.times(FRESH)):
        service_name = f"fresh {name} {number}"
        with bench.stage.beside(service_name) as service:
            seconds_to("/health/ready", service=service)
            said = load(
                bench.stage,
                bench.target(name),
                service=service_name,
                connections=1,
                seconds=60,
                results=bench.results,
                most=ASKED,
            )
            found.append(said["milliseconds"])
    return found


def _goals(ready: float, ratio: Callable[[str], float]) -> list[Goal]:
    slower = f"no slower than the tenth (≤ {NOISE} for noise)"
    return [
        Goal(figure="start to the first ready answer", at_most=f"≤ {LIMIT_SECONDS:g} s", measured=ready, unit=" s", limit=LIMIT_SECONDS),
        *(
            Goal(figure=f"first {name} after a start ÷ tenth", at_most=slower, measured=ratio(name), limit=NOISE)
            for name in ("product by id", "order")
        ),
    ]  # fmt: skip


def measure(bench: Bench) -> Findings:
    """Start the shop again and again."""
    counts = sorted({1, bench.stage.workers})
    starts = {workers: _starts(bench, workers=workers) for workers in counts}
    firsts = {name: _first_requests(bench, name) for name in ("product by id", "order")}
    medians = {name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in firsts.items()}  # fmt: skip
    slowest = max(max(ready) for ready, _ in starts.values())
    return Findings(
        goals=_goals(slowest, lambda name: medians[name][0] / medians[name][-1]),
        sections={"cold start": _starts_table(starts) + "\n" + _firsts_table(medians)},
    )


def _starts_table(starts: dict[int, tuple[list[float], list[float]]]) -> str:
    head = ("workers", "starts", "to /health/live, s", "to /health/ready, s", "the slowest")
    rows = [
        [workers, len(ready), *(f"{statistics.median(times):.2f}" for times in (live, ready)), f"{max(ready):.2f}"]
        for workers, (ready, live) in starts.items()
    ]  # fmt: skip
    return make_table(head, rows, texts=0)


def _firsts_table(medians: Mapping[str, Sequence[float]]) -> str:
    head = ("ms after a start", *(f"{number}." for number in range(1, ASKED + 1)))
    return make_table(head, [[name, *(f"{ms:.1f}" for ms in times)] for name, times in medians.items()])

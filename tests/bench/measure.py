"""Rounds: every target at every number of connections, one after the other, again and again, so that noise meets all alike."""

import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.bench.processes import cpu_seconds, memory_mb
from tests.bench.stage import Stage
from tests.bench.targets import Target, order_request

CONNECTIONS = (1, 32, 100)
RAW = ("GetItem", "TransactWriteItems", "INSERT")  # of tests/bench/raw.py


@dataclass
class Sample:
    """One target, of one service, at one number of connections, over all rounds.

    Attributes:
        wrong: answers of another status than the right one, by what they were.
        cpu_ms, store_ms, client_ms: CPU per request, one value a round: of the service's processes; of MariaDB and DynamoDB
            Local; of the program that asks.
    """

    target: str
    service: str
    connections: int
    requests: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    milliseconds: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    store_ms: list[float] = field(default_factory=list)
    client_ms: list[float] = field(default_factory=list)

    @property
    def errors(self) -> int:
        """Answers of another status than the right one, and lost connections."""
        return self.wrong.total()

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    @property
    def cpu(self) -> float:
        """CPU-ms per request of the service: the median of the rounds."""
        return statistics.median(self.cpu_ms)

    @property
    def store(self) -> float:
        """CPU-ms per request of the stores."""
        return statistics.median(self.store_ms)

    @property
    def client(self) -> float:
        """CPU-ms per request of the program that asks."""
        return statistics.median(self.client_ms)

    def percentile(self, percent: float) -> float:
        """Return the milliseconds within which so many percent were answered."""
        return percentile(self.milliseconds, percent)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that so many percent of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


@dataclass
class Results:
    """All samples, and what the oracle needs to know."""

    samples: dict[tuple[str, str, int], Sample] = field(default_factory=dict)
    memory: dict[str, list[float]] = field(default_factory=dict)
    placed: dict[str, int] = field(default_factory=dict)
    stocks: dict[str, int] = field(default_factory=dict)  # of products that had another stock than the rest
    sent: int = 0  # numbered requests so far: no number comes twice

    def of(self, target: str, service: str, connections: int) -> Sample:
        """Return the sample, a new one if need be."""
        key = (target, service, connections)
        return self.samples.setdefault(key, Sample(target, service, connections))


def place_some(stage: Stage, *, token: str, results: Results, orders: int = 100) -> list[int]:
    """Place the orders of a customer with many; return their ids."""
    requests = [order_request(stage.products[:2], token=token, key="many-{n}")]
    target = Target(name="many", requests=requests, status=201, keyed=True)
    said = load_so_often(stage, target, results=results, times=orders)
    return [json.loads(body)["order"]["orderId"] for body in said["bodies"]]


def load_so_often(stage: Stage, target: Target, *, results: Results, times: int) -> dict[str, Any]:
    """Let the client ask the shop so many times, on eight connections; return what it says, with every body."""
    return load(
        stage,
        target,
        service="shop",
        connections=8,
        seconds=60,
        results=results,
        most=times,
        keep=times,
    )


def load(
    stage: Stage,
    target: Target,
    *,
    service: str,
    connections: int,
    seconds: float,
    results: Results,
    **more: Any,
) -> dict[str, Any]:
    """Let the client ask one service for so long; return what it says."""
    order = {
        "port": stage.services[service].port,
        "requests": target.requests,
        "connections": connections,
        "seconds": seconds,
        "keyed": target.keyed,
        "begin": results.sent if target.keyed else 0,
        **more,
    }
    said: dict[str, Any] = stage.client.ask(order)
    if target.keyed:
        results.sent = said["next"]
        results.placed[service] = results.placed.get(service, 0) + said["statuses"].get("201", 0)
    return said


def _add(sample: Sample, said: dict[str, Any], *, right: Collection[int], used: Sequence[float]) -> None:
    count = sum(said["statuses"].values())
    sample.requests += count
    wrong = {code: times for code, times in said["statuses"].items() if code not in map(str, right)}
    sample.wrong += Counter(wrong)
    sample.seconds += said["seconds"]
    sample.milliseconds += said["milliseconds"]
    for series, seconds in zip((sample.cpu_ms, sample.store_ms, sample.client_ms), used, strict=True):
        series.append(seconds * 1000 / max(count, 1))


def run_rounds(
    stage: Stage,
    targets: Sequence[Target],
    *,
    rounds: int,
    seconds: float,
    results: Results,
    connections: Sequence[int] = CONNECTIONS,
) -> None:
    """Measure everything so many times, for so many seconds each; say how far it is."""
    work = [
        (target, service, number)
        for number in connections
        for target in targets
        for service in ("before", *target.services)
        if service in stage.services
    ]
    for target, service, number in work:  # compilers, pools and caches of all that takes part
        if number == max(connections):
            load(
                stage,
                target,
                service=service,
                connections=16,
                seconds=min(0.5, seconds),
                results=results,
            )
    done, whole, began = 0, rounds * (len(work) + len(RAW)), time.monotonic()
    for _ in range(rounds):
        for target, service, number in work:
            longer = target.longer if (service, number) == ("shop", 1) else 1
            once(
                stage, target, service=service, connections=number, seconds=seconds * longer, results=results
            )
            done += 1
            progress(done, whole, began, f"{target.name}, {service}, {number}")
        for operation in RAW:
            _raw(stage, operation, seconds=seconds, results=results)
            done += 1
            progress(done, whole, began, operation)
    print(file=sys.stderr)
    for name, running in stage.services.items():
        results.memory[name] = [memory_mb(pid) for pid in running.workers]


def once(
    stage: Stage,
    target: Target,
    *,
    service: str,
    connections: int,
    seconds: float,
    results: Results,
    **more: Any,
) -> dict[str, Any]:
    """Measure one target of one service once, into its sample; return what the client says.

    Args:
        stage, target, results: what there is.
        service: its name on the stage.
        connections, seconds: for :func:`load`, as are ``more``.
    """
    groups = [stage.services[service].pids, [*stage.mariadb, *stage.dynamodb], [stage.client.pid]]
    before = [cpu_seconds(group) for group in groups]
    said = load(
        stage, target, service=service, connections=connections, seconds=seconds, results=results, **more
    )
    used = [cpu_seconds(group) - was for group, was in zip(groups, before, strict=True)]
    sample = results.of(target.name, service, connections)
    _add(sample, said, right=(target.status, *target.also), used=used)
    return said


def _raw(stage: Stage, operation: str, *, seconds: float, results: Results) -> None:
    stores = [*stage.mariadb, *stage.dynamodb]
    before = cpu_seconds(stores)
    said = stage.raw.ask([operation, seconds])
    used = [said["cpu"], cpu_seconds(stores) - before, 0.0]
    _add(results.of(operation, "raw", 1), said, right=(200,), used=used)


def progress(done: int, whole: int, began: float, what: str) -> None:
    """Show a bar on a terminal, and a line now and then elsewhere."""
    left = (time.monotonic() - began) / done * (whole - done)
    bar = "#" * (30 * done // whole)
    line = f"[{bar:<30}] {done}/{whole}, {left:.0f} s left: {what}"
    if sys.stderr.isatty():
        print(f"\r{line:<100}"[:101], end="", file=sys.stderr, flush=True)
    elif done == whole or done % max(1, whole // 10) == 0:
        print(line, file=sys.stderr, flush=True)

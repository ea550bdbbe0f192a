"""Orders beside each other: settled in the request, and handed to a worker by the queue until they are PROCESSING."""

import json
import statistics
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from orders.models import Order
from orders.states import OrderStatus
from tests.bench import measure as rounds
from tests.bench.parts.base import Bench
from tests.bench.parts.cold import seconds_to
from tests.bench.processes import children, command_of, cpu_seconds
from tests.bench.report import Findings, Goal, make_table

SYNC, ASYNC = "shop", "async"
CROWD = 100
ALONE_SECONDS, CROWD_ORDERS, PACED_SECONDS = 3.0, 200, 6.0
LIMIT_MS = 500.0
HEAD = (
    "mode", "connections", "arrivals/s", "orders", "mean ms", "p50 ms", "p99 ms", "mean ms to the answer", "errors",
    "CPU-ms/order of the shop", "of SQS's stand-in",
)  # fmt: skip
WORDS = {SYNC: "synchronous, to the answer", ASYNC: "asynchronous, until PROCESSING"}


@dataclass(frozen=True, kw_only=True)
class Course:
    """How orders fared at one number of connections and one pace.

    Attributes:
        mode: :data:`SYNC` or :data:`ASYNC`.
        rate: arrivals a second; 0 where each connection sends its next order as soon as it has an answer.
        answered: milliseconds to the answers; settled: until the orders were PROCESSING.
        wrong: answers that were no 201, and orders that were not PROCESSING at last, by what they were.
        seconds: from the first order to the end of the last.
        cpu, queue_cpu: CPU-ms per order of web and worker, and of the stand-in for SQS.
    """

    mode: str
    connections: int
    rate: float
    answered: list[float]
    settled: list[float]
    wrong: Counter[str]
    seconds: float
    cpu: float
    queue_cpu: float

    @property
    def mean(self) -> float:
        """Milliseconds."""
        return statistics.mean(self.settled)

    @property
    def capacity(self) -> float:
        """Orders a second that were settled."""
        return len(self.settled) / self.seconds

    def row(self) -> list[object]:
        """Return it as a row."""
        percentiles = [rounds.percentile(self.settled, percent) for percent in (50, 99)]
        pace = f"{self.rate:.0f}" if self.rate else "as they can"
        return [
            WORDS[self.mode], self.connections, pace, len(self.settled), f"{self.mean:.0f}", *(f"{ms:.0f}" for ms in percentiles),
            f"{statistics.mean(self.answered):.0f}", self.wrong.total(), f"{self.cpu:.1f}", f"{self.queue_cpu:.1f}",
        ]  # fmt: skip


def _stand_in() -> list[int]:
    return [pid for pid in children() if "ministack" in command_of(pid)]


def _course(
    bench: Bench, *, mode: str, pids: Callable[[], list[int]], connections: int, seconds: float, rate: float = 0.0, most: int = 10**6
) -> Course:  # fmt: skip
    groups = (pids(), _stand_in())
    before = [cpu_seconds(group) for group in groups]
    said = rounds.load(
        bench.stage, bench.target("order"), service=mode, connections=connections, seconds=seconds * bench.share,
        results=bench.results, rate=rate, most=most, keep=10**6,
    )  # fmt: skip
    began = time.time() - said["seconds"]
    unsettled = bench.settle()
    placed = len(said["bodies"])
    cpu, queue_cpu = (
        (cpu_seconds(group) - was) * 1000 / placed for group, was in zip(groups, before, strict=True)
    )
    took, ends = _until_processing(said)
    wrong = _refusals(said) + _not_processing(said) + Counter(unsettled)
    return Course(
        mode=mode, connections=connections, rate=rate, answered=said["milliseconds"],
        settled=took if mode == ASYNC else said["milliseconds"],
        wrong=wrong,
        seconds=max(ends, default=began) - began if mode == ASYNC else said["seconds"], cpu=cpu, queue_cpu=queue_cpu,
    )  # fmt: skip


def _ids(said: dict[str, Any]) -> list[int]:
    """Return the ids of the orders in the answers; 0 where there is none."""
    return [json.loads(body).get("order", {}).get("orderId", 0) for body in said["bodies"]]


def _refusals(said: dict[str, Any]) -> Counter[str]:
    """Return the answers that were no orders, by status and what the last of them said."""
    bodies = [body for body in said["bodies"] if '"orderId"' not in body]
    words = f": {bodies[-1][:300]}" if bodies else ""
    return Counter(
        {f"{status}{words}": count for status, count in said["statuses"].items() if status != "201"}
    )


def _not_processing(said: dict[str, Any]) -> Counter[str]:
    """Return what orders have become instead."""
    others = Order.objects.filter(pk__in=_ids(said)).exclude(status=OrderStatus.PROCESSING)
    return Counter(" ".join(words) for words in others.values_list("status", "step", "cancel_reason"))


def _until_processing(said: dict[str, Any]) -> tuple[list[float], list[float]]:
    """Return how many milliseconds after it was sent each order was PROCESSING, and when that was.

    The moment is the one that the order itself keeps: nobody polls, which would cost the very CPU that is measured. It is the
    beginning of the last commit, some milliseconds before others can see it.
    """
    sent = dict(zip(_ids(said), said["sent"], strict=False))
    settled = Order.objects.filter(pk__in=sent, status=OrderStatus.PROCESSING, settled_at__isnull=False)
    moments = settled.values_list("pk", "settled_at")
    ends = {number: moment.timestamp() for number, moment in moments if moment}
    return [(end - sent[number]) * 1000 for number, end in ends.items()], list(ends.values())


def _mode(bench: Bench, *, mode: str, pids: Callable[[], list[int]]) -> list[Course]:
    bench.warm(bench.target("order"), service=mode)
    bench.settle()
    alone = _course(bench, mode=mode, pids=pids, connections=1, seconds=ALONE_SECONDS)
    crowd = _course(
        bench, mode=mode, pids=pids, connections=CROWD, seconds=60 / bench.share, most=bench.times(CROWD_ORDERS)
    )  # fmt: skip
    half = crowd.capacity / 2
    paced = _course(bench, mode=mode, pids=pids, connections=CROWD, seconds=PACED_SECONDS, rate=half)
    return [alone, paced, crowd]


def measure(bench: Bench) -> Findings:
    """Place orders in both modes, alone, at half of what the machine can do, and by a hundred that never pause."""
    stage = bench.stage
    courses = _mode(bench, mode=SYNC, pids=lambda: stage.services[SYNC].pids)
    settings = {"ORDER_PROCESSING": "async", "ORDER_QUEUE_URL": stage.servers.queue_url}
    with (
        stage.beside(ASYNC, workers=stage.workers, settings=settings) as web,
        stage.background("async-background", settings=settings) as worker,
    ):
        seconds_to("/health/ready", service=web)
        courses += _mode(bench, mode=ASYNC, pids=lambda: [*web.pids, worker.process.pid])
    by = {(course.mode, bool(course.rate)): course for course in courses if course.connections == CROWD}
    return Findings(
        goals=[
            Goal(figure="order, 100 connections at half of the capacity: mean", at_most="≤ 200 ms", measured=by[SYNC, True].mean, unit=" ms", limit=200.0),
            Goal(figure="order, asynchronous, 100 connections until PROCESSING: mean", at_most=f"≤ {LIMIT_MS:g} ms", measured=by[ASYNC, False].mean, unit=" ms", limit=LIMIT_MS),
            Goal(figure="the same at half of the capacity", at_most=f"≤ {LIMIT_MS:g} ms", measured=by[ASYNC, True].mean, unit=" ms", limit=LIMIT_MS),
        ],
        sections={"asynchronous": make_table(HEAD, (course.row() for course in courses))},
        faults=[f"{course.mode}, {course.connections} connections: {dict(course.wrong)}" for course in courses if course.wrong],
    )  # fmt: skip

"""Figures for CloudWatch in the embedded metric format: each is part of one JSON line on stdout. No agent, no call.

:data:`METRICS` is the list of all there are; nothing else can be written. Only with ``LOG_FORMAT=json``: people at a
console get none. What each series costs, and which alarms watch it: docs/observability.md.

Source: CloudWatch embedded metric format specification.
"""

import sys
import time
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from django.conf import settings
from structlog.contextvars import get_contextvars

Unit = Literal["Count", "Milliseconds", "Seconds"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric.

    Attributes:
        name: in CamelCase, as CloudWatch's own.
        unit: of the values.
        statistic: the one that dashboards and alarms look at.
        dimension: what is told apart; empty for none. There is never more than one: each value is a series to pay for.
        values: what that dimension may be, for people.
        meaning: in one sentence.
    """

    name: str
    unit: Unit
    statistic: Literal["Sum", "Maximum", "p99"]
    dimension: str = ""
    values: str = ""
    meaning: str


REQUESTS = Metric(
    name="Requests",
    unit="Count",
    statistic="Sum",
    dimension="StatusClass",
    values="2xx, 3xx, 4xx, 5xx",
    meaning="Requests answered.",
)
REQUEST_MILLISECONDS = Metric(
    name="RequestMilliseconds",
    unit="Milliseconds",
    statistic="p99",
    dimension="Route",
    values="method and path template, such as `POST /orders`; `other` for unknown paths",
    meaning="From the request's arrival in the application to its answer.",
)
REQUESTS_THROTTLED = Metric(
    name="RequestsThrottled",
    unit="Count",
    statistic="Sum",
    meaning="Requests answered with 429.",
)
TOKENS_REFUSED = Metric(
    name="TokensRefused",
    unit="Count",
    statistic="Sum",
    meaning="Access tokens that were no valid ones of this shop; the log tells why.",
)
ORDERS_SETTLED = Metric(
    name="OrdersSettled",
    unit="Count",
    statistic="Sum",
    dimension="Outcome",
    values="`processing`, or the reason of a cancellation",
    meaning="Orders that reached an end; a paid one that is cancelled later counts for both.",
)
STEP_MILLISECONDS = Metric(
    name="StepMilliseconds",
    unit="Milliseconds",
    statistic="p99",
    dimension="Step",
    values="`CREATED` (reserve), `CHARGING`, `ABORT` (void, release), `ABORT_UNCHARGED` (release)",
    meaning="One try of one step of the saga, whatever came of it.",
)
DYNAMODB_RETRIES = Metric(
    name="DynamoDbRetries",
    unit="Count",
    statistic="Sum",
    dimension="Cause",
    values="`conflict` (two sales of one product), `throttled`, `unanswered`",
    meaning="Calls of DynamoDB that were made again.",
)
PAYMENT_BREAKER_OPEN = Metric(
    name="PaymentBreakerOpen",
    unit="Count",
    statistic="Maximum",
    meaning="1 while a process does not ask the payment provider, because it was silent.",
)
OPEN_ORDERS = Metric(
    name="OpenOrders", unit="Count", statistic="Maximum", meaning="Orders that are not settled."
)
OLDEST_OPEN_ORDER_SECONDS = Metric(
    name="OldestOpenOrderSeconds",
    unit="Seconds",
    statistic="Maximum",
    meaning="Since when the oldest of them waits: from its placing, or from its late cancellation; 0 without any.",
)
QUEUE_MESSAGES = Metric(
    name="QueueMessages",
    unit="Count",
    statistic="Maximum",
    meaning="Messages on the queue of orders, waiting and in hand. (Its age: AWS's own `ApproximateAgeOfOldestMessage`.)",
)
DEAD_LETTERS = Metric(
    name="DeadLetters", unit="Count", statistic="Maximum", meaning="Messages that a person must look at."
)
INVARIANT_VIOLATIONS = Metric(
    name="InvariantViolations",
    unit="Count",
    statistic="Maximum",
    meaning="Promises that do not hold between MySQL, DynamoDB and the payment provider.",
)
ORDERS_VERIFIED = Metric(
    name="OrdersVerified",
    unit="Count",
    statistic="Maximum",
    meaning="Orders that the last verification read.",
)
LOOP_CRASHES = Metric(
    name="LoopCrashes",
    unit="Count",
    statistic="Sum",
    meaning="Loops of the background process that failed and were begun again; the log tells which and why.",
)

METRICS: tuple[Metric, ...] = (
    REQUESTS,
    REQUEST_MILLISECONDS,
    REQUESTS_THROTTLED,
    TOKENS_REFUSED,
    ORDERS_SETTLED,
    STEP_MILLISECONDS,
    DYNAMODB_RETRIES,
    PAYMENT_BREAKER_OPEN,
    OPEN_ORDERS,
    OLDEST_OPEN_ORDER_SECONDS,
    QUEUE_MESSAGES,
    DEAD_LETTERS,
    INVARIANT_VIOLATIONS,
    ORDERS_VERIFIED,
    LOOP_CRASHES,
)


@dataclass(frozen=True)
class Measurement:
    """A value of a metric.

    Attributes:
        metric: of what.
        value: in the metric's unit.
        kind: the value of its dimension; empty if it has none.
    """

    metric: Metric
    value: float
    kind: str = ""


def emit(metric: Metric, value: float, *, kind: str = "") -> None:
    """Write one value, with the ids of the request or order that it belongs to.

    Args:
        metric: one of :data:`METRICS`.
        value: in its unit.
        kind: the value of its dimension, of few possible ones; empty if it has none.
    """
    # Not through the logger: LOG_LEVEL is no business of figures, and they are never masked.
    if members := embedded(Measurement(metric, value, kind)):
        line = orjson.dumps({**get_contextvars(), **members}, default=str) + b"\n"
        sys.stdout.write(line.decode())
        sys.stdout.flush()


def embedded(*measurements: Measurement) -> dict[str, Any]:
    """Return the members that make a JSON log line carry these values; none where figures are not wanted."""
    if settings.LOG_FORMAT != "json":
        return {}
    members: dict[str, Any] = {}
    directives = []
    for measurement in measurements:
        metric = measurement.metric
        if bool(metric.dimension) != bool(measurement.kind):
            raise AssertionError(
                f"{metric.name} and its dimension {metric.dimension!r}: {measurement.kind!r}"
            )
        by_kind = bool(metric.dimension) and (metric is not REQUEST_MILLISECONDS or settings.METRICS_BY_ROUTE)
        directives.append(
            {
                "Namespace": settings.METRICS_NAMESPACE,
                "Dimensions": [[metric.dimension] if by_kind else []],
                "Metrics": [{"Name": metric.name, "Unit": metric.unit}],
            }
        )
        members[metric.name] = measurement.value
        if metric.dimension:
            members[metric.dimension] = measurement.kind
    return {
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": directives},
        **members,
    }

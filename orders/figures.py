"""Figures about all orders at once, for metrics and staff: what is open, what is queued, what does not add up.

Of orders, stock and money it reads only. What the background process found last it keeps in one row for each kind, which
is its heartbeat for every other task.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from django.db.models import Case, Count, F, Min, QuerySet, When

from orders import invariants, queue
from orders.models import BackgroundReport, Order, database_now
from orders.payments.breaker import BreakerGateway
from orders.states import OrderStatus, Step
from shop import metrics

log = structlog.get_logger("orders.figures")

STATE, DRIFT = "state", "drift"
"""The kinds of reports."""
VIOLATIONS_KEPT = 20  # of one verification; the log has all


# A paid order that is being cancelled late waits since then, not since it was placed.
WAITS_SINCE = Case(
    When(status=OrderStatus.PROCESSING, then=F("cancel_requested_at")), default=F("created_at")
)


@dataclass(frozen=True)
class OpenOrders:
    """The orders that are not settled.

    Attributes:
        count: how many.
        oldest_seconds: since when the oldest of them waits; 0 without any.
    """

    count: int
    oldest_seconds: float


def open_orders() -> OpenOrders:
    """Count the open orders: one query, over the index of leases, which holds a time for open orders alone."""
    found = _open().aggregate(count=Count("pk"), oldest=Min(WAITS_SINCE))
    if not found["count"]:
        return OpenOrders(0, 0.0)
    return OpenOrders(found["count"], max((database_now() - found["oldest"]).total_seconds(), 0.0))


def oldest_open_order() -> Order | None:
    """Return the order that has waited longest to be settled, with ``waits_since``."""
    return _open().annotate(waits_since=WAITS_SINCE).order_by("waits_since").first()


def _open() -> QuerySet[Order]:
    # The index of leases holds a time for open orders alone.
    return Order.objects.filter(lease_until__isnull=False).exclude(step=Step.DONE)


def report_state(gateway: BreakerGateway) -> None:
    """Write how many orders are open and since when, how the queue stands, and whether the provider is asked."""
    _keep(STATE, breaker=gateway.state, version=settings.VERSION)
    metrics.emit(metrics.PAYMENT_BREAKER_OPEN, float(not gateway.asks))
    found = open_orders()
    metrics.emit(metrics.OPEN_ORDERS, found.count)
    metrics.emit(metrics.OLDEST_OPEN_ORDER_SECONDS, round(found.oldest_seconds, 3))
    if settings.ORDER_QUEUE_URL:
        try:
            depth = queue.depth()
        except queue.QueueUnavailable as error:
            log.warning("the queue does not answer", cause=repr(error))
            return
        metrics.emit(metrics.QUEUE_MESSAGES, depth.messages)
        metrics.emit(metrics.DEAD_LETTERS, depth.dead_letters)


def report_drift(gateway: BreakerGateway) -> None:
    """Verify the promises and write how many do not hold: about all orders, or the newest ``VERIFY_MAX_ORDERS``."""
    most: int = settings.VERIFY_MAX_ORDERS
    # Counts no further than that.
    too_many = Order.objects.order_by("pk").values("pk")[: most + 1].count() > most
    report = invariants.verify(gateway=gateway, newest=most if too_many else None)
    for violation in report.violations:
        log.error("a promise is broken", violation=str(violation))
    report_verified(report)


def report_verified(report: invariants.Report) -> None:
    """Write and keep what a verification found."""
    violations = [str(violation) for violation in report.violations]
    metrics.emit(metrics.INVARIANT_VIOLATIONS, len(violations))
    metrics.emit(metrics.ORDERS_VERIFIED, report.orders)
    _keep(DRIFT, violations=len(violations), orders=report.orders, first=violations[:VIOLATIONS_KEPT])


def last_reports() -> Mapping[str, BackgroundReport]:
    """Return the last report of each kind that there was."""
    return BackgroundReport.objects.in_bulk()


def _keep(kind: str, **detail: Any) -> None:
    BackgroundReport.objects.update_or_create(
        kind=kind, defaults={"reported_at": database_now(), "detail": detail}
    )

"""Figures about all orders at once, for the metrics: what is open, what is queued, what does not add up. Reads only."""

from dataclasses import dataclass

import structlog
from django.conf import settings
from django.db.models import Case, Count, F, Min, When

from orders import invariants, queue
from orders.models import Order, database_now
from orders.payments.breaker import BreakerGateway
from orders.states import OrderStatus, Step
from shop import metrics

log = structlog.get_logger("orders.figures")


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
    # A paid order that is being cancelled late waits since then, not since it was placed.
    waits_since = Case(
        When(status=OrderStatus.PROCESSING, then=F("cancel_requested_at")), default=F("created_at")
    )
    found = (
        Order.objects.filter(lease_until__isnull=False)
        .exclude(step=Step.DONE)
        .aggregate(count=Count("pk"), oldest=Min(waits_since))
    )
    if not found["count"]:
        return OpenOrders(0, 0.0)
    return OpenOrders(found["count"], max((database_now() - found["oldest"]).total_seconds(), 0.0))


def report_state(gateway: BreakerGateway) -> None:
    """Write how many orders are open and since when, how the queue stands, and whether the provider is asked."""
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
    metrics.emit(metrics.INVARIANT_VIOLATIONS, len(report.violations))
    metrics.emit(metrics.ORDERS_VERIFIED, report.orders)

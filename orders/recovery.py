"""Settling what was left open: finds unsettled orders by the table, never by a queue, and advances each.

Any number of these may run, beside the requests: an order is taken by a compare-and-set on its lease.
"""

from collections.abc import Iterator
from datetime import datetime

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from structlog.contextvars import bound_contextvars

from orders import record, saga
from orders.models import Order, database_now
from orders.payments.gateway import PaymentGateway
from orders.states import Step
from shop import traces
from shop.deadline import Deadline
from shop.failpoints import failpoint

log = structlog.get_logger("orders.recovery")


def due_orders() -> QuerySet[Order]:
    """Return the orders that are open and in nobody's hands, the longest waiting first. Takes none."""
    return Order.objects.filter(lease_until__lte=Now()).exclude(step=Step.DONE).order_by("lease_until")


def take_due_order(*, since: datetime) -> Order | None:
    """Take the order that has waited longest, for one lease's time.

    Args:
        since: only orders that were due by then; what became due later is another round's.

    Returns:
        The order, or None if there is none to take.
    """
    with transaction.atomic(durable=True):
        due = due_orders().filter(lease_until__lte=since)
        # Correct without it, because claiming is a compare-and-set; with it, nobody waits in line.
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)
        order = due.first()
        # Without row locks (SQLite) two may have seen it; the compare-and-set lets one of them have it.
        return order if order is not None and record.claim(order) else None


def settle_due_orders(*, gateway: PaymentGateway) -> Iterator[Order]:
    """Take and advance each order that is due now, once; yield it as it is afterwards, settled or not."""
    began = database_now()
    while (order := take_due_order(since=began)) is not None:
        with (
            bound_contextvars(request_id=order.request_id, order_id=order.pk),
            traces.span("reconcile order"),
        ):
            failpoint("after_claim")
            yield _settle(order, gateway=gateway)


def _settle(order: Order, *, gateway: PaymentGateway) -> Order:
    lease = order.lease_until
    try:
        return saga.advance_until_settled(
            order, gateway=gateway, deadline=Deadline(settings.ORDER_BUDGET_SECONDS)
        )
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        # A bug, met by one order: the others must not wait for it.
        log.exception("an order could not be advanced", order_id=order.pk, step=order.step)
        record.back_off(order, lease=lease)
        return Order.objects.get(pk=order.pk)

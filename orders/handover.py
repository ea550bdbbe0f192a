"""How a new order passes from the request that recorded it to a worker, in asynchronous mode.

The order is recorded under its first lease as ever, so that the reconciler does not take every new order at once.
That lease is nobody's: the request will not use it. So whoever holds the order's message may take it over, by a
compare-and-set on the very lease that was seen; of a message and its duplicate one gets the order. A lease that
somebody took later is respected. If no message could be sent, the lease is ended, and the reconciler has the order
within one of its rounds.
"""

from datetime import timedelta

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError

from orders import queue
from orders.models import Order, database_now
from orders.states import Step
from shop.deadline import Deadline
from shop.failpoints import failpoint

log = structlog.get_logger("orders.handover")


def offer(order: Order, *, deadline: Deadline) -> None:
    """Tell the workers of a new order, in one try; where that fails, leave the order to the reconciler.

    Never raises: the order is durable and is settled from the table, whatever happens here.
    """
    if deadline.remaining() >= queue.SEND_SECONDS:
        try:
            failpoint("before_send")
            queue.send(order.uid)
            failpoint("after_send")
        except queue.QueueUnavailable as error:
            log.warning("an order's message was not sent", order_id=order.pk, cause=repr(error))
        else:
            return
    try:
        # Unless a worker has it already: an unanswered message may have arrived.
        Order.objects.filter(pk=order.pk, lease_until=order.lease_until).update(lease_until=database_now())
    except (OperationalError, InterfaceError) as error:
        log.warning("the first lease ends by itself", order_id=order.pk, cause=repr(error))


def take(order: Order) -> bool:
    """Take an open order for one lease's time: one that is in nobody's hands, or still under its first lease.

    Args:
        order: as just read.

    Returns:
        Whether it is ours. False: somebody is at work on it, or has done it.
    """
    now = database_now()
    if order.lease_until is None or (order.lease_until > now and not _is_first_lease(order)):
        return False
    as_seen = Order.objects.filter(pk=order.pk, lease_until=order.lease_until).exclude(step=Step.DONE)
    lease = now + timedelta(seconds=settings.ORDER_LEASE_SECONDS)
    if not as_seen.update(lease_until=lease):
        return False
    order.lease_until = lease
    return True


def _is_first_lease(order: Order) -> bool:
    """Tell whether nobody has taken the order yet: both times were written from one reading of the clock."""
    if order.lease_until is None:
        return False
    return order.lease_until - order.created_at == timedelta(seconds=settings.ORDER_LEASE_SECONDS)

"""The order saga: place, advance, cancel. One function, ``advance``, drives an order a step further from any state.

The rules that carry the proof: each decision is committed before the outside call that it authorises; every
outside effect is keyed by the order's UUID and may be repeated; only a "no" cancels, silence leaves the order
PENDING; CANCELLED is written last. See docs/saga.md.
"""

import time
from collections.abc import Callable, Mapping
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from orders import handover, keys, limits, record
from orders.errors import (
    IdempotencyKeyReused,
    OrderNotCancellable,
    PaymentMethodRequired,
    PaymentUnavailable,
    RequestInProgress,
)
from orders.keys import Key
from orders.models import Order, database_now
from orders.payments.gateway import PaymentDeclined, PaymentGateway, PaymentOutcomeUnknown
from orders.quote import Wish, key_of, priced
from orders.record import KeyTaken, Note
from orders.states import CancelReason, OrderStatus, Step
from products import inventory
from products.errors import CatalogueUnavailable, OutOfStock, ReservationReleased
from shop import metrics
from shop.deadline import Deadline
from shop.errors import FieldError, TooManyRequestsError
from shop.failpoints import failpoint

log = structlog.get_logger("orders.saga")

PAYMENT_SECONDS = 5.0  # the longest that the provider may take
MIN_PAYMENT_SECONDS = 1.0  # with less time left, it is not asked
SETTLE_SECONDS = 1.0  # kept back for the commit that follows the provider's answer


class OutOfTime(Exception):
    """The request's time is nearly over; what is left of the saga is somebody else's."""


def place_order(
    wish: Wish, *, idempotency_key: str | None, gateway: PaymentGateway, deadline: Deadline
) -> tuple[Order, bool]:
    """Record an order and drive it as far as the time allows.

    Returns:
        The order, durable: PROCESSING, CANCELLED, or PENDING if a system did not answer (it settles by itself);
        and whether it is a repeat, answered from an earlier request with the same key.

    Raises:
        UnknownProduct, PriceChanged, PaymentMethodRequired: nothing was recorded.
        TooManyRequestsError: nothing was recorded; too many orders, or too many of them declined.
        CatalogueUnavailable, LimitsUnavailable, PaymentUnavailable: nothing was recorded; try again.
        IdempotencyKeyReused, RequestInProgress: nothing was recorded by this request.
    """
    key = key_of(wish, idempotency_key=idempotency_key)
    if key and (replayed := _replay(key, gateway=gateway, deadline=deadline)):
        return replayed, True
    new = priced(wish, deadline=deadline)
    try:
        with limits.one_order(new.user_id, deadline=deadline):
            # Last: while it is being tried out, one sound order is let through.
            _ask_the_gateway(wish, gateway)
            order = record.record(new, key=key)
    except (KeyTaken, TooManyRequestsError):  # a twin with the same key may have been faster
        if key and (replayed := _replay(key, gateway=gateway, deadline=deadline)):
            return replayed, True
        raise
    if settings.ORDER_PROCESSING == "async":
        handover.offer(order, deadline=deadline)
    else:
        advance_until_settled(order, gateway=gateway, deadline=deadline)
    if key and order.step != Step.DONE:
        _quietly(lambda: keys.mark_answered(key))
    return order, False


def advance_until_settled(
    order: Order, *, gateway: PaymentGateway, deadline: Deadline, holds_lease: bool = True
) -> Order:
    """Advance an order until it is settled, a system does not answer, or the time is over.

    Args:
        order: as just read, or taken.
        gateway: the payment provider.
        deadline: when the time is over.
        holds_lease: whether ``order.lease_until`` is ours. Then, if the order stays open, its next try is put off;
            a lease of somebody else is left alone.

    Returns:
        The order as last read: settled, or due for another try.
    """
    lease = order.lease_until
    try:
        while order.step != Step.DONE and deadline.remaining() > 0:
            advance(order, gateway=gateway, deadline=deadline)
    except (CatalogueUnavailable, PaymentOutcomeUnknown, OutOfTime) as error:
        log.warning("an order stays open for now", order_id=order.pk, step=order.step, cause=repr(error))
    except (OperationalError, InterfaceError) as error:
        log.warning("the database fell silent", order_id=order.pk, step=order.step, cause=repr(error))
        connection.close()  # it may be broken; what follows gets a new one
    if order.step != Step.DONE and holds_lease:
        _quietly(lambda: record.back_off(order, lease=lease))
    return order


def advance(order: Order, *, gateway: PaymentGateway, deadline: Deadline) -> None:
    """Drive an order one step further, from whatever state it is in; harmless to repeat and to run in parallel.

    Afterwards ``order`` is as it stands now. A lost compare-and-set is no error: somebody else has moved it.

    Raises:
        CatalogueUnavailable, PaymentOutcomeUnknown: no answer; the order is as it was.
        OutOfTime: too little time is left to begin.
    """
    began, step = time.perf_counter(), Step(order.step)
    try:
        _STEPS[step](order, gateway, deadline)
    finally:
        milliseconds = round((time.perf_counter() - began) * 1000, 1)
        metrics.emit(metrics.STEP_MILLISECONDS, milliseconds, kind=step.value)


def cancel_order(
    order: Order,
    *,
    reason: CancelReason,
    gateway: PaymentGateway,
    deadline: Deadline,
    note: Note | None = None,
) -> Order:
    """Cancel an order: at once while PENDING; while PROCESSING and young (or with staff's ``note``), refund and restock.

    Returns:
        The order: CANCELLED, or (time was over) one that can only end so. Cancelling twice changes nothing.

    Raises:
        OrderNotCancellable: it was paid too long ago, or was shipped.
    """
    if order.status == OrderStatus.PENDING:
        record.request_cancel(order, reason=reason, note=note)
        order = Order.objects.get(pk=order.pk)
    begun = False
    if order.status == OrderStatus.PROCESSING and order.step == Step.DONE:
        begun = record.begin_late_cancel(order, reason=reason, note=note)
        order = Order.objects.get(pk=order.pk)
        if not begun and order.status == OrderStatus.PROCESSING and order.step == Step.DONE:
            raise OrderNotCancellable(
                "This order was paid too long ago, or was shipped; ask the shop for a return."
            )
    return advance_until_settled(order, gateway=gateway, deadline=deadline, holds_lease=begun)


def _ask_the_gateway(wish: Wish, gateway: PaymentGateway) -> None:
    """Refuse, before anything is saved, an order that cannot be charged; the provider itself is not called."""
    if gateway.needs_payment_method and not wish.payment_method:
        message = "This shop charges cards: send the payment provider's name for one."
        missing = FieldError(field="/paymentMethod", code="required", message=message)
        raise PaymentMethodRequired(message, errors=[missing])
    if settings.ORDER_PROCESSING == "sync" and not gateway.available():
        raise PaymentUnavailable("The payment provider does not answer just now; nothing was saved.")


# ---- the steps ---------------------------------------------------------------------------------------------


def _reserve(order: Order, _gateway: PaymentGateway, deadline: Deadline) -> None:
    if reason := _reason_to_stop(order):
        record.decide(order, to=Step.ABORT_UNCHARGED, kind="aborting", reason=reason)
        return
    failpoint("before_reserve")
    try:
        inventory.reserve(str(order.uid), quantities=order.quantities, deadline=deadline)
        failpoint("after_reserve")
    except OutOfStock:
        record.decide(order, to=Step.ABORT_UNCHARGED, kind="aborting", reason=CancelReason.OUT_OF_STOCK)
    except ReservationReleased:
        # Who released it decided to abort, and this is lost; or gave units back by hand: it cannot be filled.
        record.decide(order, to=Step.ABORT_UNCHARGED, kind="aborting", reason=CancelReason.TIMED_OUT)
    else:
        record.decide(order, to=Step.CHARGING, kind="reserved", heed_cancel=True)


def _charge(order: Order, gateway: PaymentGateway, deadline: Deadline) -> None:
    if reason := _reason_to_stop(order):
        record.decide(order, to=Step.ABORT, kind="aborting", reason=reason)
        return
    failpoint("before_charge")
    try:
        charge = gateway.charge(
            uid=order.uid,
            amount=order.total,
            currency=order.currency,
            email=order.user_email,
            payment_method=order.payment_method,
            timeout_seconds=_payment_seconds(deadline),
        )
        failpoint("after_charge")
    except PaymentDeclined as declined:
        if record.decide(
            order,
            to=Step.ABORT,
            kind="aborting",
            reason=CancelReason.PAYMENT_DECLINED,
            charge=declined.charge,
        ):
            limits.count_decline(order.user_id)  # here alone, and once: this compare-and-set has one winner
        return
    if (charge.amount, charge.currency) != (order.total, order.currency):
        record.decide(
            order, to=Step.ABORT, kind="aborting", reason=CancelReason.PAYMENT_FAILED, charge=charge
        )
        return
    record.decide(
        order, to=Step.DONE, kind="processing", status=OrderStatus.PROCESSING, charge=charge, heed_cancel=True
    )


def _void_and_release(order: Order, gateway: PaymentGateway, deadline: Deadline) -> None:
    failpoint("before_void")
    charge = gateway.void(uid=order.uid, timeout_seconds=_payment_seconds(deadline))
    failpoint("after_void")
    record.save_payment(order, charge)
    _release(order, gateway, deadline)


def _release(order: Order, _gateway: PaymentGateway, deadline: Deadline) -> None:
    failpoint("before_release")
    inventory.release(str(order.uid), deadline=deadline)
    failpoint("after_release")
    record.decide(order, to=Step.DONE, kind="cancelled", status=OrderStatus.CANCELLED)


def _nothing(_order: Order, _gateway: PaymentGateway, _deadline: Deadline) -> None:
    """DONE: nothing is left to do."""


_STEPS: Mapping[Step, Callable[[Order, PaymentGateway, Deadline], None]] = {
    Step.CREATED: _reserve,
    Step.CHARGING: _charge,
    Step.ABORT: _void_and_release,
    Step.ABORT_UNCHARGED: _release,
    Step.DONE: _nothing,
}


def _reason_to_stop(order: Order) -> CancelReason | None:
    if order.cancel_requested_at is not None:
        return CancelReason(order.cancel_requested_reason)
    oldest = timedelta(minutes=settings.ORDER_GIVE_UP_MINUTES)
    # The database's clock decides; an order that is young by any clock does not cost it a question.
    if timezone.now() - order.created_at > oldest / 2 and database_now() - order.created_at > oldest:
        return CancelReason.TIMED_OUT
    return None


def _payment_seconds(deadline: Deadline) -> float:
    seconds = min(PAYMENT_SECONDS, deadline.remaining() - SETTLE_SECONDS)
    if seconds < MIN_PAYMENT_SECONDS:
        raise OutOfTime
    return seconds


# ---- repeats -----------------------------------------------------------------------------------------------


def _replay(key: Key, *, gateway: PaymentGateway, deadline: Deadline) -> Order | None:
    """Answer a known key from its order, moving that on if nobody is at work on it; None if the key is new."""
    known = keys.find_key(key)
    if known is None:
        return None
    if known.fingerprint != key.fingerprint:
        raise IdempotencyKeyReused("This Idempotency-Key was used with another body.")
    order = Order.objects.get(uid=known.order_uid)
    if order.step == Step.DONE:
        return order
    if known.answer_due is not None and known.answer_due > database_now():
        raise RequestInProgress("The first request with this Idempotency-Key is still being worked on.")
    if record.claim(order):
        return advance_until_settled(order, gateway=gateway, deadline=deadline)
    return order


def _quietly(write: Callable[[], None]) -> None:
    """Do a write that only saves others time; without it they wait for the lease to end."""
    try:
        write()
    except (OperationalError, InterfaceError) as error:
        log.warning("a courtesy write got no answer", cause=repr(error))

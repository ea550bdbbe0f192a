"""The commits of the saga: each function is one durable transaction on one order, or a compare-and-set that lost.

Nothing here calls another system, so no transaction is ever open while one is asked.
"""

import json
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random

from orders.daily import note_change
from orders.keys import Key
from orders.models import IdempotencyKey, Order, OrderItem, Payment, database_now
from orders.new_order import NewOrder
from orders.payments.gateway import Charge
from orders.states import STEP_TRANSITIONS, TRANSITIONS, CancelReason, OrderStatus, PaymentStatus, Step
from shop import metrics
from shop.failpoints import failpoint

log = structlog.get_logger("orders.record")

# MySQL rolled the transaction back at once; the same one may work at once. (A lock wait that timed out, 1205, has
# used up its time: that counts as no answer.)
_DEADLOCK = 1213
# The longest pause between two tries to settle an order.
MAX_BACKOFF_SECONDS = 10.0
LOOK_AGAIN_AFTER_SECONDS = (0.0, 0.2, 0.6)

PAYMENT_FIELDS = (
    *("gateway", "reference", "status", "amount", "refunded", "currency", "decline_code"),
    "updated_at",
)

Note = Mapping[str, str]
"""Who of the staff did it, and why; for the order's history."""


def _is_deadlock(error: BaseException) -> bool:
    return isinstance(error, OperationalError) and error.args[:1] == (_DEADLOCK,)


again_after_a_deadlock = retry(
    retry=retry_if_exception(_is_deadlock),
    stop=stop_after_attempt(3),
    wait=wait_random(0, 0.05),
    reraise=True,
)


@contextmanager
def commit(name: str) -> Iterator[None]:
    """Run what is inside as one durable transaction."""
    with transaction.atomic(durable=True):
        yield
        failpoint(f"before_commit_{name}")
    failpoint(f"after_commit_{name}")


class KeyTaken(Exception):
    """The idempotency key has an order already; nothing was recorded."""


def record(new: NewOrder, *, key: Key | None) -> Order:
    """Commit a new order, PENDING, under its first lease.

    Raises:
        KeyTaken: see above.
        OperationalError: the database did not answer, and does not know the order.
    """
    try:
        return _record(new, key=key)
    except (OperationalError, InterfaceError):
        # Was it the COMMIT whose answer was lost? The uid was made before, so a new connection can tell.
        log.warning("recording an order got no answer; looking it up", uid=str(new.uid))
        for seconds in LOOK_AGAIN_AFTER_SECONDS:
            connection.close()
            time.sleep(seconds)  # a commit that is still under way takes a moment to be seen
            if order := Order.objects.filter(uid=new.uid).first():
                return order
        raise


@again_after_a_deadlock
def _record(new: NewOrder, *, key: Key | None) -> Order:
    with commit("recorded"):
        now = database_now()
        if key:
            # First, and by an insert: a select-for-update of a missing row would deadlock with its twin.
            due = now + timedelta(seconds=settings.ORDER_BUDGET_SECONDS + 2)
            try:
                IdempotencyKey.objects.create(
                    key_hash=key.key_hash, fingerprint=key.fingerprint, order_uid=new.uid, answer_due=due
                )
            except IntegrityError as error:  # ends the transaction, in which nothing has been written yet
                raise KeyTaken from error
        order = Order.objects.create(
            uid=new.uid,
            user_id=new.user_id,
            user_email=new.user_email,
            total=new.total,
            currency=settings.CURRENCY,
            item_count=len(new.lines),
            payment_method=new.payment_method,
            metadata=dict(new.metadata),
            request_id=new.request_id,
            lease_until=now + timedelta(seconds=settings.ORDER_LEASE_SECONDS),
            created_at=now,
            updated_at=now,
        )
        OrderItem.objects.bulk_create(OrderItem(order=order, **vars(line)) for line in new.lines)
        add_event(order.pk, kind="recorded", status=OrderStatus.PENDING, step=Step.CREATED)
    order.quantities = {line.product_id: line.quantity for line in new.lines}
    return order


@again_after_a_deadlock
def decide(
    order: Order,
    *,
    to: Step,
    kind: str,
    status: OrderStatus | None = None,
    reason: CancelReason | None = None,
    charge: Charge | None = None,
    heed_cancel: bool = False,
) -> bool:
    """Move an order from the step it was read at to the next, if it is still there: one compare-and-set.

    Args:
        order: as last read. Afterwards it is as it was written; or, if it did not move, as somebody else left it.
        to: the next step.
        kind: what to call it in the order's history.
        status: the new public status, if it changes.
        reason: why the order is being cancelled; kept from here on, or a crash would lose it.
        charge: what the payment provider said, to be kept in the same commit.
        heed_cancel: refuse if a cancellation was asked for.

    Returns:
        Whether it moved. False: somebody else moved it, or a cancellation is to be heeded.
    """
    came_from, was = Step(order.step), OrderStatus(order.status)
    if to not in STEP_TRANSITIONS[came_from] or (status is not None and status not in TRANSITIONS[was]):
        raise AssertionError(f"no move from {came_from}/{was} to {to}/{status}")
    changes = _changes(was, to=to, status=status, reason=reason)
    conditions: dict[str, Any] = {"cancel_requested_at": None} if heed_cancel else {}
    with commit(kind):
        moved = Order.objects.filter(pk=order.pk, step=came_from, status=was, **conditions).update(**changes)
        if moved:
            if charge is not None:
                _save_payment(order.pk, charge)
            if status is not None:
                note_change(order.created_at)
            detail = {"reason": reason} if reason else {}
            add_event(order.pk, kind=kind, status=status or was, step=to, detail=detail)
    if not moved:
        order.refresh_from_db()
        return False
    _follow(order, changes)
    if to is Step.DONE:
        metrics.emit(metrics.ORDERS_SETTLED, 1, kind=order.cancel_reason or "processing")
    return True


def _follow(order: Order, changes: Mapping[str, Any]) -> None:
    """Let the order that we hold be what was written, which saves reading it again."""
    for name, value in changes.items():
        if isinstance(value, Now):
            order.__dict__.pop(name, None)  # the database's clock said it: Django reads it if anybody asks
        else:
            setattr(order, name, value)


def _changes(
    was: OrderStatus, *, to: Step, status: OrderStatus | None, reason: CancelReason | None
) -> dict[str, Any]:
    changes: dict[str, Any] = {"step": to, "updated_at": Now()}
    if status is not None:
        changes |= {"status": status} | ({"settled_at": Now()} if was is OrderStatus.PENDING else {})
    if reason is not None:
        changes["cancel_reason"] = reason
    if to is Step.DONE:
        changes["lease_until"] = None
    return changes


@again_after_a_deadlock
def save_payment(order: Order, charge: Charge) -> None:
    """Keep what the payment provider last said."""
    with commit("payment"):
        _save_payment(order.pk, charge)


@again_after_a_deadlock
def request_cancel(order: Order, *, reason: CancelReason, note: Note | None = None) -> bool:
    """Ask for the cancellation of a PENDING order; from here on it can only end CANCELLED. ``note``: who, and why."""
    with commit("cancel_requested"):
        pending = Order.objects.filter(pk=order.pk, status=OrderStatus.PENDING, cancel_requested_at=None)
        if not pending.update(cancel_requested_at=Now(), cancel_requested_reason=reason, updated_at=Now()):
            return False
        step = Order.objects.values_list("step", flat=True).get(pk=order.pk)
        detail = {"reason": reason, **(note or {})}
        add_event(
            order.pk, kind="cancel_requested", status=OrderStatus.PENDING, step=Step(step), detail=detail
        )
    return True


@again_after_a_deadlock
def begin_late_cancel(order: Order, *, reason: CancelReason, note: Note | None = None) -> bool:
    """Turn a paid order that is young (or has a ``note`` of staff) and not shipped: it can only end CANCELLED."""
    with commit("late_cancel"):
        now = database_now()
        cancellable = Order.objects.filter(
            pk=order.pk, status=OrderStatus.PROCESSING, step=Step.DONE, shipped_at=None
        )
        if note is None:
            youngest = now - timedelta(minutes=settings.ORDER_CANCEL_WINDOW_MINUTES)
            cancellable = cancellable.filter(created_at__gt=youngest)
        if not cancellable.update(
            step=Step.ABORT,
            cancel_reason=reason,
            cancel_requested_at=now,
            cancel_requested_reason=reason,
            lease_until=now + timedelta(seconds=settings.ORDER_LEASE_SECONDS),
            updated_at=now,
        ):
            return False
        detail = {"reason": reason, **(note or {})}
        add_event(order.pk, kind="aborting", status=OrderStatus.PROCESSING, step=Step.ABORT, detail=detail)
    return True


def claim(order: Order) -> bool:
    """Take over an unsettled order whose lease is over, for one lease's time; then ``order`` knows the new lease."""
    lease = database_now() + timedelta(seconds=settings.ORDER_LEASE_SECONDS)
    due = Order.objects.filter(pk=order.pk, lease_until__lte=Now()).exclude(step=Step.DONE)
    if not due.update(lease_until=lease):
        return False
    order.lease_until = lease
    return True


def back_off(order: Order, *, lease: datetime | None) -> None:
    """Give an unsettled order up until its next try: later each time, with full jitter, at most 10 s.

    Args:
        order: as last read.
        lease: ours; if the order is under another by now, that one stays.
    """
    seconds = random.uniform(0, min(MAX_BACKOFF_SECONDS, 0.5 * 2 ** min(order.attempts, 10)))  # noqa: S311 (jitter)
    Order.objects.filter(pk=order.pk, lease_until=lease).exclude(step=Step.DONE).update(
        lease_until=database_now() + timedelta(seconds=seconds), attempts=F("attempts") + 1
    )


def _save_payment(order_id: int, charge: Charge) -> None:
    """Write the one line of an order's payment in one statement, whether there is one or not."""
    payment = Payment(
        order_id=order_id,
        gateway=settings.PAYMENT_GATEWAY,
        reference=charge.reference,
        status=PaymentStatus(charge.status),
        amount=charge.amount,
        refunded=charge.refunded,
        currency=charge.currency,
        decline_code=charge.decline_code,
        updated_at=Now(),
    )
    # SQLite must be told the key that may be there already; MySQL must not.
    unique = ["order"] if connection.features.supports_update_conflicts_with_target else None
    Payment.objects.bulk_create(
        [payment], update_conflicts=True, update_fields=PAYMENT_FIELDS, unique_fields=unique
    )


def add_event(
    order_id: int, *, kind: str, status: OrderStatus, step: Step, detail: Mapping[str, str] | None = None
) -> None:
    """Write the next line of an order's history. The caller's change has locked the order's row, so none comes between."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO order_events (order_id, seq, kind, status, step, detail)"
            " SELECT %s, COALESCE(MAX(seq), 0) + 1, %s, %s, %s, %s FROM order_events WHERE order_id = %s",
            [order_id, kind, status.value, step.value, json.dumps(dict(detail or {})), order_id],
        )

"""The states of an order and the moves between them, as data. Nothing here acts."""

from collections.abc import Mapping

from django.db.models import TextChoices


class OrderStatus(TextChoices):
    """What everybody sees."""

    PENDING = "PENDING"  # saved; stock and payment not settled yet
    PROCESSING = "PROCESSING"  # paid, in stock, ready to be shipped
    CANCELLED = "CANCELLED"  # the end: nothing held, nothing kept


class Step(TextChoices):
    """What the saga has decided last; each was committed before the outside call that it authorises."""

    CREATED = "CREATED"  # may reserve stock
    CHARGING = "CHARGING"  # stock is held; may take the money
    ABORT = "ABORT"  # money may have been taken: void or refund, then release
    ABORT_UNCHARGED = "ABORT_UNCHARGED"  # no charge was ever authorised: release
    DONE = "DONE"  # nothing left to do


class CancelReason(TextChoices):
    """Why an order was cancelled."""

    OUT_OF_STOCK = "out_of_stock"
    PAYMENT_DECLINED = "payment_declined"
    CANCELLED_BY_CUSTOMER = "cancelled_by_customer"
    CANCELLED_BY_STAFF = "cancelled_by_staff"
    TIMED_OUT = "timed_out"  # unpaid for ORDER_GIVE_UP_MINUTES
    PAYMENT_FAILED = "payment_failed"  # the provider's answer does not fit the order


class PaymentStatus(TextChoices):
    """What became of the money."""

    CAPTURED = "CAPTURED"
    REFUNDED = "REFUNDED"
    DECLINED = "DECLINED"
    VOIDED = "VOIDED"  # nothing was taken, and nothing can be any more


TRANSITIONS: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PENDING: frozenset({OrderStatus.PROCESSING, OrderStatus.CANCELLED}),
    OrderStatus.PROCESSING: frozenset(
        {OrderStatus.CANCELLED}
    ),  # only by a cancellation that refunds and restocks
    OrderStatus.CANCELLED: frozenset(),
}

STEP_TRANSITIONS: Mapping[Step, frozenset[Step]] = {
    Step.CREATED: frozenset({Step.CHARGING, Step.ABORT_UNCHARGED}),
    Step.CHARGING: frozenset({Step.DONE, Step.ABORT}),
    Step.ABORT: frozenset({Step.DONE}),
    Step.ABORT_UNCHARGED: frozenset({Step.DONE}),
    Step.DONE: frozenset({Step.ABORT}),  # the late cancel
}

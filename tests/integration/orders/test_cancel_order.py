"""Cancelling: early, late, twice, too late, and against a payment that is under way."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connections

from orders import saga
from orders.errors import OrderNotCancellable
from orders.models import Order, OrderEvent, Payment, database_now
from orders.payments.ledger import MockLedgerEntry
from orders.payments.mock import MockGateway
from orders.states import CancelReason, OrderStatus, PaymentStatus, Step
from shop.deadline import Deadline

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cancel(gateway):
    def ask(order: Order, *, reason=CancelReason.CANCELLED_BY_CUSTOMER, seconds: float = 8) -> Order:
        return saga.cancel_order(order, reason=reason, gateway=gateway, deadline=Deadline(seconds))

    return ask


def test_a_young_paid_order_is_refunded_and_restocked(buy, cancel, mug, held_by):
    order = buy(mug, 2)

    cancelled = cancel(order)

    assert (cancelled.status, cancelled.step) == (OrderStatus.CANCELLED, Step.DONE)
    assert cancelled.cancel_reason == CancelReason.CANCELLED_BY_CUSTOMER
    assert cancelled.cancel_requested_at is not None
    assert mug.stock == 5
    assert held_by(order) == {}
    entry = MockLedgerEntry.objects.get()
    assert (entry.status, entry.refunded) == (PaymentStatus.REFUNDED, Decimal("25.00"))
    payment = Payment.objects.get()
    assert (payment.status, payment.refunded) == (PaymentStatus.REFUNDED, Decimal("25.00"))
    mug.assert_books_balance()


def test_cancelling_twice_changes_nothing(buy, cancel, mug):
    cancelled = cancel(buy(mug, 2))
    events = OrderEvent.objects.count()

    again = cancel(cancelled)

    assert again.status == OrderStatus.CANCELLED
    assert OrderEvent.objects.count() == events
    assert mug.stock == 5
    assert MockLedgerEntry.objects.get().refunded == Decimal("25.00")


def test_an_order_older_than_the_window_stays(buy, cancel, mug, settings):
    order = buy(mug, 2)
    Order.objects.update(
        created_at=database_now() - timedelta(minutes=settings.ORDER_CANCEL_WINDOW_MINUTES, seconds=1)
    )

    with pytest.raises(OrderNotCancellable):
        cancel(order)

    order.refresh_from_db()
    assert (order.status, order.step, order.cancel_requested_at) == (OrderStatus.PROCESSING, Step.DONE, None)
    assert mug.stock == 3
    assert MockLedgerEntry.objects.get().status == PaymentStatus.CAPTURED


def test_a_window_of_nothing_allows_pending_orders_only(buy, cancel, mug, settings):
    settings.ORDER_CANCEL_WINDOW_MINUTES = 0
    paid, silent = buy(mug, 1), buy(mug, 1, email="ann+timeout@example.com")

    with pytest.raises(OrderNotCancellable):
        cancel(paid)
    assert cancel(silent).status == OrderStatus.CANCELLED
    assert mug.stock == 4


def test_a_shipped_order_stays(buy, cancel, mug):
    order = buy(mug, 1)
    Order.objects.update(shipped_at=database_now())

    with pytest.raises(OrderNotCancellable):
        cancel(order)
    assert mug.stock == 4


def test_a_pending_order_whose_money_was_taken_in_silence_is_refunded(buy, cancel, mug):
    order = buy(mug, 2, email="ann+timeout@example.com")

    cancelled = cancel(order)

    assert (cancelled.status, cancelled.cancel_reason) == (
        OrderStatus.CANCELLED,
        CancelReason.CANCELLED_BY_CUSTOMER,
    )
    assert mug.stock == 5
    assert MockLedgerEntry.objects.get().status == PaymentStatus.REFUNDED
    assert Payment.objects.get().status == PaymentStatus.REFUNDED


def test_a_cancellation_out_of_time_is_remembered_and_the_order_can_only_end_cancelled(
    buy, cancel, mug, gateway
):
    order = buy(mug, 2)

    asked = cancel(order, seconds=0.5)

    assert (asked.status, asked.step) == (OrderStatus.PROCESSING, Step.ABORT)
    assert asked.cancel_requested_at is not None
    assert cancel(asked).status == OrderStatus.CANCELLED
    assert mug.stock == 5


@pytest.mark.mysql
@pytest.mark.parametrize("head_start_ms", range(0, 200, 20))
def test_a_cancel_against_a_charge_under_way_never_keeps_money_or_stock(
    buy, cancel, mug, held_by, head_start_ms
):
    class Slow(MockGateway):
        charging = threading.Event()

        def charge(self, **arguments):
            Slow.charging.set()
            threading.Event().wait(0.1)
            return super().charge(**arguments)

    Slow.charging.clear()
    placed: list[Order] = []

    def place() -> None:
        try:
            placed.append(buy(mug, 2, gateway=Slow()))
        finally:
            connections.close_all()

    buyer = threading.Thread(target=place)
    buyer.start()
    Slow.charging.wait(5)
    threading.Event().wait(head_start_ms / 1000)
    answer = cancel(Order.objects.get())
    buyer.join()

    order = Order.objects.get()
    assert (answer.status, order.status, order.step) == (
        OrderStatus.CANCELLED,
        OrderStatus.CANCELLED,
        Step.DONE,
    )
    assert mug.stock == 5
    assert held_by(order) == {}
    assert MockLedgerEntry.objects.get().status in {PaymentStatus.REFUNDED, PaymentStatus.VOIDED}
    seqs = list(OrderEvent.objects.filter(order=order).values_list("seq", flat=True))
    assert seqs == list(range(1, len(seqs) + 1))
    mug.assert_books_balance()

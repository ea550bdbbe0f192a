"""Placing an order: what is written where, for every outcome."""

from decimal import Decimal

import pytest

from orders.models import Order, OrderEvent, Payment
from orders.payments.gateway import PaymentOutcomeUnknown
from orders.payments.ledger import MockLedgerEntry
from orders.payments.mock import MockGateway
from orders.states import CancelReason, OrderStatus, PaymentStatus, Step
from products.errors import CatalogueUnavailable

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]


def history(order: Order) -> list[tuple[int, str, str, str]]:
    return list(OrderEvent.objects.filter(order=order).values_list("seq", "kind", "status", "step"))


def test_a_paid_order_is_processing_and_its_units_are_gone(buy, mug, held_by):
    order = buy(mug, 2)

    assert (order.status, order.step, order.cancel_reason) == (OrderStatus.PROCESSING, Step.DONE, "")
    assert order.total == Decimal("25.00")
    assert order.lease_until is None
    assert mug.stock == 3
    assert held_by(order) == {mug.product_id: 2}
    assert history(order) == [
        (1, "recorded", "PENDING", "CREATED"),
        (2, "reserved", "PENDING", "CHARGING"),
        (3, "processing", "PROCESSING", "DONE"),
    ]
    mug.assert_books_balance()


def test_the_money_of_a_paid_order_stands_in_the_ledger_once(buy, mug):
    order = buy(mug, 2)

    entry = MockLedgerEntry.objects.get()
    assert (entry.key, entry.status, entry.amount, entry.refunded) == (
        order.uid,
        PaymentStatus.CAPTURED,
        Decimal("25.00"),
        Decimal("0.00"),
    )
    payment = Payment.objects.get()
    assert (payment.order_id, payment.status, payment.amount, payment.currency) == (
        order.pk,
        PaymentStatus.CAPTURED,
        Decimal("25.00"),
        "USD",
    )


def test_a_declined_card_cancels_the_order_and_returns_its_units(buy, mug, held_by):
    order = buy(mug, 2, email="ann+decline@example.com")

    assert (order.status, order.step) == (OrderStatus.CANCELLED, Step.DONE)
    assert order.cancel_reason == CancelReason.PAYMENT_DECLINED
    assert mug.stock == 5
    assert held_by(order) == {}
    assert Payment.objects.get().status == PaymentStatus.DECLINED
    assert not MockLedgerEntry.objects.exclude(status=PaymentStatus.DECLINED).exists()
    assert [kind for _, kind, _, _ in history(order)] == ["recorded", "reserved", "aborting", "cancelled"]
    mug.assert_books_balance()


def test_an_order_for_more_than_there_is_takes_nothing_and_charges_nothing(buy, mug, held_by):
    order = buy(mug, 6)

    assert (order.status, order.cancel_reason) == (OrderStatus.CANCELLED, CancelReason.OUT_OF_STOCK)
    assert mug.stock == 5
    assert held_by(order) == {}
    assert not MockLedgerEntry.objects.exists()
    assert not Payment.objects.exists()
    mug.assert_books_balance()


def test_one_line_too_many_takes_nothing_of_the_others(buy, make_product):
    plenty, scarce = make_product(stock=9), make_product(stock=1)

    order = buy({plenty.product_id: 3, scarce.product_id: 2})

    assert (order.status, order.cancel_reason) == (OrderStatus.CANCELLED, CancelReason.OUT_OF_STOCK)
    assert (plenty.stock, scarce.stock) == (9, 1)


def test_a_provider_that_took_the_money_in_silence_leaves_the_order_pending(buy, mug, held_by):
    order = buy(mug, 1, email="ann+timeout@example.com")

    assert (order.status, order.step, order.attempts) == (OrderStatus.PENDING, Step.CHARGING, 0)
    order.refresh_from_db()
    assert order.attempts == 1
    assert order.lease_until is not None
    assert held_by(order) == {mug.product_id: 1}
    assert MockLedgerEntry.objects.get().status == PaymentStatus.CAPTURED
    assert not Payment.objects.exists()


def test_a_pending_order_is_settled_by_advancing_it_again_and_paid_once(buy, mug, gateway):
    class OnceSilent(MockGateway):
        silent = True

        def charge(self, **arguments):
            charge = super().charge(**arguments)
            if self.silent:
                self.silent = False
                raise PaymentOutcomeUnknown("the reply was lost")
            return charge

    provider = OnceSilent()
    order = buy(mug, 1, gateway=provider, key="k")
    assert order.status == OrderStatus.PENDING
    Order.objects.update(lease_until="2020-01-01T00:00:00Z")

    again = buy(mug, 1, gateway=provider, key="k")

    assert (again.pk, again.status) == (order.pk, OrderStatus.PROCESSING)
    assert MockLedgerEntry.objects.get().amount == Decimal("12.50")
    assert mug.stock == 4


def test_a_wrong_amount_from_the_provider_is_refunded_and_the_order_cancelled(buy, mug, monkeypatch):
    class Overcharging(MockGateway):
        def charge(self, *, amount, **arguments):
            return super().charge(amount=amount + 1, **arguments)

    order = buy(mug, 1, gateway=Overcharging())

    assert (order.status, order.cancel_reason) == (OrderStatus.CANCELLED, CancelReason.PAYMENT_FAILED)
    entry = MockLedgerEntry.objects.get()
    assert (entry.status, entry.refunded) == (PaymentStatus.REFUNDED, Decimal("13.50"))
    assert Payment.objects.get().status == PaymentStatus.REFUNDED
    assert mug.stock == 5


def test_a_silent_catalogue_after_the_record_leaves_the_order_pending(buy, mug, monkeypatch):
    def silent(*_args, **_kwargs):
        raise CatalogueUnavailable("no answer")

    monkeypatch.setattr("orders.saga.inventory.reserve", silent)

    order = buy(mug, 1)

    assert (order.status, order.step) == (OrderStatus.PENDING, Step.CREATED)
    assert mug.stock == 5
    assert not MockLedgerEntry.objects.exists()


def test_an_order_unpaid_for_too_long_is_given_up(buy, mug, gateway, settings, held_by):
    settings.MOCK_PAYMENT_FAILURE_RATE = 1
    order = buy(mug, 1, key="k")
    assert order.status == OrderStatus.PENDING
    settings.MOCK_PAYMENT_FAILURE_RATE = 0
    Order.objects.update(lease_until="2020-01-01T00:00:00Z", created_at="2020-01-01T00:00:00Z")

    again = buy(mug, 1, key="k")

    assert (again.status, again.cancel_reason) == (OrderStatus.CANCELLED, CancelReason.TIMED_OUT)
    assert held_by(again) == {}
    assert mug.stock == 5
    assert MockLedgerEntry.objects.get().status == PaymentStatus.VOIDED


def test_the_price_holds_from_the_moment_of_the_record(buy, mug, monkeypatch):
    from orders import record
    from products import services

    recorded = record.record

    def record_then_raise_the_price(new, *, key):
        order = recorded(new, key=key)
        services.update_product(mug.product_id, changes={"price": Decimal("99.00")}, expected_version=None)
        return order

    monkeypatch.setattr("orders.saga.record.record", record_then_raise_the_price)

    order = buy(mug, 2)

    assert (order.status, order.total) == (OrderStatus.PROCESSING, Decimal("25.00"))


def test_a_product_deleted_after_the_record_is_out_of_stock(buy, mug, monkeypatch):
    from orders import record
    from products import services

    recorded = record.record

    def record_then_delete(new, *, key):
        order = recorded(new, key=key)
        services.delete_product(mug.product_id)
        return order

    monkeypatch.setattr("orders.saga.record.record", record_then_delete)

    order = buy(mug, 2)

    assert (order.status, order.cancel_reason) == (OrderStatus.CANCELLED, CancelReason.OUT_OF_STOCK)
    assert mug.stock == 5


def test_with_no_time_left_no_step_begins(buy, mug):
    order = buy(
        mug, 1, seconds=1.6
    )  # enough to read the prices and to reserve, too little to ask the provider

    assert order.status == OrderStatus.PENDING
    assert not MockLedgerEntry.objects.exists()

"""Orchestrators that wake up late with an old picture of an order: what they do then must change nothing."""

from datetime import timedelta

import pytest
from django.db import connections

from orders import record, saga
from orders.models import Order, OrderEvent, database_now
from orders.payments.gateway import PaymentDeclined, PaymentOutcomeUnknown
from orders.payments.ledger import MockLedgerEntry
from orders.payments.mock import MockGateway
from orders.states import CancelReason, OrderStatus, PaymentStatus, Step
from shop.deadline import Deadline

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def charging(buy, mug, monkeypatch):
    """An order with its units held, about to be charged, as its first orchestrator has read it."""

    def fall_silent(*_args, **_kwargs):
        raise PaymentOutcomeUnknown

    with monkeypatch.context() as patch:
        patch.setattr(MockGateway, "charge", fall_silent)
        order = buy(mug, 2)
    assert (order.step, order.status) == (Step.CHARGING, OrderStatus.PENDING)
    return order


@pytest.fixture
def advance(gateway):
    def one_step(order):
        saga.advance(order, gateway=gateway, deadline=Deadline(8))
        return order

    return one_step


@pytest.fixture
def cancel(gateway):
    return lambda order: saga.cancel_order(
        order, reason=CancelReason.CANCELLED_BY_CUSTOMER, gateway=gateway, deadline=Deadline(8)
    )


def copy_of(order):
    return Order.objects.get(pk=order.pk)


def test_a_charge_that_comes_after_the_cancellation_takes_nothing(charging, cancel, gateway, mug):
    assert cancel(copy_of(charging)).status == OrderStatus.CANCELLED

    with pytest.raises(PaymentDeclined):
        gateway.charge(
            uid=charging.uid,
            amount=charging.total,
            currency=charging.currency,
            email=charging.user_email,
            payment_method="",
            timeout_seconds=1,
        )

    assert MockLedgerEntry.objects.get().status == PaymentStatus.VOIDED
    assert mug.stock == 5


def test_a_late_orchestrator_cannot_revive_a_cancelled_order(charging, cancel, advance, mug):
    cancel(copy_of(charging))
    events = OrderEvent.objects.count()

    advance(charging)

    order = copy_of(charging)
    assert (order.status, order.step) == (OrderStatus.CANCELLED, Step.DONE)
    assert OrderEvent.objects.count() == events
    mug.assert_books_balance()


def test_of_two_decisions_from_the_same_picture_one_counts(charging):
    first, second = copy_of(charging), copy_of(charging)

    assert record.decide(first, to=Step.ABORT, kind="aborting", reason=CancelReason.TIMED_OUT)
    assert not record.decide(second, to=Step.DONE, kind="processing", status=OrderStatus.PROCESSING)

    order = copy_of(charging)
    assert (order.status, order.step) == (OrderStatus.PENDING, Step.ABORT)
    assert columns_of(first) == columns_of(second) == columns_of(order)


def columns_of(order):
    """All that is stored of an order, as it is held here."""
    return {field.attname: getattr(order, field.attname) for field in Order._meta.concrete_fields}


def test_an_order_that_was_driven_to_its_end_is_held_as_it_is_stored(buy, mug):
    paid, declined = buy(mug, 1), buy(mug, 1, email="ann+decline@example.com")

    assert (paid.status, declined.status) == (OrderStatus.PROCESSING, OrderStatus.CANCELLED)
    assert columns_of(paid) == columns_of(copy_of(paid))
    assert columns_of(declined) == columns_of(copy_of(declined))
    assert paid.quantities == {mug.product_id: 1} == copy_of(paid).quantities


def test_giving_up_on_an_order_that_was_paid_meanwhile_gives_nothing_back(
    charging, advance, held_by, settings, mug
):
    charging.created_at = database_now() - timedelta(minutes=settings.ORDER_GIVE_UP_MINUTES + 1)
    assert charging.attempts == 0
    charging.attempts = 1
    assert advance(copy_of(charging)).status == OrderStatus.PROCESSING

    advance(charging)

    assert copy_of(charging).status == OrderStatus.PROCESSING
    assert held_by(charging) == {mug.product_id: 2}
    assert mug.stock == 3


def test_a_cancellation_asked_for_during_the_charge_is_heeded(charging, advance, monkeypatch, mug):
    real = MockGateway.charge

    def charge_and_be_cancelled(self, **fields):
        charge = real(self, **fields)
        record.request_cancel(copy_of(charging), reason=CancelReason.CANCELLED_BY_CUSTOMER)
        return charge

    with monkeypatch.context() as patch:
        patch.setattr(MockGateway, "charge", charge_and_be_cancelled)
        order = advance(charging)
    while order.step != Step.DONE:
        order = advance(order)

    assert order.status == OrderStatus.CANCELLED
    assert MockLedgerEntry.objects.get().status == PaymentStatus.REFUNDED
    assert mug.stock == 5


def test_silence_is_no_decline(charging, advance, monkeypatch):
    def fall_silent(*_args, **_kwargs):
        raise PaymentOutcomeUnknown

    monkeypatch.setattr(MockGateway, "charge", fall_silent)
    with pytest.raises(PaymentOutcomeUnknown):
        advance(charging)

    assert copy_of(charging).step == Step.CHARGING
    connections.close_all()

"""A declined payment is counted once, whoever settles the order, and counting it never changes the order."""

from types import SimpleNamespace
from uuid import uuid4

import pytest

from orders import recovery, saga
from orders.limits import DECLINES_PER_USER
from orders.models import Order
from orders.payments.gateway import PaymentOutcomeUnknown
from orders.payments.mock import MockGateway
from orders.states import CancelReason, OrderStatus, Step
from shop import limits
from shop.deadline import Deadline
from shop.limits import RateCounter

pytestmark = [
    pytest.mark.dynamodb,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("closed_shop", "patient_dynamodb"),
]

DECLINED = "ann+decline@example.com"


@pytest.fixture
def user_id(settings, monkeypatch):
    """A user who may have five payments declined; the clock stands."""
    settings.LIMIT_DECLINES_PER_USER = 5
    monkeypatch.setattr(limits, "time", SimpleNamespace(time=lambda: 1_800_014_400.0))
    return str(uuid4())


def declines_of(user_id):
    key, _ = limits._counter_of(DECLINES_PER_USER, user_id)
    try:
        return RateCounter.get(key, consistent_read=True).spent
    except RateCounter.DoesNotExist:
        return 0


class SilentOnce(MockGateway):
    """Its first answer gets lost."""

    answered = False

    def charge(self, **order):
        try:
            return super().charge(**order)
        finally:
            if not self.answered:
                self.answered = True
                raise PaymentOutcomeUnknown


@pytest.fixture
def left_open(buy, mug, user_id):
    """An order whose payment was declined, and nobody heard it."""
    gateway = SilentOnce()
    order = buy(mug, email=DECLINED, user_id=user_id, gateway=gateway)
    assert (order.status, order.step) == (OrderStatus.PENDING, Step.CHARGING)
    Order.objects.update(lease_until="2020-01-01T00:00:00Z")
    return order


def assert_declined(order):
    order.refresh_from_db()
    assert (order.status, order.step, order.cancel_reason) == (
        OrderStatus.CANCELLED,
        Step.DONE,
        CancelReason.PAYMENT_DECLINED,
    )


def test_the_request_that_settles_its_order_counts_the_decline_and_no_other_order(buy, mug, user_id):
    assert_declined(buy(mug, email=DECLINED, user_id=user_id))
    buy(mug, user_id=user_id)

    assert declines_of(user_id) == 1
    mug.assert_books_balance()


def test_recovery_counts_a_decline_that_nobody_heard(left_open, gateway, user_id):
    assert declines_of(user_id) == 0

    list(recovery.settle_due_orders(gateway=gateway))

    assert_declined(left_open)
    assert declines_of(user_id) == 1


def test_of_two_who_settle_the_same_order_one_counts_its_decline(left_open, gateway, user_id):
    for _ in range(2):
        saga.advance(left_open, gateway=gateway, deadline=Deadline(8))

    assert declines_of(user_id) == 1


def test_without_an_answer_from_the_counters_a_decline_is_settled_all_the_same(
    left_open, gateway, user_id, mug, request
):
    request.getfixturevalue("silent_counters")

    list(recovery.settle_due_orders(gateway=gateway))

    assert_declined(left_open)
    assert mug.stock == 5
    mug.assert_books_balance()


def test_a_bug_in_the_counting_changes_no_order(left_open, gateway, monkeypatch):
    monkeypatch.setattr(limits, "spend", lambda *_args, **_options: 1 / 0)

    list(recovery.settle_due_orders(gateway=gateway))

    assert_declined(left_open)


def test_declines_beyond_the_limit_settle_like_any_other(buy, mug, user_id, settings):
    settings.LIMIT_DECLINES_PER_USER = 1
    late = buy(mug, email=DECLINED, user_id=user_id, gateway=SilentOnce())
    assert_declined(buy(mug, email=DECLINED, user_id=user_id))

    saga.advance_until_settled(late, gateway=MockGateway(), deadline=Deadline(8))

    assert_declined(late)
    assert declines_of(user_id) == 1


def test_where_anybody_may_order_nothing_is_counted(buy, mug, user_id, settings):
    settings.REQUIRE_AUTH = False

    assert_declined(buy(mug, email=DECLINED, user_id=user_id))
    assert declines_of(user_id) == 0

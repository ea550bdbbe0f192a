"""Orders that nobody came back to in time, leases of others, and requests that repeat themselves."""

import pytest

from orders import record, recovery, saga
from orders.models import Order
from orders.payments.ledger import MockLedgerEntry
from orders.payments.mock import MockGateway
from orders.quote import Line, Wish
from orders.states import CancelReason, OrderStatus, Step
from products.errors import CatalogueUnavailable
from shop.deadline import Deadline
from users.errors import IdentityUnavailable

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]


class Crash(BaseException):
    """The process dies here."""


def test_an_order_whose_process_died_is_given_up_too_when_it_is_old(buy, mug, gateway, monkeypatch):
    def die(*_args, **_kwargs):
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(MockGateway, "charge", die)
        with pytest.raises(Crash):
            buy(mug, 1)
    Order.objects.update(created_at="2020-01-01T00:00:00Z", lease_until="2020-01-01T00:00:00Z")
    assert Order.objects.get().attempts == 0

    [order] = recovery.settle_due_orders(gateway=gateway)

    assert (order.status, order.cancel_reason) == (OrderStatus.CANCELLED, CancelReason.TIMED_OUT)
    assert not MockLedgerEntry.objects.filter(status="CAPTURED").exists()
    assert mug.stock == 5


def test_one_round_tries_each_order_once_however_soon_it_is_due_again(
    buy, mug, gateway, settings, monkeypatch
):
    settings.MOCK_PAYMENT_FAILURE_RATE = 1
    for _ in range(3):
        buy(mug, 1)
    Order.objects.update(lease_until="2020-01-01T00:00:00Z")
    monkeypatch.setattr("orders.record.random.uniform", lambda low, _high: low)  # due again at once

    tried = [order.pk for order in recovery.settle_due_orders(gateway=gateway)]

    assert sorted(tried) == sorted(Order.objects.values_list("pk", flat=True))


def test_a_bug_met_by_one_order_does_not_stop_the_others(buy, mug, gateway, monkeypatch):
    first, second = (buy(mug, 1, email="ann+timeout@example.com") for _ in range(2))
    Order.objects.update(lease_until="2020-01-01T00:00:00Z")
    charge = MockGateway.charge

    def fail_for_the_first(self, *, uid, **arguments):
        if uid == first.uid:
            raise RuntimeError("a bug")
        return charge(self, uid=uid, **arguments)

    monkeypatch.setattr(MockGateway, "charge", fail_for_the_first)

    settled = {order.pk: order.status for order in recovery.settle_due_orders(gateway=gateway)}

    assert settled == {first.pk: OrderStatus.PENDING, second.pk: OrderStatus.PROCESSING}
    first.refresh_from_db()
    assert first.attempts == 2


def test_a_canceller_without_an_answer_leaves_the_lease_of_another_alone(buy, mug, gateway, monkeypatch):
    order = buy(mug, 1, email="ann+timeout@example.com")
    Order.objects.update(lease_until="2999-01-01T00:00:00Z")
    order.refresh_from_db()

    def silent(*_args, **_kwargs):
        raise CatalogueUnavailable("no answer")

    monkeypatch.setattr("orders.saga.inventory.release", silent)
    saga.cancel_order(order, reason=CancelReason.CANCELLED_BY_CUSTOMER, gateway=gateway, deadline=Deadline(8))

    order.refresh_from_db()
    assert (order.step, order.attempts) == (Step.ABORT, 1)
    assert order.lease_until is not None
    assert order.lease_until.year == 2999


def test_a_lease_that_changed_hands_is_not_put_off(buy, mug):
    order = buy(mug, 1, email="ann+timeout@example.com")
    stale = order.lease_until
    Order.objects.update(lease_until="2999-01-01T00:00:00Z", attempts=0)

    record.back_off(order, lease=stale)

    order.refresh_from_db()
    assert (order.attempts, order.lease_until and order.lease_until.year) == (0, 2999)


def test_a_repeat_needs_no_address_from_the_identity_service(mug, gateway):
    calls = []

    def place(account_email):
        return saga.place_order(
            Wish(
                user_id="ann",
                user_email=None,
                account_email=account_email,
                lines=[Line(product_id=mug.product_id, quantity=1)],
            ),
            idempotency_key="k",
            gateway=gateway,
            deadline=Deadline(8),
        )

    def known():
        calls.append("asked")
        return "ann+approve@example.com"

    def silent():
        raise IdentityUnavailable("no answer")

    order, repeated = place(known)
    again, repeated_again = place(silent)

    assert (calls, repeated, repeated_again) == (["asked"], False, True)
    assert (again.pk, again.user_email) == (order.pk, "ann+approve@example.com")


def test_an_unsound_order_does_not_use_up_the_breakers_one_try(mug, gateway):
    asked = []

    class Trying(MockGateway):
        def available(self):
            asked.append("asked")
            return True

    with pytest.raises(Exception, match="Not in the catalogue"):
        saga.place_order(
            Wish(user_id="a", user_email="a@example.com", lines=[Line(product_id="prod_none", quantity=1)]),
            idempotency_key=None,
            gateway=Trying(),
            deadline=Deadline(8),
        )
    assert asked == []


def test_a_commit_that_is_seen_a_moment_late_is_found(buy, mug, monkeypatch):
    from django.db import OperationalError

    commit = record._record
    looks: list[float] = []

    def commit_and_lose_the_answer(new, *, key):
        commit(new, key=key)
        raise OperationalError(2013, "Lost connection")

    monkeypatch.setattr(record, "_record", commit_and_lose_the_answer)
    monkeypatch.setattr("orders.record.time.sleep", looks.append)

    assert buy(mug, 1).status == OrderStatus.PROCESSING
    assert looks[:1] == [0.0]

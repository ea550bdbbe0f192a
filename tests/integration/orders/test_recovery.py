"""Whatever stopped half-way is settled, from the table alone."""

import pytest
from django.core.management import CommandError, call_command

from orders import keys, record, recovery
from orders.models import IdempotencyKey, Order, database_now
from orders.payments.ledger import MockLedgerEntry
from orders.payments.mock import MockGateway
from orders.states import CancelReason, OrderStatus, PaymentStatus, Step
from products import inventory

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]


class Crash(BaseException):
    """The process dies here: no handler runs after it."""


def forget_leases():
    Order.objects.exclude(step=Step.DONE).update(lease_until="2020-01-01T00:00:00Z")


def before(monkeypatch, target, name):
    def die(*_args, **_kwargs):
        raise Crash

    monkeypatch.setattr(target, name, die)


def after(monkeypatch, target, name):
    real = getattr(target, name)

    def act_and_die(*args, **kwargs):
        real(*args, **kwargs)
        raise Crash

    monkeypatch.setattr(target, name, act_and_die)


CRASH_POINTS = {
    "before reserving": (before, inventory, "reserve"),
    "after reserving": (after, inventory, "reserve"),
    "before charging": (before, MockGateway, "charge"),
    "after charging": (after, MockGateway, "charge"),
    "before deciding": (before, record, "decide"),
    "after deciding": (after, record, "decide"),
}


@pytest.mark.parametrize("crash", CRASH_POINTS)
def test_an_order_cut_off_is_settled_and_charged_once(crash, buy, mug, monkeypatch, held_by):
    how, target, name = CRASH_POINTS[crash]
    with monkeypatch.context() as patch:
        how(patch, target, name)
        with pytest.raises(Crash):
            buy(mug, 2)
    forget_leases()

    call_command("reconcile_orders")

    order = Order.objects.get()
    assert (order.status, order.step) == (OrderStatus.PROCESSING, Step.DONE)
    assert held_by(order) == {mug.product_id: 2}
    assert MockLedgerEntry.objects.get().status == PaymentStatus.CAPTURED
    assert mug.stock == 3
    mug.assert_books_balance()


ABORT_POINTS = {
    "before the void": (before, MockGateway, "void"),
    "after the void": (after, MockGateway, "void"),
    "before the release": (before, inventory, "release"),
    "after the release": (after, inventory, "release"),
    "after keeping the refund": (after, record, "save_payment"),
}


@pytest.mark.parametrize("crash", ABORT_POINTS)
@pytest.mark.parametrize("late", [False, True], ids=["declined", "cancelled late"])
def test_an_abort_cut_off_ends_with_nothing_held_or_kept(
    crash, late, buy, mug, gateway, monkeypatch, held_by
):
    how, target, name = ABORT_POINTS[crash]
    with monkeypatch.context() as patch:
        if late:
            order = buy(mug, 2)
            record.begin_late_cancel(order, reason=CancelReason.CANCELLED_BY_CUSTOMER)
            how(patch, target, name)
            forget_leases()
            with pytest.raises(Crash):
                list(recovery.settle_due_orders(gateway=gateway))
        else:
            how(patch, target, name)
            with pytest.raises(Crash):
                buy(mug, 2, email="ann+decline@example.com")
    forget_leases()

    call_command("reconcile_orders")

    order = Order.objects.get()
    assert (order.status, order.step) == (OrderStatus.CANCELLED, Step.DONE)
    assert held_by(order) == {}
    assert mug.stock == 5
    entry = MockLedgerEntry.objects.get()
    assert entry.status == (PaymentStatus.REFUNDED if late else PaymentStatus.DECLINED)
    mug.assert_books_balance()


def test_an_order_in_somebodys_hands_is_left_alone(buy, mug):
    order = buy(mug, 1, email="ann+timeout@example.com")
    Order.objects.update(lease_until="2999-01-01T00:00:00Z")

    call_command("reconcile_orders")

    order.refresh_from_db()
    assert (order.status, order.step) == (OrderStatus.PENDING, Step.CHARGING)


def test_settled_orders_are_never_touched(buy, mug):
    order = buy(mug, 1)
    Order.objects.update(lease_until="2020-01-01T00:00:00Z")

    assert list(recovery.due_orders()) == []
    assert recovery.take_due_order(since=database_now()) is None
    order.refresh_from_db()
    assert order.attempts == 0


def test_orders_that_stay_open_are_told_and_the_exit_is_not_clean(buy, mug, settings, capsys):
    buy(mug, 1, email="ann+timeout@example.com")
    settings.MOCK_PAYMENT_FAILURE_RATE = 1
    forget_leases()

    with pytest.raises(CommandError, match="1 are still open"):
        call_command("reconcile_orders")

    assert "1 orders were due: 1 open" in capsys.readouterr().out


def test_a_dry_run_lists_and_changes_nothing(buy, mug, capsys):
    order = buy(mug, 1, email="ann+timeout@example.com")
    forget_leases()

    call_command("reconcile_orders", "--dry-run")

    assert capsys.readouterr().out.splitlines()[-1] == "1 orders are due"
    order.refresh_from_db()
    assert (order.status, order.attempts) == (OrderStatus.PENDING, 1)


def test_each_try_without_an_answer_waits_longer_but_never_more_than_ten_seconds(buy, mug, settings):
    settings.MOCK_PAYMENT_FAILURE_RATE = 1
    buy(mug, 1)
    waits = []
    for attempts in range(12):
        Order.objects.update(attempts=attempts)
        order = Order.objects.get()
        record.back_off(order, lease=order.lease_until)
        order.refresh_from_db()
        assert order.lease_until is not None
        waits.append((order.lease_until - database_now()).total_seconds())

    assert max(waits) <= 10.0
    assert order.attempts == 12


def test_old_idempotency_keys_are_forgotten_and_young_ones_kept(buy, mug):
    buy(mug, 1, key="old")
    IdempotencyKey.objects.update(created_at="2020-01-01T00:00:00Z")
    buy(mug, 1, key="young")

    assert keys.forget_old_keys() == 1
    assert IdempotencyKey.objects.count() == 1
    assert Order.objects.count() == 2

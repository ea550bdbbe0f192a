"""What staff do to an order: once, and written down, whoever else is at work on it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry

from orders import recovery, saga
from orders.errors import OrderNotCancellable
from orders.models import Order, OrderEvent, Payment, database_now
from orders.payments.ledger import MockLedgerEntry
from orders.states import CancelReason, OrderStatus, PaymentStatus, Step
from shop.deadline import Deadline
from tests.integration.backoffice.acting import CANCEL, RETRY, SHIP, WHY, do, history, told
from tests.integration.orders.test_races import together

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]

# ---- try again -------------------------------------------------------------------------------------------------


def test_a_stuck_order_is_driven_on_and_who_and_why_are_kept(support, stuck, mug):
    answer = do(support, RETRY, stuck)

    assert (answer.status_code, answer["Location"]) == (302, f"/admin/orders/order/{stuck.pk}/change/")
    after = Order.objects.get(pk=stuck.pk)
    assert (after.status, after.step, after.lease_until) == (OrderStatus.PROCESSING, Step.DONE, None)
    assert history(after) == ["recorded", "reserved", "retried_by_staff", "processing"]
    assert after.events.get(kind="retried_by_staff").detail == {"by": "support-1", "why": WHY}
    entry = LogEntry.objects.get()
    assert (entry.user.username, entry.object_id) == ("support-1", str(stuck.pk))
    assert entry.change_message == f"Try again now: now PROCESSING. Reason: {WHY}"
    assert f"Order #{stuck.pk}: now PROCESSING." in told(support, answer)
    assert MockLedgerEntry.objects.get().status == PaymentStatus.CAPTURED
    assert mug.stock == 3
    mug.assert_books_balance()


def test_an_order_somebody_may_be_at_work_on_is_left_to_them(support, stuck):
    lease = database_now() + timedelta(seconds=10)
    Order.objects.update(lease_until=lease)

    answer = do(support, RETRY, stuck)

    assert "Somebody is at work on it" in told(support, answer)
    after = Order.objects.get(pk=stuck.pk)
    assert (after.step, after.lease_until) == (Step.CHARGING, lease)
    assert history(after) == ["recorded", "reserved"]


def test_an_order_that_was_taken_while_a_click_waited_for_its_row_is_left_to_them(support, stuck, settings):
    """The click read the time before it had the row, so the lease seems to reach further than any may."""
    lease = database_now() + timedelta(seconds=settings.ORDER_LEASE_SECONDS + 4)
    Order.objects.update(lease_until=lease)

    answer = do(support, RETRY, stuck)

    assert "Somebody is at work on it" in told(support, answer)
    assert Order.objects.get(pk=stuck.pk).lease_until == lease
    assert history(stuck) == ["recorded", "reserved"]


def test_a_lease_that_is_over_is_taken_as_recovery_would(support, stuck):
    Order.objects.update(lease_until=database_now() - timedelta(seconds=1))

    do(support, RETRY, stuck)

    assert Order.objects.get(pk=stuck.pk).status == OrderStatus.PROCESSING


def test_an_order_that_is_unpaid_for_too_long_ends_cancelled_with_its_money_back(support, stuck, mug):
    Order.objects.update(created_at=database_now() - timedelta(hours=3))

    answer = do(support, RETRY, stuck)

    assert "now CANCELLED." in told(support, answer)
    assert Order.objects.get().cancel_reason == CancelReason.TIMED_OUT
    assert MockLedgerEntry.objects.get().status == PaymentStatus.REFUNDED
    assert mug.stock == 5


def test_a_settled_order_is_not_tried_again(support, buy, mug):
    order = buy(mug, 1)
    events = OrderEvent.objects.count()

    assert "nothing to try again" in told(support, do(support, RETRY, order))
    assert OrderEvent.objects.count() == events


@pytest.mark.mysql
def test_of_ten_clicks_at_once_one_drives_the_order_and_it_is_charged_once(staff, stuck, mug, settings):
    settings.ORDER_LEASE_SECONDS = settings.ORDER_BUDGET_SECONDS = (
        20  # a busy machine ends no lease in between
    )
    clients = [staff("support")] * 10

    together([lambda client=client: do(client, RETRY, stuck) for client in clients])

    order = Order.objects.get(pk=stuck.pk)
    assert (order.status, order.step) == (OrderStatus.PROCESSING, Step.DONE)
    assert history(order) == ["recorded", "reserved", "retried_by_staff", "processing"]
    assert MockLedgerEntry.objects.count() == 1
    mug.assert_books_balance()


@pytest.mark.mysql
def test_a_click_beside_the_reconciler_settles_the_order_once(support, stuck, gateway, mug):
    Order.objects.update(lease_until=database_now())

    together(
        [lambda: do(support, RETRY, stuck), lambda: list(recovery.settle_due_orders(gateway=gateway))] * 3
    )

    order = Order.objects.get(pk=stuck.pk)
    assert (order.status, order.step) == (OrderStatus.PROCESSING, Step.DONE)
    assert history(order).count("processing") == 1
    assert MockLedgerEntry.objects.get().status == PaymentStatus.CAPTURED
    mug.assert_books_balance()


# ---- cancel ----------------------------------------------------------------------------------------------------


def test_a_paid_order_is_refunded_and_restocked_however_old_it_is(admin, buy, mug, held_by):
    order = buy(mug, 2)
    Order.objects.update(created_at=database_now() - timedelta(days=90))

    answer = do(admin, CANCEL, order)

    assert answer.status_code == 302
    after = Order.objects.get(pk=order.pk)
    assert (after.status, after.step) == (OrderStatus.CANCELLED, Step.DONE)
    assert after.cancel_reason == CancelReason.CANCELLED_BY_STAFF
    begun = after.events.get(kind="aborting")
    assert begun.detail == {"reason": "cancelled_by_staff", "by": "admin-1", "why": WHY}
    payment = Payment.objects.get()
    assert (payment.status, payment.refunded) == (PaymentStatus.REFUNDED, Decimal("25.00"))
    assert held_by(order) == {}
    assert mug.stock == 5
    mug.assert_books_balance()


def test_an_open_order_ends_cancelled_with_its_money_back(admin, stuck, mug):
    do(admin, CANCEL, stuck)

    after = Order.objects.get(pk=stuck.pk)
    assert (after.status, after.cancel_reason) == (OrderStatus.CANCELLED, "cancelled_by_staff")
    asked = after.events.get(kind="cancel_requested").detail
    assert asked == {"reason": "cancelled_by_staff", "by": "admin-1", "why": WHY}
    assert MockLedgerEntry.objects.get().refunded == Decimal("25.00")
    assert mug.stock == 5


def test_cancelling_again_changes_nothing_and_says_so(admin, buy, mug):
    order = buy(mug, 1)
    do(admin, CANCEL, order)
    events = OrderEvent.objects.count()

    assert "cancelled already" in told(admin, do(admin, CANCEL, order))

    assert OrderEvent.objects.count() == events
    assert MockLedgerEntry.objects.get().refunded == Decimal("12.50")


@pytest.mark.mysql
def test_of_many_clicks_at_once_one_cancels_and_the_money_goes_back_once(admin, buy, mug):
    order = buy(mug, 2)

    together([lambda: do(admin, CANCEL, order)] * 8)

    after = Order.objects.get(pk=order.pk)
    assert after.status == OrderStatus.CANCELLED
    assert history(after) == ["recorded", "reserved", "processing", "aborting", "cancelled"]
    assert MockLedgerEntry.objects.get().refunded == Decimal("25.00")
    mug.assert_books_balance()


# ---- ship ------------------------------------------------------------------------------------------------------


def test_a_paid_order_is_marked_as_shipped_and_nobody_can_cancel_it_any_more(admin, buy, mug, gateway):
    order = buy(mug, 2)

    do(admin, SHIP, order, tracking_number="1Z 999-A")

    after = Order.objects.get(pk=order.pk)
    assert (after.status, after.step, after.tracking_number) == ("PROCESSING", "DONE", "1Z 999-A")
    assert after.shipped_at is not None
    assert abs((database_now() - after.shipped_at).total_seconds()) < 30
    shipped = after.events.latest("seq")
    assert (shipped.kind, shipped.status, shipped.step) == ("shipped", "PROCESSING", "DONE")
    assert shipped.detail == {"trackingNumber": "1Z 999-A", "by": "admin-1", "why": WHY}
    with pytest.raises(OrderNotCancellable):
        saga.cancel_order(
            after, reason=CancelReason.CANCELLED_BY_CUSTOMER, gateway=gateway, deadline=Deadline(8)
        )
    assert "was shipped" in told(admin, do(admin, CANCEL, order))
    assert Order.objects.get(pk=order.pk).status == OrderStatus.PROCESSING
    assert mug.stock == 3


@pytest.mark.mysql
def test_of_shipping_and_cancelling_at_once_one_wins_whole(admin, buy, mug):
    order = buy(mug, 2)

    together(
        [
            lambda: do(admin, SHIP, order, tracking_number="1Z"),
            lambda: do(admin, CANCEL, order),
        ]
        * 3
    )

    after = Order.objects.get(pk=order.pk)
    assert after.step == Step.DONE
    outcomes = {("PROCESSING", True, Decimal(0)), ("CANCELLED", False, Decimal("25.00"))}
    kept = MockLedgerEntry.objects.get().refunded
    assert (after.status, after.shipped_at is not None, kept) in outcomes
    assert history(after).count("shipped") == (after.status == "PROCESSING")
    mug.assert_books_balance()


@pytest.mark.parametrize("state", ["stuck", "cancelled"])
def test_what_is_not_paid_is_not_shipped(admin, buy, mug, stuck, state):
    order = stuck
    if state == "cancelled":
        do(admin, CANCEL, stuck)

    assert "Only a paid order" in told(admin, do(admin, SHIP, order, tracking_number="1Z"))
    assert Order.objects.get(pk=order.pk).shipped_at is None

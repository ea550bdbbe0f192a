"""What is kept of a day follows its orders, whatever happens to them later, or while it is worked out."""

from decimal import Decimal

import pytest

from orders import rollup
from orders.daily import ChangedDay, DailyFigures, DailySales
from orders.models import Order
from orders.staff import Mandate, cancel, retry
from orders.states import OrderStatus, Step
from shop.deadline import Deadline
from tests.integration.orders.days import NOON, by_rollup, by_sql, notes, report, seen
from tests.past import past_order

pytestmark = [pytest.mark.mysql, pytest.mark.django_db]
MANDATE = Mandate(by="ann", why="because")


# ---- what happens later ------------------------------------------------------------------------------------------


@pytest.mark.dynamodb
def test_a_sale_that_is_cancelled_weeks_later_leaves_its_day(buy, mug, gateway):
    order = buy(mug, 2)
    Order.objects.filter(pk=order.pk).update(created_at=NOON)
    order.refresh_from_db()
    assert (seen()[0][NOON.date()].paid, notes()) == (1, [])
    assert [line.units for line in report("product").lines] == [2]

    cancel(order, mandate=MANDATE, gateway=gateway, deadline=Deadline(8))

    assert notes() == [NOON.date()]
    day = seen()[0][NOON.date()]
    assert (day.orders, day.paid, day.cancelled, day.revenue, day.version) == (1, 0, 1, 0, 2)
    assert report("product").lines == report("category").lines == []
    assert notes() == []


@pytest.mark.dynamodb
def test_an_order_that_settles_on_another_day_counts_on_the_day_it_was_placed(buy, mug, gateway, settings):
    settings.ORDER_GIVE_UP_MINUTES = 10**7
    order = buy(mug, 2, email="ann+timeout@example.com")
    Order.objects.filter(pk=order.pk).update(created_at=NOON, lease_until=NOON)
    order.refresh_from_db()
    day = seen()[0][NOON.date()]
    assert (day.unsettled, day.paid, day.settled_p50_ms) == (1, 0, None)

    retry(order, mandate=MANDATE, gateway=gateway, deadline=Deadline(8))

    day = seen()[0][NOON.date()]
    assert (day.unsettled, day.paid, day.revenue) == (0, 1, Decimal("25.00"))
    assert by_rollup(day) == by_sql(NOON.date())
    assert report("day").total.units == 2


@pytest.mark.dynamodb
def test_todays_orders_leave_no_note_and_know_when_they_settled_and_what_they_were_of(
    buy, make_product, gateway
):
    order = buy(make_product(category="Kitchen"), 1)
    settled_at = Order.objects.get(pk=order.pk).settled_at
    cancel(order, mandate=MANDATE, gateway=gateway, deadline=Deadline(8))

    order.refresh_from_db()
    assert notes() == []
    assert order.created_at < settled_at == order.settled_at
    assert order.items.get().category == "Kitchen"


# ---- at the same time --------------------------------------------------------------------------------------------


def test_a_change_that_commits_while_a_day_is_counted_causes_another_round(monkeypatch):
    order = past_order(NOON)
    count = rollup.count_day

    def counted_too_early(day):
        figures = count(day)
        monkeypatch.setattr(rollup, "count_day", count)
        Order.objects.filter(pk=order.pk).update(status=OrderStatus.CANCELLED, step=Step.DONE)
        ChangedDay.objects.create(day=day)
        return figures

    monkeypatch.setattr(rollup, "count_day", counted_too_early)
    assert rollup.roll_up(NOON.date())
    assert (DailyFigures.objects.get().paid, notes()) == (1, [NOON.date()])

    assert seen()[0][NOON.date()].paid == 0
    assert notes() == []


@pytest.mark.parametrize("kept_before", [False, True])
def test_of_two_who_work_a_day_out_the_slower_keeps_nothing(monkeypatch, kept_before):
    order = past_order(NOON)
    if kept_before:
        rollup.roll_up(NOON.date())
    count = rollup.count_day

    def overtaken(day):
        figures = count(day)
        monkeypatch.setattr(rollup, "count_day", count)
        order.items.update(quantity=5)
        Order.objects.filter(pk=order.pk).update(total=Decimal("62.50"))
        assert rollup.roll_up(day)
        return figures

    monkeypatch.setattr(rollup, "count_day", overtaken)

    assert not rollup.roll_up(NOON.date())
    assert DailyFigures.objects.get().revenue == Decimal("62.50")
    assert sorted(DailySales.objects.values_list("kind", "units")) == [("category", 5), ("product", 5)]

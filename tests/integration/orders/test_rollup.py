"""What is kept of a day is what SQL says about its orders, and stays so whatever happens to them later."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders import rollup, sales
from orders.background import background_loops
from orders.daily import ChangedDay, DailyFigures, DailySales
from orders.errors import SalesNotReady
from orders.models import Order, database_now
from orders.staff import Mandate, cancel, retry
from orders.states import CancelReason, OrderStatus, Step
from shop.background import Pulse
from shop.deadline import Deadline
from tests.past import SQL_DAY, SQL_SALES, SQL_TIMES, past_order, some_days

pytestmark = [pytest.mark.mysql, pytest.mark.django_db]
FIRST, LAST = date(2026, 3, 1), date(2026, 3, 4)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MANDATE = Mandate(by="ann", why="because")


def ask(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [tuple(row) for row in cursor.fetchall()]


def by_sql(day):
    """The day's figures, by plain SQL and a sorted list."""
    (counts,) = ask(SQL_DAY, day)
    times = [row[0] for row in ask(SQL_TIMES, day)]

    def rank(percent):
        return times[max(-(-len(times) * percent // 100) - 1, 0)] if times else None

    return (*counts, rank(50), rank(95))


def by_rollup(figures):
    return (
        *(figures.orders, figures.paid, figures.declined, figures.out_of_stock, figures.cancelled),
        *(figures.unsettled, figures.revenue, figures.settled_p50_ms, figures.settled_p95_ms),
    )


def seen(first=FIRST, last=LAST, *, seconds=30):
    days, missing = rollup.figures_of(first, last, still_open=rollup.open_days(), deadline=Deadline(seconds))
    return days, missing


def report(group, first=FIRST, last=LAST, *, seconds=30):
    return sales.report(first, last, group=group, deadline=Deadline(seconds))


def notes():
    return list(ChangedDay.objects.values_list("day", flat=True))


# ---- the same as SQL ---------------------------------------------------------------------------------------------


def test_every_figure_of_closed_days_is_what_sql_says():
    some_days(FIRST, 4)

    days, missing = seen()

    assert missing == set()
    assert {day: by_rollup(figures) for day, figures in days.items()} == {
        day: by_sql(day) for day in rollup.each_day(FIRST, LAST)
    }
    assert min(figures.orders for figures in days.values()) == 27


@pytest.mark.parametrize(("group", "key"), [("product", "i.product_id"), ("category", "i.category")])
def test_every_sum_of_a_report_is_what_sql_says(group, key):
    some_days(FIRST, 4)
    past_order(datetime(2026, 3, 5, tzinfo=UTC))  # after the range, by no time at all

    found = report(group)

    wanted = [
        (row[0], int(row[1]), int(row[2]), row[3]) for row in ask(SQL_SALES.format(key=key), FIRST, LAST)
    ]
    assert [(line.key, line.orders, line.units, line.revenue) for line in found.lines] == sorted(wanted)
    assert sum(line.revenue for line in found.lines) == found.total.revenue
    assert sum(line.units for line in found.lines) == found.total.units


def test_the_days_of_a_report_are_all_there_and_come_to_the_total():
    past_order(NOON, lines=(0, 2))

    found = report("day", FIRST, date(2026, 3, 3))

    assert [(line.key, line.orders, line.units, line.revenue) for line in found.lines] == [
        ("2026-03-01", 0, 0, Decimal("0.00")),
        ("2026-03-02", 1, 3, Decimal("26.99")),
        ("2026-03-03", 0, 0, Decimal("0.00")),
    ]
    assert (found.total.orders, found.total.units, found.total.revenue) == (1, 3, Decimal("26.99"))


def test_today_is_counted_at_each_look_and_kept_nowhere():
    today = database_now().date()
    past_order(database_now(), lines=(0, 1))
    past_order(database_now(), status=OrderStatus.CANCELLED, reason=CancelReason.PAYMENT_DECLINED)

    days, _ = seen(today, today)
    found = {group: report(group, today, today + timedelta(days=400)) for group in sales.GROUPS}

    assert by_rollup(days[today]) == by_sql(today)
    assert [(line.key, line.units, line.revenue) for line in found["day"].lines] == [
        (f"{today}", 3, Decimal("64.95"))
    ]
    assert [(line.key, line.units) for line in found["product"].lines] == [("prod_mug", 2), ("prod_pot", 1)]
    assert [(line.key, line.orders) for line in found["category"].lines] == [("Kitchen", 1)]
    assert not DailyFigures.objects.exists()
    assert not DailySales.objects.exists()


def test_a_range_over_yesterday_and_today_joins_what_is_kept_and_what_is_live(monkeypatch):
    now = datetime(2026, 3, 3, 9, tzinfo=UTC)
    monkeypatch.setattr(rollup, "database_now", lambda: now)
    past_order(NOON), past_order(now - timedelta(hours=1))

    found = report("product", FIRST, LAST)

    assert [(line.key, line.orders, line.units, line.revenue) for line in found.lines] == [
        ("prod_mug", 2, 4, Decimal("50.00"))
    ]
    assert [line.key for line in report("day", FIRST, LAST).lines] == [
        "2026-03-01",
        "2026-03-02",
        "2026-03-03",
    ]
    assert set(DailyFigures.objects.values_list("day", flat=True)) == {date(2026, 3, 2)}


def test_a_renamed_product_has_its_newest_name_and_a_missing_category_says_so():
    older, newer = past_order(NOON, lines=(3,)), past_order(NOON + timedelta(days=1), lines=(3,))
    older.items.update(product_name="Zebra")
    newer.items.update(product_name="Antelope")

    assert [(line.key, line.name) for line in report("product").lines] == [("prod_old", "Antelope")]
    assert [(line.key, line.name) for line in report("category").lines] == [("", "(not recorded)")]


@pytest.mark.parametrize("now", [datetime(2026, 3, 2, 13, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC)])
def test_what_differs_in_case_or_an_accent_alone_is_two_whether_live_or_kept(monkeypatch, now):
    monkeypatch.setattr(rollup, "database_now", lambda: now)
    for code, name, category in (
        ("prod_a", "Small", "cafe"),
        ("prod_A", "Large", "Cafe"),
        ("prod_B", "B", "Caf\u00e9"),
    ):
        past_order(NOON).items.update(product_id=code, product_name=name, category=category)

    assert [(line.key, line.name, line.units) for line in report("product").lines] == [
        ("prod_A", "Large", 2),
        ("prod_B", "B", 2),
        ("prod_a", "Small", 2),
    ]
    assert [(line.key, line.units) for line in report("category").lines] == [
        ("Cafe", 2),
        ("Caf\u00e9", 2),
        ("cafe", 2),
    ]


# ---- kept once ---------------------------------------------------------------------------------------------------


def test_a_day_is_worked_out_once():
    some_days(FIRST, 2)
    first, _ = seen()

    with CaptureQueriesContext(connection) as queries:
        second, _ = seen()

    assert {day: by_rollup(figures) for day, figures in second.items()} == {
        day: by_rollup(figures) for day, figures in first.items()
    }
    assert not [entry["sql"] for entry in queries if entry["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert set(DailyFigures.objects.values_list("version", flat=True)) == {1}


def test_a_day_closes_some_minutes_after_midnight(monkeypatch):
    past_order(NOON)
    now = datetime(2026, 3, 3, 0, 4, 59, tzinfo=UTC)
    monkeypatch.setattr(rollup, "database_now", lambda: now)

    assert rollup.open_days() == {date(2026, 3, 2), date(2026, 3, 3)}
    assert seen()[0][date(2026, 3, 2)].orders == 1
    assert not DailyFigures.objects.exists()

    now += timedelta(seconds=2)
    assert rollup.open_days() == {date(2026, 3, 3)}
    assert seen()[0][date(2026, 3, 2)].orders == 1
    assert DailyFigures.objects.get().day == date(2026, 3, 2)


def test_without_time_a_day_is_missing_and_a_report_says_when_to_come_back():
    some_days(FIRST, 2)

    days, missing = seen(seconds=0)

    assert missing == {date(2026, 3, day) for day in (1, 2, 3, 4)}
    assert days == {}
    with pytest.raises(SalesNotReady, match="4 days"):
        report("day", seconds=0)
    assert not DailyFigures.objects.exists()


def test_the_background_process_works_all_closed_days_out(settings):
    settings.ORDER_QUEUE_URL = ""
    past_order(NOON)
    (loop,) = [loop for loop in background_loops(threads=1) if loop.name == "sales"]
    pulse = Pulse("sales", silent_seconds=1)
    pulse.pause = lambda seconds: pulse.stop()  # type: ignore[method-assign]

    rollup.roll_up(date(2026, 3, 3))
    pulse_run = loop.run
    # The loop closes its connection at the end, which a test's transaction would not survive.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shop.background.connection.close", lambda: None)
        patch.setattr("shop.background.close_old_connections", lambda: None)
        pulse_run(pulse)

    assert DailyFigures.objects.get(day=date(2026, 3, 2)).paid == 1
    assert DailyFigures.objects.count() == (database_now().date() - date(2026, 3, 2)).days


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

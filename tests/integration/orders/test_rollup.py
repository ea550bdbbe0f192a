"""What is kept of a day is what SQL says about its orders, and is worked out once."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders import rollup, sales
from orders.background import background_loops
from orders.daily import DailyFigures, DailySales
from orders.errors import SalesNotReady
from orders.models import database_now
from orders.states import CancelReason, OrderStatus
from shop.background import Pulse
from tests.integration.orders.days import FIRST, LAST, NOON, ask, by_rollup, by_sql, report, seen
from tests.past import SQL_SALES, past_order, some_days

pytestmark = [pytest.mark.mysql, pytest.mark.django_db]


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


# ---- in pieces ---------------------------------------------------------------------------------------------------


def test_a_day_in_pieces_comes_to_what_it_is_as_a_whole(monkeypatch):
    some_days(FIRST, 4)
    for _ in range(6):
        past_order(NOON, settled_ms=10)  # all of one moment
    whole = {group: report(group).lines for group in sales.GROUPS}
    DailyFigures.objects.all().delete()

    monkeypatch.setattr(rollup, "PIECE", 4)
    days, missing = seen()

    assert missing == set()
    assert {day: by_rollup(figures) for day, figures in days.items()} == {
        day: by_sql(day) for day in rollup.each_day(FIRST, LAST)
    }
    assert {group: report(group).lines for group in sales.GROUPS} == whole


def test_of_two_names_of_a_product_the_last_by_the_alphabet_counts_in_whichever_piece_it_is(monkeypatch):
    monkeypatch.setattr(rollup, "PIECE", 1)
    for number, name in enumerate(("Jug", "Mug", "Cup")):
        order = past_order(NOON + timedelta(seconds=number))
        order.items.update(product_name=name)

    assert [(line.name, line.orders) for line in report("product").lines] == [("Mug", 3)]


def test_a_piece_holds_so_many_orders_and_no_more_but_for_those_of_one_moment(monkeypatch):
    monkeypatch.setattr(rollup, "PIECE", 2)
    second = timedelta(seconds=1)
    for moment in (NOON, NOON + second, NOON + 2 * second, *[NOON + 3 * second] * 3, NOON + 4 * second):
        past_order(moment)

    pieces = list(rollup._pieces(NOON.date()))

    assert [rollup._placed(*piece).count() for piece in pieces] == [2, 1, 3, 1]
    assert [end for _, end in pieces[:-1]] == [begin for begin, _ in pieces[1:]]
    assert (pieces[0][0], pieces[-1][1]) == (NOON - timedelta(hours=12), NOON + timedelta(hours=12))


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

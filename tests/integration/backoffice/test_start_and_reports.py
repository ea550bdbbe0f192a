"""The start page and the sales report: their numbers are SQL's, and everybody sees what is theirs."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.backoffice import reports, start
from orders.daily import DailyFigures
from orders.models import Order, database_now
from orders.states import CancelReason, OrderStatus, Step
from products.errors import CatalogueUnavailable
from tests.past import SQL_DAY, past_order, some_days

pytestmark = [pytest.mark.mysql, pytest.mark.django_db]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SALES = "/admin/reports/sales/"
MARCH = "first=2026-03-01&last=2026-03-03"


@pytest.fixture(autouse=True)
def shelves(monkeypatch):
    """No DynamoDB here: a catalogue of three products, those of them that are short of stock."""
    low: list[SimpleNamespace] = []
    look = SimpleNamespace(found=low, looked_at=3, position=None)
    monkeypatch.setattr(start, "look_through", lambda *_, **__: look)
    return low


def table(page, key):
    """The rows of a chart's table."""
    (body,) = re.findall(rf'id="table-{key}".*?<tbody>(.*?)</tbody>', page, re.S)
    return [
        re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", body, re.S)
    ]


def tiles(page):
    found = re.findall(r"<dt>([^<]*)</dt><dd><strong[^>]*>([^<]*)</strong>", page)
    return dict(found)


# ---- start -------------------------------------------------------------------------------------------------------


def test_the_charts_say_what_sql_says_about_thirty_days(support):
    today = database_now().date()
    some_days(today - timedelta(days=3), 3, per_day=20)
    past_order(database_now(), lines=(0, 1))

    page = support.get("/admin/").content.decode()

    orders, revenue, outcomes = (table(page, key) for key in ("orders", "revenue", "outcomes"))
    assert [row[0] for row in orders] == [f"{today - timedelta(days=ago)}" for ago in range(29, -1, -1)]
    with connection.cursor() as cursor:
        for number, (day, count) in enumerate(orders):
            cursor.execute(SQL_DAY, [day])
            all_of_them, paid, declined, sold_out, later, unsettled, money = cursor.fetchone()
            assert count == f"{all_of_them:,}"
            assert revenue[number] == [day, f"{money:,.2f}"]
            parts = (paid, unsettled, later, sold_out, declined)
            shares = [f"{100 * float(part) / all_of_them:.1f}" if all_of_them else "–" for part in parts]
            assert outcomes[number] == [day, *shares]
    assert sum(int(count) for _, count in orders) == 67
    assert len(table(page, "settling")) == 30


def test_the_tiles_are_todays(support):
    moment = database_now()
    past_order(moment, lines=(0, 1))
    past_order(moment, status=OrderStatus.CANCELLED, reason=CancelReason.PAYMENT_DECLINED)
    past_order(moment, status=OrderStatus.CANCELLED, reason=CancelReason.OUT_OF_STOCK)
    past_order(moment, status=OrderStatus.CANCELLED, reason=CancelReason.OUT_OF_STOCK)
    past_order(moment, status=OrderStatus.PENDING, step=Step.CHARGING)

    page = support.get("/admin/").content.decode()

    assert tiles(page) == {
        "Orders today": "5",
        "Revenue today": "64.95 USD",
        "Paid": "25.0 %",
        "Declined": "25.0 %",
        "Out of stock": "50.0 %",
    }


def test_the_oldest_unsettled_order_is_linked_and_a_late_cancellation_waits_since_it_began(support):
    now = database_now()
    late = past_order(now - timedelta(days=9), step=Step.ABORT)
    Order.objects.filter(pk=late.pk).update(cancel_requested_at=now - timedelta(minutes=2))
    stuck = past_order(now - timedelta(minutes=5), status=OrderStatus.PENDING, step=Step.CHARGING)

    assert f'href="/admin/orders/order/{stuck.pk}/change/">#{stuck.pk}</a>, waiting for 5 min' in str(
        support.get("/admin/").content
    )
    Order.objects.filter(pk=stuck.pk).update(step=Step.DONE)
    assert f"#{late.pk}</a>, waiting for 2 min" in str(support.get("/admin/").content)
    Order.objects.filter(pk=late.pk).update(step=Step.DONE)
    assert "All orders are settled." in str(support.get("/admin/").content)


def test_low_stock_is_listed_the_lowest_first(support, shelves):
    shelves += [
        SimpleNamespace(name=name, product_id=f"prod_{name}", stock=stock)
        for name, stock in (("Pot", 7), ("Mug", 0))
    ]

    page = support.get("/admin/").content.decode()

    low = re.search(r'class="bo-shelf">(.*?)</ul>', page, re.S)
    assert low
    assert re.findall(r"<strong>(\d+)</strong>", low[1]) == ["0", "7"]
    assert page.index("prod_Mug") < page.index("prod_Pot")


def test_the_page_is_there_while_dynamodb_is_not(support, monkeypatch):
    def silent(*_, **__):
        raise CatalogueUnavailable("no")

    monkeypatch.setattr(start, "look_through", silent)

    assert "DynamoDB does not answer" in support.get("/admin/").content.decode()


def test_days_there_was_no_time_for_are_gaps_and_the_page_says_so(support, monkeypatch):
    today = database_now().date()
    past_order(database_now() - timedelta(days=3))
    monkeypatch.setattr(start, "ADD_UP_SECONDS", 0.0)

    page = support.get("/admin/").content.decode()

    assert "3 days still being added up" in page
    assert [row[1] for row in table(page, "orders")] == ["0"] * 26 + ["–"] * 3 + ["0"]
    assert not DailyFigures.objects.filter(day__lt=today).exists()


def test_without_the_permission_there_are_links_alone(staff):
    past_order(database_now())

    page = staff("nobody").get("/admin/").content.decode()

    assert tiles(page) == {}
    assert "bo-drawing" not in page
    assert "Your account has no role yet" in page


def test_the_queries_of_the_start_page_do_not_grow_with_the_orders(support):
    def statements():
        with CaptureQueriesContext(connection) as queries:
            support.get("/admin/")
        return [entry["sql"] for entry in queries if "orders" in entry["sql"] or "daily" in entry["sql"]]

    today = database_now().date()
    some_days(today - timedelta(days=4), 4, per_day=2)
    statements()
    few = statements()
    some_days(today, 1, per_day=30)
    many = statements()

    assert len(few) == len(many) <= 12


# ---- reports -----------------------------------------------------------------------------------------------------


def test_a_report_shows_the_best_first_and_the_total(support):
    past_order(NOON, lines=(0, 1, 2)), past_order(NOON, lines=(1,))

    page = support.get(f"{SALES}?{MARCH}&group=product").content.decode()

    rows = re.findall(r'<th scope="row">(.*?)</th>(.*?)</tr>', page.split('id="sales"')[1], re.S)
    cells = [(re.sub("<.*?>", "", name), *re.findall(r">([\d.,]+)<", rest)) for name, rest in rows]
    assert cells == [
        ("Pot prod_pot", "2", "3", "119.85"),
        ("Mug prod_mug", "1", "2", "25.00"),
        ("Pen prod_pen", "1", "1", "1.99"),
        ("Total", "2", "6", "146.84"),
    ]
    assert "<title>Pot: 119.85</title>" in page


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("first=2026-03-02&last=2026-03-01", "The first day is after the last."),
        ("first=2025-01-01&last=2026-03-01", "At most 366 days."),
        ("first=0001-01-01&last=0001-01-02", "Days from 2000-01-01 to 2999-12-31."),
        ("first=yesterday", "Enter a valid date."),
        ("group=hour", "Select a valid choice."),
    ],
)
def test_a_range_that_is_none_is_explained(support, query, words):
    page, file = support.get(f"{SALES}?{query}"), support.get(f"{SALES}csv/?{query}")

    assert (page.status_code, file.status_code) == (200, 400)
    assert words in page.content.decode()
    assert words in file.content.decode()
    assert 'id="sales"' not in page.content.decode()


def test_the_export_has_every_line_and_no_formula(support, monkeypatch):
    monkeypatch.setattr(reports, "MOST_LINES", 1)
    order = past_order(NOON, lines=(0, 1))
    order.items.filter(product_id="prod_mug").update(product_name="=1+1")

    page = support.get(f"{SALES}?{MARCH}&group=product").content.decode()
    answer = support.get(f"{SALES}csv/?{MARCH}&group=product")
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode(), newline="")))

    assert "1 more are in the export." in page
    assert f'href="{SALES}csv/?first=2026-03-01&amp;last=2026-03-03&amp;group=product"' in page
    assert (
        answer["Content-Disposition"] == 'attachment; filename="sales-by-product-2026-03-01-2026-03-03.csv"'
    )
    assert rows == [
        ["product", "name", "orders", "units", "revenue", "currency"],
        ["prod_mug", "'=1+1", "1", "2", "25.00", "USD"],
        ["prod_pot", "Pot", "1", "1", "39.95", "USD"],
    ]


def test_a_report_that_is_not_ready_says_so(support, monkeypatch):
    past_order(NOON)
    monkeypatch.setattr(reports, "ADD_UP_SECONDS", 0.0)

    page, file = support.get(f"{SALES}?{MARCH}"), support.get(f"{SALES}csv/?{MARCH}")

    assert "still being added up" in page.content.decode()
    assert (file.status_code, file["Retry-After"]) == (503, "10")

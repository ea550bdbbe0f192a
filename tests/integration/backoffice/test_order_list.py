"""The list of orders: found by what one knows of them, a page at a time, never counted."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import Order, OrderItem
from orders.states import OrderStatus, Step

pytestmark = [pytest.mark.django_db]
LIST = "/admin/orders/order/"
NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)


@pytest.fixture
def orders(db):
    """Make rows that nobody placed: newest last."""

    def make(count, **fields):
        first = Order.objects.count()
        rows = [
            Order(
                user_id="u", currency="USD", item_count=1,
                **{
                    "user_email": f"c{number}@example.com", "total": Decimal(number), "status": OrderStatus.PROCESSING, "step": Step.DONE,
                    "created_at": NOON + timedelta(minutes=number), **fields,
                },
            )
            for number in range(first, first + count)
        ]  # fmt: skip
        Order.objects.bulk_create(rows)
        return list(Order.objects.order_by("-pk")[:count])[::-1]

    return make


@pytest.fixture
def item():
    def make(order, product_id, name="Thing"):
        OrderItem.objects.create(order=order, product_id=product_id, product_name=name, quantity=1, price=1)

    return make


def numbers(client, query=""):
    answer = client.get(f"{LIST}?{query}")
    assert answer.status_code == 200, answer
    return [order.pk for order in answer.context["cl"].result_list]


def pks(*orders):
    return [order.pk for order in orders]


# ---- paging ----------------------------------------------------------------------------------------------------


def test_a_page_holds_fifty_the_newest_first_and_knows_whether_another_follows(support, orders):
    made = orders(120)
    newest = [order.pk for order in reversed(made)]

    pages = [support.get(f"{LIST}?p={page}") for page in (1, 2, 3, 4)]

    shown = [[order.pk for order in page.context["cl"].result_list] for page in pages]
    assert shown == [newest[:50], newest[50:100], newest[100:], []]
    assert ['rel="next"' in page.content.decode() for page in pages] == [True, True, False, False]
    assert ['rel="prev"' in page.content.decode() for page in pages] == [False, True, True, True]


def test_the_last_page_that_may_be_asked_for_leads_to_the_days(support, orders, monkeypatch):
    monkeypatch.setattr("orders.backoffice.paging.LAST_PAGE", 2)
    orders(120)

    text = support.get(f"{LIST}?p=99").content.decode()

    assert "choose their days" in text
    assert 'rel="next"' not in text


def test_nothing_is_counted_and_a_longer_list_takes_no_more_queries(support, orders, item):
    for order in orders(3):
        item(order, "p1")

    def statements(query=""):
        with CaptureQueriesContext(connection) as seen:
            support.get(f"{LIST}?{query}")
        return [entry["sql"] for entry in seen]

    support.get(LIST)  # content types are remembered from then on
    few = {query: len(statements(query)) for query in ("", "status__exact=PENDING", "product=p1", "q=c1@")}
    orders(60)
    many = {query: len(statements(query)) for query in few}

    assert few == many
    assert max(many.values()) <= 8
    assert not [sql for sql in statements() if "COUNT(" in sql.upper()]


# ---- filters ---------------------------------------------------------------------------------------------------


def test_the_filters_narrow_down_alone_and_together(support, orders, item):
    paid, other = orders(2)
    (late,) = orders(1, created_at=NOON + timedelta(days=40), total=Decimal("250.00"))
    (lost,) = orders(
        1, status=OrderStatus.CANCELLED, cancel_reason="out_of_stock", created_at=NOON - timedelta(days=1)
    )
    item(paid, "mug"), item(paid, "pot"), item(late, "mug"), item(lost, "mug")

    assert numbers(support, "status__exact=CANCELLED") == pks(lost)
    assert numbers(support, "cancel_reason__exact=out_of_stock") == pks(lost)
    assert numbers(support, "cancel_reason__exact=timed_out") == []
    assert numbers(support, "placed_from=2026-03-15&placed_to=2026-03-15") == pks(other, paid)
    assert numbers(support, "placed_to=2026-03-14") == pks(lost)
    assert numbers(support, "total_from=2") == pks(late, lost)[:1] + ([lost.pk] if lost.total >= 2 else [])
    assert numbers(support, "total_from=249.99&total_to=250.00") == pks(late)
    assert numbers(support, "product=mug") == pks(lost, late, paid)
    assert numbers(support, "product=mug&status__exact=PROCESSING") == pks(late, paid)
    assert numbers(support, "product=mug&placed_from=2026-04-01") == pks(late)


@pytest.mark.parametrize(
    "query",
    [
        "placed_from=x",
        "placed_to=99999-01-01",
        "total_from=NaN",
        "total_to=1e99",
        "total_from=-1",
        "p=x",
        "product=",
    ],
)
def test_what_cannot_be_read_narrows_nothing(support, orders, query):
    (order,) = orders(1)

    assert numbers(support, query) == [order.pk]


@pytest.mark.parametrize(
    "query", ["user_id__startswith=a", "payment__amount=1", "user_email__regex=(", "status__regex=.", "x=1"]
)
@pytest.mark.parametrize("page", [LIST, f"{LIST}export/", "/admin/users/staffevent/"])
def test_a_filter_that_is_none_of_ours_is_refused(admin, orders, page, query):
    orders(1)

    assert admin.get(f"{page}?{query}").status_code == 400


# ---- search ----------------------------------------------------------------------------------------------------


def test_an_order_is_found_by_number_uuid_address_and_product(support, orders, item):
    first, second, third = orders(3)
    Order.objects.filter(pk=third.pk).update(user_email="Zoe.Zed@Example.com")
    item(first, "prod_1", "Blue mug"), item(second, "prod_2", "Blue pot"), item(second, "prod_1", "Blue mug")

    assert numbers(support, f"q={second.pk}") == pks(second)
    assert numbers(support, f"q={third.uid}") == pks(third)
    assert numbers(support, "q=zoe.zed@example.com") == pks(third)
    assert numbers(support, "q=zoe.zed@exa") == pks(third)
    assert numbers(support, "q=zoe") == pks(third)
    assert numbers(support, "q=prod_1") == pks(second, first)
    assert numbers(support, "q=blue") == pks(second, first)
    assert numbers(support, "q=Blue+pot") == pks(second)
    assert numbers(support, "q=blue&status__exact=PENDING") == []


@pytest.mark.parametrize("words", ["0", "9" * 40, "zo", "%25", "_____", "nobody@", "é" * 5, "-1", "'; drop"])
def test_what_fits_nothing_finds_nothing(support, orders, words):
    orders(2)
    Order.objects.update(user_email="zoe@example.com")

    assert numbers(support, f"q={words}") == []


# ---- the way through the days ----------------------------------------------------------------------------------


def test_years_lead_to_months_and_those_to_days(support, orders):
    orders(1)
    orders(1, created_at=NOON.replace(year=2025))

    def links(query):
        answer = support.get(f"{LIST}?{query}")
        return [link.title for link in answer.context["days_up"]], answer.context["days_down"]

    up, years = links("status__exact=PROCESSING")
    assert (up, [link.title for link in years]) == (["All days"], ["2025", "2026"])
    up, months = links(years[1].query[1:])
    assert (up, len(months), months[2].title) == (["All days", "2026"], 12, "Mar")
    up, days = links(months[2].query[1:])
    assert (up, len(days)) == (["All days", "2026", "March"], 31)
    up, _ = links(days[14].query[1:])
    assert up == ["All days", "2026", "March", "15"]
    assert len(numbers(support, days[14].query[1:])) == 1
    assert "status__exact=PROCESSING" in days[14].query


# ---- what a row shows ------------------------------------------------------------------------------------------


def test_a_row_shows_money_customer_age_and_a_coloured_state(support, orders):
    orders(
        1, total=Decimal("1234.5"), status=OrderStatus.PENDING, step=Step.CHARGING, user_email="<i>@x.example"
    )

    text = support.get(LIST).content.decode()

    assert "1,234.50 USD" in text
    assert "&lt;i&gt;@x.example" in text
    assert re.search(r"\d+ d( \d+ h)?, open", text)
    assert re.search(r"bg-orange-100[^>]*>\s*PENDING", text)


# ---- from rows to an action ------------------------------------------------------------------------------------


def test_chosen_rows_lead_to_the_page_that_asks_why(staff, orders):
    first, second = orders(2)
    admin, support = staff("admin"), staff("support")

    answer = admin.post(LIST, {"action": "cancel_chosen", "_selected_action": [first.pk, second.pk]})
    refused = support.post(LIST, {"action": "cancel_chosen", "_selected_action": [first.pk]})

    assert (answer.status_code, answer["Location"]) == (
        302,
        f"/admin/orders/cancel/?order={second.pk}&order={first.pk}",
    )
    assert "cancel" not in refused.get("Location", "")
    assert set(Order.objects.values_list("status", flat=True)) == {"PROCESSING"}


# ---- export ----------------------------------------------------------------------------------------------------


def rows_of(answer):
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode(), newline="")))


def test_the_filtered_list_is_exported_whole_and_no_cell_is_a_formula(support, orders):
    orders(1203)
    (evil,) = orders(1, user_email="=HYPERLINK(1)@x.example", status=OrderStatus.CANCELLED)

    answer = support.get(f"{LIST}export/")
    rows = rows_of(answer)

    assert (answer["Content-Type"], answer["Content-Disposition"]) == (
        "text/csv; charset=utf-8",
        'attachment; filename="orders.csv"',
    )
    assert len(rows) == 1205
    assert rows[0][:3] == ["order", "uid", "status"]
    assert [int(row[0]) for row in rows[1:]] == list(
        Order.objects.order_by("-pk").values_list("pk", flat=True)
    )
    assert rows[1][5] == "'=HYPERLINK(1)@x.example"
    cancelled = rows_of(support.get(f"{LIST}export/?status__exact=CANCELLED"))
    assert [row[0] for row in cancelled[1:]] == [str(evil.pk)]


def test_the_export_holds_a_few_hundred_rows_at_a_time(support, orders):
    orders(1100)

    answer = support.get(f"{LIST}export/")
    with CaptureQueriesContext(connection) as seen:
        rows = rows_of(answer)

    assert len(rows) == 1101
    assert len(seen) == 3
    assert all("LIMIT 500" in entry["sql"] for entry in seen)


def test_the_export_of_one_product_and_of_a_search_is_that_list(support, orders, item):
    first, second, _ = orders(3)
    item(first, "mug"), item(second, "mug")

    for query in ("product=mug", "q=mug"):
        rows = rows_of(support.get(f"{LIST}export/?{query}"))
        assert [int(row[0]) for row in rows[1:]] == pks(second, first)

"""How MySQL answers the list's questions: by an index, from its end, a page's worth of rows. On some thousand orders."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import Order, OrderItem, database_now
from orders.states import OrderStatus, Step

pytestmark = [pytest.mark.mysql, pytest.mark.django_db]
LIST = "/admin/orders/order/"
COUNT = 6_000
PAGE = 51


@pytest.fixture(scope="module", autouse=True)
def many(django_db_setup, django_db_blocker):
    """Six thousand orders of ten products over a year, one in a hundred cancelled for lack of stock.

    For all tests of this file, and committed: ANALYZE ends any transaction.
    """
    with django_db_blocker.unblock():
        _fill()
        yield
        OrderItem.objects.all().delete()
        Order.objects.all().delete()


def _fill():
    now = database_now()
    Order.objects.bulk_create(
        (
            Order(
                user_id=f"u{number % 500}", user_email=f"c{number % 500}@example.com", currency="USD", item_count=1,
                total=Decimal(number), step=Step.DONE, created_at=now - timedelta(minutes=90 * (COUNT - number)),
                status=OrderStatus.CANCELLED if number % 100 == 0 else OrderStatus.PROCESSING,
                cancel_reason="out_of_stock" if number % 100 == 0 else "",
            )
            for number in range(COUNT)
        ),
        batch_size=1000,
    )  # fmt: skip
    OrderItem.objects.bulk_create(
        (
            OrderItem(
                order_id=pk,
                product_id=f"prod_{pk % 10}",
                product_name=f"Thing {pk % 10}",
                quantity=1,
                price=1,
            )
            for pk in Order.objects.values_list("pk", flat=True)
        ),
        batch_size=1000,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE TABLE orders, order_items")
        cursor.fetchall()


def questions(client, query):
    """The list's own statements about orders, as they were sent."""
    client.get(LIST)  # content types are remembered from then on
    with CaptureQueriesContext(connection) as seen:
        assert client.get(f"{LIST}?{query}").status_code == 200
    return [entry["sql"] for entry in seen if "`orders`" in entry["sql"] or "`order_items`" in entry["sql"]]


def keys_of(sql):
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN FORMAT=JSON {sql}")
        plan = json.loads(cursor.fetchone()[0])
    found: list[Any] = []

    def walk(node):
        if isinstance(node, dict):
            if "table_name" in node:
                found.append((node["table_name"], node.get("access_type"), node.get("key")))
            for name, child in node.items():
                if name == "filesort":
                    found.append(name)
                walk(child)
        elif isinstance(node, list):
            for child in node:
                walk(child)

    walk(plan)
    return found


def whole_tables(sql):
    """The tables that a statement reads from end to end; lists of numbers, which MariaDB calls tables too, left out."""
    plan = [entry for entry in keys_of(sql) if entry != "filesort"]
    return [table for table, access, _ in plan if access == "ALL" and not table.startswith("<")]


def rows_read(sql):
    """What the storage engine handed out for a statement."""

    def so_far():
        cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
        return sum(int(value) for _, value in cursor.fetchall())

    with connection.cursor() as cursor:
        asking = so_far()
        asking = so_far() - asking  # what the question itself reads
        before = so_far()
        cursor.execute(sql)
        cursor.fetchall()
        return so_far() - before - asking


@pytest.mark.parametrize(
    ("query", "index", "rows"),
    [
        ("", "orders_newest", PAGE),
        ("p=3", "orders_newest", 3 * PAGE),
        ("status__exact=CANCELLED", "orders_status_newest", PAGE),
        ("status__exact=PROCESSING", "orders_status_newest", PAGE),
        ("cancel_reason__exact=out_of_stock", "orders_reason_newest", PAGE),
        ("placed_from=2026-01-01", "orders_newest", PAGE),
        ("total_from=5990&total_to=5999", "orders_total", 30),
        ("product=prod_3", "order_items_product", 2 * PAGE),
        ("q=c7@example.com", "orders_email_newest", 30),
    ],
)
def test_the_list_is_read_along_an_index_and_no_further_than_the_page(support, query, index, rows):
    asked = questions(support, query)
    (sql,) = [sql for sql in asked if f"LIMIT {PAGE}" in sql]

    keys = keys_of(sql)

    assert index in {entry[2] for entry in keys if entry != "filesort"}, keys
    assert rows_read(sql) <= rows + 10
    for each in asked:
        assert not whole_tables(each), each


@pytest.mark.parametrize("words", ["thing 3", "prod_3", "c7", "Thing"])
def test_a_search_reads_a_bounded_number_of_rows_whatever_it_finds(support, words):
    asked = questions(support, f"q={words}")

    assert len(asked) <= 20
    for sql in asked:
        assert not whole_tables(sql), sql
        assert rows_read(sql) <= 2_500


def test_the_pages_of_the_export_go_down_the_primary_key(support):
    answer = support.get(f"{LIST}export/?status__exact=PROCESSING")
    with CaptureQueriesContext(connection) as seen:
        lines = sum(1 for _ in answer.streaming_content)

    assert lines == 1 + COUNT - COUNT // 100
    statements = [entry["sql"] for entry in seen]
    assert len(statements) == 12
    assert rows_read(statements[5]) <= 600

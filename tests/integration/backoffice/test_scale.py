"""The back office beside few orders and beside many: as many queries, and no more rows read than a page needs.

`make backoffice-scale` runs it with a million and writes the table into docs/backoffice.md.
"""

import os
import time
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest
from django.db import connection

from orders import rollup
from orders.backoffice import start
from orders.models import Order
from products.errors import CatalogueUnavailable
from shop.deadline import Deadline
from tests.chaos.report import machine
from tests.pages import replace_section
from tests.scale import CUSTOMERS, PRODUCTS, TODAYS, UNSETTLED, cost_of, empty, fill

pytestmark = [pytest.mark.mysql, pytest.mark.django_db(transaction=True)]
FEW, MANY = 1_000, int(os.environ.get("SCALE_ORDERS", "50000"))
DAYS = int(os.environ.get("SCALE_DAYS", "60"))
PAGE = Path("docs", "backoffice.md")
LIST, SALES = "/admin/orders/order/", "/admin/reports/sales/"
KINDS, SHOWN = 8, 51
FRAME = 120  # rows around every page: the session, the account, its roles


def pages(today):
    """What is asked for, and the most rows that it may read, whatever there is."""
    month = f"first={today - timedelta(days=29)}&last={today}"
    quarter = f"first={today - timedelta(days=89)}&last={today}"
    yesterday = today - timedelta(days=1)
    # Of today: each order for the figures and for the times, and each line of it twice for what was sold.
    live, sold = 6 * TODAYS, 16 * TODAYS
    return [
        ("orders, newest first", LIST, 2 * SHOWN),
        ("the third page", f"{LIST}?p=3", 4 * SHOWN),
        ("status: pending", f"{LIST}?status__exact=PENDING", 2 * SHOWN),
        ("reason: out of stock", f"{LIST}?cancel_reason__exact=out_of_stock", 2 * SHOWN),
        ("one day", f"{LIST}?placed_from={yesterday}&placed_to={yesterday}", 2 * SHOWN),
        ("totals from 500 to 509", f"{LIST}?total_from=500&total_to=509", 10_000),
        ("one product", f"{LIST}?product=prod_0000003", 3 * SHOWN),
        ("search: an address", f"{LIST}?q=c7@example.com", 2 * (MANY // CUSTOMERS) + SHOWN),
        ("search: a product's name", f"{LIST}?q=Thing+3", 40_000),
        ("search: a number", f"{LIST}?q=77", 10),
        ("one order", f"{LIST}77/change/", 60),
        ("start page", "/admin/", 4 * 30 + live + 2 * UNSETTLED),
        ("sales by day, 30 days", f"{SALES}?{month}", 4 * 30 + live + sold),
        (
            "sales by product, 90 days",
            f"{SALES}?{quarter}&group=product",
            4 * 90 + live + sold + 4 * 90 * PRODUCTS,
        ),
        (
            "sales by category, 90 days",
            f"{SALES}?{quarter}&group=category",
            4 * 90 + live + sold + 4 * 90 * KINDS,
        ),
    ]


def measured(client, count):
    """Every page's cost beside so many orders, and how long it took to fill the tables and to work all days out."""
    empty()
    began = time.perf_counter()
    fill(count, days=DAYS)
    filled = time.perf_counter() - began
    began = time.perf_counter()
    assert rollup.bring_up_to_date(date.min, date.max, deadline=Deadline(3600)) == set()
    rolled_up = time.perf_counter() - began
    with connection.cursor() as cursor:
        cursor.execute("SELECT UTC_DATE()")
        today = cursor.fetchone()[0]
    costs = {}
    for name, path, _ in pages(today):
        assert client.get(path).status_code == 200, (
            path
        )  # what is remembered from then on: content types, table spaces
        costs[name] = cost_of(partial(client.get, path))
    return costs, filled, rolled_up


@pytest.fixture(autouse=True)
def _emptied():
    """Not left to the end of the test: emptying a large table takes longer than a statement may."""
    yield
    empty()


@pytest.fixture
def no_catalogue(monkeypatch):
    def silent(*_, **__):
        raise CatalogueUnavailable("none is here")

    monkeypatch.setattr(start, "look_through", silent)
    monkeypatch.setattr("orders.backoffice.order_page.get_reservation", lambda *_, **__: None)


def test_nothing_costs_more_beside_many_orders_than_beside_few(staff, no_catalogue):
    admin = staff("admin")
    few, _, _ = measured(admin, FEW)

    many, filled, rolled_up = measured(admin, MANY)

    if os.environ.get("SCALE_REPORT"):
        write(few, many, filled=filled, rolled_up=rolled_up)
    assert Order.objects.count() == MANY + TODAYS
    queries = {name: (few[name].queries, cost.queries) for name, cost in many.items()}
    assert {name: two for name, two in queries.items() if two[0] != two[1]} == {}
    rows = {name: (many[name].rows, FRAME + most) for name, _, most in pages(date(2026, 1, 1))}
    assert {name: two for name, two in rows.items() if two[0] > two[1]} == {}


def write(few, many, *, filled, rolled_up):
    rows = [
        f"| {name} | {few[name].queries} | {many[name].queries} | {few[name].rows:,} | {many[name].rows:,} | {many[name].ms:.0f} |\n"
        for name in few
    ]
    text = (
        f"`make backoffice-scale`, {machine()}: {MANY:,} orders over {DAYS} days were written in {filled:.0f} s; working all "
        f"{DAYS} closed days out took {rolled_up:.1f} s, once.\n\n"
        f"| page | queries at {FEW:,} | at {MANY:,} | rows read at {FEW:,} | at {MANY:,} | ms at {MANY:,} |\n"
        f"|---|--:|--:|--:|--:|--:|\n{''.join(rows)}"
    )
    replace_section(PAGE, "<!-- generated: scale -->\n", text)

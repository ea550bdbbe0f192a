"""Fills the stores of one shop with as much as one likes and, at the end, reads its books; both within tests/bench/keeper.py."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from math import gcd
from typing import Any

import boto3
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import connection
from django.db.models import Sum
from django.test import Client

from orders import invariants
from orders.models import Order, OrderItem
from orders.payments.choice import payment_gateway
from orders.states import OrderStatus
from products.models import Product, create_missing_tables, now
from products.selectors import BATCH, get_products
from shop.pagination import encode_cursor
from tests import scale
from tests.bench.measure import progress
from tests.bench.stage import CATEGORIES, STOCK, ids_of, make_product
from tests.chaos import stores

DAYS = 365
ORDERS_EACH = 100  # about, of every customer: a shop that grows has more customers
OWNER = 1  # the customer whose orders are looked at
THREADS, PIECE = 4, 25  # DynamoDB takes 25 items at once

# By the primary key: the optimizer may know nothing yet of a table that has just been filled.
_OF_ORDERS = "FROM orders FORCE INDEX (PRIMARY) WHERE id BETWEEN %(first)s AND %(last)s"
_PAYMENTS = f"""
    INSERT INTO payments (order_id, gateway, reference, status, amount, refunded, currency, decline_code, created_at, updated_at)
    SELECT id, 'mock', uid, 'CAPTURED', total, 0, currency, '', settled_at, settled_at {_OF_ORDERS} AND status = 'PROCESSING'
"""
_LEDGER = f"""
    INSERT INTO mock_provider_ledger (`key`, status, amount, refunded, currency, decline_code, created_at)
    SELECT uid, 'CAPTURED', total, 0, currency, '', settled_at {_OF_ORDERS} AND status = 'PROCESSING'
"""
_KEYS = f"""
    INSERT INTO idempotency_keys (key_hash, fingerprint, order_uid, created_at)
    SELECT SHA2(id, 256), SHA2(uid, 256), uid, created_at {_OF_ORDERS}
"""
TABLES = ("orders", "order_items", "order_events", "payments", "mock_provider_ledger", "idempotency_keys")


def customers_of(orders: int) -> int:
    """Return how many customers place so many orders.

    Which outcome an order has goes by its number modulo 100; a number of customers that shares no divisor with it
    lets each of them have every outcome as often.
    """
    return next(number for number in range(max(orders // ORDERS_EACH, 1), 0, -1) if gcd(number, 100) == 1)


def rows_of(orders: int) -> dict[str, int]:
    """Return how many rows so many orders have: those of the past, and today's.

    Worked out here a second time, in another way, because MariaDB's fast way to fill an empty table is to be trusted
    with the measurement only after it has been counted.
    """
    numbers = range(orders + scale.TODAYS)
    paid = sum(number >= scale.UNSETTLED and number % 100 >= 8 for number in numbers)
    whole = len(numbers)
    return dict(
        zip(
            TABLES,
            (whole, whole + whole // 2, 3 * whole - scale.UNSETTLED, paid, paid, whole),
            strict=True,
        )
    )


def fill(*, orders: int, products: int) -> dict[str, Any]:
    """Fill the empty stores; show a bar.

    Returns:
        What the calls need that are to be measured: ``owner`` and its orders, ``cookie``, ``address`` and ``number`` to
        search for, ``cursor`` of a page in the middle; and ``rows``, ``seconds``.

    Raises:
        RuntimeError: the tables do not hold what they should.
    """
    began = time.monotonic()
    stores.prepare()
    create_missing_tables()
    wanted, put = rows_of(orders), Counter[str]()
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(_orders, orders, products), pool.submit(_products, products, put)]
        _watch(both, whole=sum(wanted.values()), products=products, put=put)
        for half in both:
            half.result()
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE TABLE {', '.join(TABLES)}")
        cursor.fetchall()
        held = {table: _count(cursor, table) for table in TABLES}
    if held != wanted:
        raise RuntimeError(f"the tables hold {held}, and should hold {wanted}")
    return {**_wanted_by_calls(orders, products), "rows": held, "seconds": time.monotonic() - began}


def _count(cursor: Any, table: str) -> int:
    cursor.execute(f"SELECT COUNT(*) FROM {table}")
    return int(cursor.fetchone()[0])


def _orders(orders: int, products: int) -> None:
    scale.fill(
        orders,
        days=DAYS,
        customers=customers_of(orders),
        products=products,
        chunk=orders,
        more=(_PAYMENTS, _LEDGER, _KEYS),
    )


def _products(products: int, put: Counter[str]) -> None:
    """Put products on the shelf, from several threads; without the movements, which no call here reads."""
    client: Any = boto3.client("dynamodb")
    forms = [make_product("", number, moment=now(), stock=STOCK).serialize() for number in range(CATEGORIES)]
    ids, lock = ids_of(products), threading.Lock()

    def write(start: int) -> None:
        names = ids[start : start + PIECE]
        items = [
            {**forms[number % CATEGORIES], "productId": {"S": name}, "listKey": {"S": name}}
            for number, name in enumerate(names, start)
        ]
        left = {Product.Meta.table_name: [{"PutRequest": {"Item": item}} for item in items]}
        while left:
            left = client.batch_write_item(RequestItems=left)["UnprocessedItems"]
        with lock:
            put["products"] += len(names)

    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(write, range(0, products, PIECE)):
            pass


def _watch(both: Any, *, whole: int, products: int, put: Counter[str]) -> None:
    """Show how far it is until both are done, going by rows and items alike."""
    began, before, shown = time.monotonic(), _written(), 0
    while not all(half.done() for half in both):
        time.sleep(1)
        rows = min(_written() - before, whole)
        percent = 100 * (rows + put["products"]) // (whole + products)
        if percent > shown:
            shown = percent
            progress(percent, 100, began, f"{rows:,} rows, {put['products']:,} products")
    print(file=sys.stderr)


def _written() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW GLOBAL STATUS LIKE 'Handler_write'")
        return int(cursor.fetchone()[1])


def _wanted_by_calls(orders: int, products: int) -> dict[str, Any]:
    owner = f"user-{OWNER % customers_of(orders)}"
    owned = Order.objects.filter(user_id=owner).order_by("pk")[:ORDERS_EACH]
    staff = User.objects.create_user("bench", "bench@example.com", is_staff=True)
    staff.groups.set(Group.objects.filter(name="admin"))
    browser = Client()
    browser.force_login(staff)
    name = settings.SESSION_COOKIE_NAME
    ids = ids_of(products)
    return {
        "owner": owner,
        "owned": list(owned.values_list("pk", flat=True)),
        "address": owned[0].user_email,
        "number": orders // 2,
        "cookie": f"{name}={browser.cookies[name].value}",
        "cursor": encode_cursor({"after": ids[products // 2]}, scope="products"),
    }


def books(*, orders: int, placed: int) -> list[str]:
    """Return what is wrong with the books after so many orders were placed beside so many that were filled in."""
    filled = rows_of(orders)["orders"]
    found = []
    if (new := Order.objects.filter(pk__gt=filled).count()) != placed:
        found.append(f"{placed} orders were answered with 201, and {new} are recorded")
    if (whole := Order.objects.count()) != filled + new:
        found.append(f"there were {filled} orders, {new} were added, and there are {whole}")
    sold = OrderItem.objects.filter(order_id__gt=filled, order__status=OrderStatus.PROCESSING)
    units = dict(sold.values_list("product_id").annotate(units=Sum("quantity")).order_by())
    found += _stock_faults(units)
    report = invariants.verify(gateway=payment_gateway(), quiet=True, newest=placed) if placed else None
    return [*found, *map(str, report.violations if report else ())]


def _stock_faults(sold: Mapping[str, int]) -> list[str]:
    ids = sorted(sold)
    pieces = (get_products(ids[start : start + BATCH]).items() for start in range(0, len(ids), BATCH))
    gone = {product_id: STOCK - product.stock for product_id, product in chain.from_iterable(pieces)}
    return [
        f"{product_id}: {units} units were sold, and {gone.get(product_id)} left the shelf"
        for product_id, units in sold.items()
        if gone.get(product_id) != units
    ]

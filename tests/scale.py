"""Fills the tables with as many orders as one likes, by INSERT … SELECT, and counts what a question to them reads.

For tests/integration/backoffice/test_scale.py, `make backoffice-scale` and `make bench-scale`. Nobody placed these orders.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import database_now

CHUNK = 100_000  # orders in one statement
AT_ONCE = 3  # tables that are filled from the orders
CUSTOMERS = 5_000
PRODUCTS = 200
TODAYS, UNSETTLED = 300, 20  # the same, however many there are in all
TABLES = (
    *("order_items", "order_events", "payments", "orders"),
    *("daily_sales", "daily_figures", "daily_changes"),
)
_DIGIT = "(SELECT 0 n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)"
# An order's outside name is of no order, so that each new one goes to another page of its index, as in a shop.
_UID = "INSERT(INSERT(MD5(n), 13, 1, '4'), 17, 1, '8')"
_ORDERS = f"""
    INSERT INTO orders (id, uid, user_id, user_email, status, step, cancel_reason, cancel_requested_reason, total, currency,
                        item_count, payment_method, metadata, request_id, lease_until, attempts, created_at, updated_at,
                        settled_at, tracking_number)
    SELECT n + 1, {_UID}, CONCAT('user-', n %% %(customers)s), CONCAT('c', n %% %(customers)s, '@example.com'),
           CASE WHEN n < {UNSETTLED} THEN 'PENDING' WHEN n %% 100 < 8 THEN 'CANCELLED' ELSE 'PROCESSING' END,
           CASE WHEN n < {UNSETTLED} THEN 'CHARGING' ELSE 'DONE' END,
           CASE WHEN n < {UNSETTLED} THEN '' WHEN n %% 100 < 4 THEN 'payment_declined' WHEN n %% 100 < 7 THEN 'out_of_stock'
                WHEN n %% 100 < 8 THEN 'cancelled_by_customer' ELSE '' END,
           '', 10 + n %% 500, 'USD', 1 + n %% 2, '', '{{}}', '', CASE WHEN n < {UNSETTLED} THEN %(now)s END, 0, placed, placed,
           CASE WHEN n < {UNSETTLED} THEN NULL ELSE placed + INTERVAL (300 + n * 7919 %% 2000) * 1000 MICROSECOND END, ''
    FROM (SELECT n, %(begin)s + INTERVAL FLOOR((n - %(zero)s) * %(pace)s) SECOND AS placed
          FROM <numbers> WHERE n < %(until)s) placed_orders
"""
_ITEMS = """
    INSERT INTO order_items (order_id, product_id, product_name, category, quantity, price)
    SELECT id, CONCAT('prod_', LPAD((id * 31 + line) %% %(products)s, 7, '0')), CONCAT('Thing ', (id * 31 + line) %% %(products)s),
           CONCAT('Kind ', (id * 31 + line) %% 8), 1 + line, CASE WHEN line = 0 THEN total - 6 * (item_count - 1) ELSE 3 END
    FROM orders, (SELECT 0 line UNION SELECT 1) AS two WHERE line < item_count AND id BETWEEN %(first)s AND %(last)s
"""
_EVENTS = """
    INSERT INTO order_events (order_id, seq, kind, status, step, detail, created_at)
    SELECT id, seq, ELT(seq, 'recorded', 'charging', LOWER(status)), CASE WHEN seq < 3 THEN 'PENDING' ELSE status END,
           ELT(seq, 'CREATED', 'CHARGING', step), '{}', CASE WHEN seq < 3 THEN created_at ELSE settled_at END
    FROM orders, (SELECT 1 seq UNION SELECT 2 UNION SELECT 3) AS three
    WHERE (seq < 3 OR settled_at IS NOT NULL) AND id BETWEEN %(first)s AND %(last)s
"""


@contextmanager
def patient(*, seconds: int = 600) -> Iterator[Any]:
    """Give a cursor on a connection that waits for so long."""
    own = connection.copy()
    waits = {"read_timeout": seconds, "write_timeout": seconds}
    own.settings_dict["OPTIONS"] = {**own.settings_dict["OPTIONS"], **waits}
    with closing(own), own.cursor() as cursor:
        cursor.execute(
            "SET FOREIGN_KEY_CHECKS = 0, UNIQUE_CHECKS = 0"
        )  # the rows are right, and this is faster
        yield cursor


def empty() -> None:
    """Take all orders away, with all that is kept of them."""
    with patient() as cursor:
        for table in TABLES:
            cursor.execute(f"TRUNCATE TABLE {table}")


def fill(
    count: int,
    *,
    days: int,
    customers: int = CUSTOMERS,
    products: int = PRODUCTS,
    chunk: int = CHUNK,
    more: Sequence[str] = (),
) -> None:
    """Place orders evenly over so many days before today, the oldest of them not settled, and some more today.

    Args:
        count: orders of the past, into empty tables.
        days: over how many days.
        customers: of whom each places as many.
        products: ``prod_0000000`` and so on, of which each is sold as often.
        chunk: orders in one statement. MariaDB writes what the first one brings to an empty table, and all its indexes, several times
            as fast as what comes later.
        more: what else to write of the orders ``%(first)s`` to ``%(last)s``.
    """
    now = database_now().replace(tzinfo=None)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    pace = {"begin": f"{midnight}", "zero": count, "pace": days * 86_400 / count, "now": now}
    whom = {"customers": customers, "products": products}
    todays = {**pace, "pace": (now - midnight).total_seconds() / TODAYS}
    for start in range(0, count, chunk):
        _place(first=start, until=min(start + chunk, count), more=more, **pace, **whom)
    _place(first=count, until=count + TODAYS, more=more, **todays, **whom)
    with patient() as cursor:
        cursor.execute("ANALYZE TABLE orders, order_items, order_events")
        cursor.fetchall()


def _place(*, first: int, until: int, more: Sequence[str], **values: Any) -> None:
    orders = _ORDERS.replace("<numbers>", _numbers(first, until - first))
    _write(orders, {**values, "until": until})
    with ThreadPoolExecutor(AT_ONCE) as pool:
        theirs = {**values, "first": first + 1, "last": until}
        for written in [pool.submit(_write, statement, theirs) for statement in (_EVENTS, _ITEMS, *more)]:
            written.result()


def _write(statement: str, values: Mapping[str, Any]) -> None:
    with patient(seconds=7200) as cursor:
        cursor.execute(statement, values)


def _numbers(first: int, count: int) -> str:
    """Return a table of at least so many numbers ``n`` from one on."""
    digits = range(len(str(count - 1)))
    value = " + ".join(f"{10**digit} * d{digit}.n" for digit in digits)
    return (
        f"(SELECT {first} + {value} AS n FROM {', '.join(f'{_DIGIT} d{digit}' for digit in digits)}) numbers"
    )


@dataclass(frozen=True)
class Cost:
    """What a question took.

    Attributes:
        queries: statements sent.
        rows: what the storage engine handed out.
        ms: milliseconds, for people: no test looks at them.
    """

    queries: int
    rows: int
    ms: float


def cost_of(ask: Callable[[], object]) -> Cost:
    """Ask, and count what it took on this thread's connection."""
    idle = -_handed_out() + _handed_out()  # what counting itself reads
    before = _handed_out()
    began = time.perf_counter()
    with CaptureQueriesContext(connection) as queries:
        ask()
    took = time.perf_counter() - began
    return Cost(len(queries), _handed_out() - before - idle, took * 1000)


def _handed_out() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
        return sum(int(value) for _, value in cursor.fetchall())

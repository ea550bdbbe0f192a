"""Fills the tables with as many orders as one likes, by INSERT … SELECT, and counts what a question to them reads.

For tests/integration/backoffice/test_scale.py and `make backoffice-scale`. Nobody placed these orders.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import database_now

CHUNK = 25_000  # orders in one statement
CUSTOMERS = 5_000
TODAYS, UNSETTLED = 300, 20  # the same, however many there are in all
TABLES = (
    *("order_items", "order_events", "payments", "orders"),
    *("daily_sales", "daily_figures", "daily_changes"),
)
_DIGIT = "(SELECT 0 n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)"
_NUMBERS = (
    f"(SELECT %s + a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n AS n FROM {_DIGIT} a, {_DIGIT} b, {_DIGIT} c, {_DIGIT} d,"
    " (SELECT 0 n UNION SELECT 1 UNION SELECT 2) e) numbers"
)
_ORDERS = f"""
    INSERT INTO orders (uid, user_id, user_email, status, step, cancel_reason, cancel_requested_reason, total, currency,
                        item_count, payment_method, metadata, request_id, lease_until, attempts, created_at, updated_at,
                        settled_at, tracking_number)
    SELECT CONCAT('00000000000040008000', LPAD(HEX(n), 12, '0')), CONCAT('user-', n %% {CUSTOMERS}), CONCAT('c', n %% {CUSTOMERS}, '@example.com'),
           CASE WHEN n < %s THEN 'PENDING' WHEN n %% 100 < 8 THEN 'CANCELLED' ELSE 'PROCESSING' END,
           CASE WHEN n < %s THEN 'CHARGING' ELSE 'DONE' END,
           CASE WHEN n < %s THEN '' WHEN n %% 100 < 4 THEN 'payment_declined' WHEN n %% 100 < 7 THEN 'out_of_stock'
                WHEN n %% 100 < 8 THEN 'cancelled_by_customer' ELSE '' END,
           '', 10 + n %% 500, 'USD', 1 + n %% 2, '', '{{}}', '', CASE WHEN n < %s THEN %s END, 0, placed, placed,
           CASE WHEN n < %s THEN NULL ELSE placed + INTERVAL (300 + n * 7919 %% 2000) * 1000 MICROSECOND END, ''
    FROM (SELECT n, %s + INTERVAL FLOOR((n - %s) * %s) SECOND AS placed FROM {_NUMBERS} WHERE n < %s) placed_orders
"""
_ITEMS = """
    INSERT INTO order_items (order_id, product_id, product_name, category, quantity, price)
    SELECT id, CONCAT('prod_', (id * 31 + line) %% 200), CONCAT('Thing ', (id * 31 + line) %% 200),
           CONCAT('Kind ', (id * 31 + line) %% 8), 1 + line, CASE WHEN line = 0 THEN total - 6 * (item_count - 1) ELSE 3 END
    FROM orders, (SELECT 0 line UNION SELECT 1) AS two WHERE line < item_count AND id BETWEEN %s AND %s
"""
_EVENTS = """
    INSERT INTO order_events (order_id, seq, kind, status, step, detail, created_at)
    SELECT id, seq, CASE WHEN seq = 1 THEN 'recorded' WHEN status = 'CANCELLED' THEN 'cancelled' ELSE 'processing' END,
           CASE WHEN seq = 1 THEN 'PENDING' ELSE status END, CASE WHEN seq = 1 THEN 'CREATED' ELSE step END, '{}',
           CASE WHEN seq = 1 THEN created_at ELSE settled_at END
    FROM orders, (SELECT 1 seq UNION SELECT 2) AS two WHERE (seq = 1 OR settled_at IS NOT NULL) AND id BETWEEN %s AND %s
"""


@contextmanager
def patient() -> Iterator[Any]:
    """Give a cursor on a connection that waits for as long as it takes."""
    own = connection.copy()
    own.settings_dict["OPTIONS"] = {**own.settings_dict["OPTIONS"], "read_timeout": 600, "write_timeout": 600}
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


def fill(count: int, *, days: int) -> None:
    """Place orders evenly over so many days before today, the oldest of them not settled, and some more today.

    Args:
        count: orders of the past.
        days: over how many days.
    """
    now = database_now().replace(tzinfo=None)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    with patient() as cursor:
        for start in range(0, count, CHUNK):
            until = min(start + CHUNK, count)
            begin = f"{midnight:%Y-%m-%d}"
            _place(
                cursor, first=start, until=until, begin=begin, zero=count, pace=days * 86_400 / count, now=now
            )
        todays_pace = (now - midnight).total_seconds() / TODAYS
        _place(
            cursor, first=count, until=count + TODAYS, begin=f"{midnight}", zero=count, pace=todays_pace, now=now
        )  # fmt: skip
        cursor.execute("ANALYZE TABLE orders, order_items, order_events")
        cursor.fetchall()


def _place(cursor: Any, *, first: int, until: int, begin: str, zero: int, pace: float, now: Any) -> None:
    cursor.execute("SELECT COALESCE(MAX(id), 0) FROM orders")
    before = cursor.fetchone()[0]
    cursor.execute(
        _ORDERS, [UNSETTLED, UNSETTLED, UNSETTLED, UNSETTLED, now, UNSETTLED, begin, zero, pace, first, until]
    )
    cursor.execute("SELECT MAX(id) FROM orders")
    last = cursor.fetchone()[0]
    cursor.execute(_ITEMS, [before + 1, last])
    cursor.execute(_EVENTS, [before + 1, last])


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

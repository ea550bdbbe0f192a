"""Some days of March: what is kept of them, and what SQL says of their orders."""

from datetime import UTC, date, datetime

from django.db import connection

from orders import rollup, sales
from orders.daily import ChangedDay
from shop.deadline import Deadline
from tests.past import SQL_DAY, SQL_TIMES

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 4)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


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

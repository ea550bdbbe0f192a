"""The figures of days: a closed one is worked out once and kept, today is counted at each look; all from ``orders``.

The only writer of ``daily_figures`` and ``daily_sales``. A day is kept under a compare-and-set on its version, and a
change that commits while it is being worked out leaves a row in ``daily_changes`` that this round did not see: so it
is worked out again, and what is kept is never older than what is known to have changed.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import (
    BigIntegerField,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    Func,
    Max,
    Q,
    QuerySet,
    Sum,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Collate
from django.forms.models import model_to_dict

from orders.daily import ChangedDay, DailyFigures, DailySales
from orders.models import Order, OrderItem, database_now
from orders.states import CancelReason, OrderStatus
from shop.deadline import Deadline

GRACE = timedelta(minutes=5)
"""How long after midnight a day stays open: longer than any commit takes that began before it."""
PIECE = 20_000  # orders that one question adds up: far fewer than there is time for in DATABASE_READ_TIMEOUT_SECONDS
MOST_CHANGES = 10_000  # notes of one day that one round takes away; the next takes the rest
DAY = timedelta(days=1)

SOLD = Q(status=OrderStatus.PROCESSING)
"""What counts as a sale: paid, and not cancelled (an order whose cancellation is under way counts until it is done)."""
_CANCELLED = Q(status=OrderStatus.CANCELLED)


def figures_of(
    first: date, last: date, *, still_open: set[date], deadline: Deadline
) -> tuple[dict[date, DailyFigures], set[date]]:
    """Return the figures of each day from ``first`` to ``last``, both included, but of none that is yet to come.

    Closed days that nobody has worked out are worked out now, the newest first, for as long as there is time.

    Args:
        first: the first day.
        last: the last day, included.
        still_open: see :func:`open_days`; the caller asks once, so that midnight cannot come in between.
        deadline: the end of that time.

    Returns:
        Day -> figures in order of the days, without sold units for open days; and the days there was no time for,
        which are missing.
    """
    missing = bring_up_to_date(first, min(last, min(still_open) - DAY), deadline=deadline)
    kept = {row.day: row for row in DailyFigures.objects.filter(day__range=(first, last))}
    days = {
        day: count_day(day) if day in still_open else kept.get(day, DailyFigures(day=day))
        for day in each_day(first, min(last, max(still_open)))
        if day not in missing
    }
    return days, missing


def open_days() -> set[date]:
    """Return the days that are not closed: today, and for some minutes after midnight yesterday."""
    now = database_now()
    return {now.date(), (now - GRACE).date()}


def each_day(first: date, last: date) -> Iterable[date]:
    """Return the days from ``first`` to ``last``, both included."""
    return (first + number * DAY for number in range((last - first).days + 1))


def bring_up_to_date(first: date, last: date, *, deadline: Deadline) -> set[date]:
    """Work out the closed days in a range that are not kept, or have changed since; the newest first.

    Returns:
        Those that there was no time for.
    """
    oldest = Order.objects.order_by("created_at").values_list("created_at", flat=True).first()
    if oldest is None:
        return set()
    first, last = max(first, oldest.date()), min(last, min(open_days()) - DAY)
    between = {"day__range": (first, last)}
    kept = set(DailyFigures.objects.filter(**between).values_list("day", flat=True))
    changed = set(ChangedDay.objects.filter(**between).values_list("day", flat=True).distinct())
    wanted = sorted(changed.union(set(each_day(first, last)) - kept), reverse=True)
    while wanted and deadline.remaining() > 0:
        roll_up(wanted.pop(0))
    return set(wanted)


def recompute(first: date, last: date) -> int:
    """Work closed days out again, whatever is kept of them: for changes that left no note.

    What it does not get done (it was stopped) the background process does.

    Returns:
        How many closed days of the range are kept now.
    """
    kept = DailyFigures.objects.filter(day__range=(first, last))
    ChangedDay.objects.bulk_create(ChangedDay(day=row.day) for row in kept.iterator())
    bring_up_to_date(first, last, deadline=Deadline(math.inf))
    return kept.count()


def roll_up(day: date) -> bool:
    """Work out a closed day and keep it, in one commit.

    Returns:
        Whether it was kept; not if somebody else kept it meanwhile, whose figures may be newer.
    """
    # Before anything is counted: what commits from here on is not in it, and must cause another round.
    changes = list(ChangedDay.objects.filter(day=day).values_list("pk", flat=True)[:MOST_CHANGES])
    version = DailyFigures.objects.filter(day=day).values_list("version", flat=True).first()
    figures, sales = count_day(day), sales_of(day)
    figures.units = sum(line.units for line in sales if line.kind == DailySales.PRODUCT)
    figures.version = (version or 0) + 1
    with transaction.atomic(durable=True):
        if not _keep(figures, version=version):
            return False
        DailySales.objects.filter(kind__in=(DailySales.PRODUCT, DailySales.CATEGORY), day=day).delete()
        DailySales.objects.bulk_create(sales, batch_size=500)
        ChangedDay.objects.filter(pk__in=changes).delete()
    return True


def _keep(figures: DailyFigures, *, version: int | None) -> bool:
    values = {**model_to_dict(figures), "counted_at": database_now()}
    if version is not None:
        return bool(DailyFigures.objects.filter(day=figures.day, version=version).update(**values))
    try:
        with transaction.atomic():
            DailyFigures.objects.create(**values)
    except IntegrityError:
        return False
    return True


# ---- counting: along the index by time, a day in pieces ------------------------------------------------------------


def _pieces(day: date) -> Iterator[tuple[datetime, datetime]]:
    """Cut a day (UTC) into spans of at most ``PIECE`` orders, by the index alone; the end of a span is not in it.

    When an order was placed never changes, so it is in one of them, whatever else happens to it meanwhile.
    """
    begin, end = _midnight(day), _midnight(day + DAY)
    while begin < end:
        times = _placed(begin, end).order_by("created_at").values_list("created_at", flat=True)
        until = next(iter(times[PIECE : PIECE + 1]), end)
        until = max(until, begin + timedelta.resolution)  # more than that may be of one moment
        yield begin, until
        begin = until


def _placed(begin: datetime, end: datetime) -> QuerySet[Order]:
    return Order.objects.filter(created_at__gte=begin, created_at__lt=end)


def count_day(day: date) -> DailyFigures:
    """Count a day's orders as they stand now. Sold units are left out (see :func:`sales_of`)."""
    counts, times, revenue = Counter[str](), Counter[int](), Decimal(0)
    for begin, end in _pieces(day):
        found = _placed(begin, end).aggregate(
            orders=Count("pk"),
            paid=Count("pk", filter=SOLD),
            declined=Count("pk", filter=_CANCELLED & Q(cancel_reason=CancelReason.PAYMENT_DECLINED)),
            out_of_stock=Count("pk", filter=_CANCELLED & Q(cancel_reason=CancelReason.OUT_OF_STOCK)),
            cancelled=Count("pk", filter=_CANCELLED),
            unsettled=Count("pk", filter=Q(status=OrderStatus.PENDING)),
            revenue=Sum("total", filter=SOLD),
        )
        revenue += cents(found.pop("revenue"))
        counts.update(found)
        times.update(_settling_times(begin, end))
    counts["cancelled"] -= counts["declined"] + counts["out_of_stock"]
    rising = sorted(times.items())
    figures = DailyFigures(day=day, revenue=cents(revenue), **counts)
    figures.settled_p50_ms, figures.settled_p95_ms = percentile(rising, 50), percentile(rising, 95)
    return figures


def _settling_times(begin: datetime, end: datetime) -> dict[int, int]:
    """Return how many orders of a span took how many milliseconds to settle."""
    length = ExpressionWrapper(F("settled_at") - F("created_at"), output_field=DurationField())
    # Both databases keep a difference of times in microseconds.
    milliseconds = Func(length, template="FLOOR(%(expressions)s / 1000)", output_field=BigIntegerField())
    settled = _placed(begin, end).filter(settled_at__isnull=False).order_by().annotate(ms=milliseconds)
    return dict(settled.values("ms").annotate(count=Count("pk")).values_list("ms", "count"))


def percentile(counts: Sequence[tuple[int, int]], percent: int) -> int | None:
    """Return the smallest value that so many percent do not exceed (nearest rank); None without any.

    Args:
        counts: values in rising order, each with how often it occurs.
        percent: 1 to 100.
    """
    left = -(-sum(count for _, count in counts) * percent // 100)
    for value, count in counts:
        left -= count
        if left <= 0:
            return int(value)
    return None


def sales_of(day: date) -> list[DailySales]:
    """Return what each product and each category sold on a day, as things stand now; of two names the last by the alphabet."""
    sold: dict[tuple[str, str], DailySales] = {}
    for begin, end in _pieces(day):
        for kind, code, name, orders, units, revenue in _sales_between(begin, end):
            empty = DailySales(kind=kind, day=day, code=code, name="", orders=0, units=0, revenue=Decimal(0))
            line = sold.setdefault((kind, code), empty)
            line.name = max(line.name, name)
            line.orders += orders
            line.units += units
            line.revenue += cents(revenue)
    return list(sold.values())


def _sales_between(begin: datetime, end: datetime) -> Iterator[tuple[Any, ...]]:
    lines = OrderItem.objects.filter(
        order__created_at__gte=begin, order__created_at__lt=end, order__status=OrderStatus.PROCESSING
    ).order_by()
    sums = {
        "orders": Count("order_id", distinct=True),
        "units": Sum("quantity"),
        "revenue": Sum(F("price") * F("quantity")),
    }
    for kind, code, name in (
        (DailySales.PRODUCT, "product_id", "product_name"),
        (DailySales.CATEGORY, "category", "category"),
    ):
        found = lines.values(code=exactly(code)).annotate(name=Max(name), **sums)
        yield from ((kind, *line) for line in found.values_list("code", "name", *sums))


def exactly(text: str | Combinable) -> Collate:
    """Return a text that is compared letter by letter; MySQL's usual way takes ``Café`` and ``cafe`` for one."""
    return Collate(text, "utf8mb4_bin" if connection.vendor == "mysql" else "BINARY")


def cents(amount: Decimal | None) -> Decimal:
    """Return a sum with two decimals; SQLite adds up in binary fractions."""
    return (amount or Decimal(0)).quantize(Decimal("0.01"))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)

"""Sales by day, product or category: what the back office's page, its CSV and ``GET /reports/sales`` show. Reads only.

A sale is an order that is paid and not cancelled, on the day it was placed (UTC). It leaves that day when it is
cancelled, however much later.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import CharField, Max, Sum
from django.db.models.functions import Cast, Concat

from orders import rollup
from orders.daily import DailyFigures, DailySales
from orders.errors import SalesNotReady
from orders.models import database_now
from shop.deadline import Deadline

EARLIEST, LATEST = date(2000, 1, 1), date(2999, 12, 31)
MOST_DAYS = 366
USUAL_DAYS = 30
DAY, PRODUCT, CATEGORY = "day", DailySales.PRODUCT, DailySales.CATEGORY
GROUPS = (DAY, PRODUCT, CATEGORY)
NO_CATEGORY = "(not recorded)"  # lines older than the column


@dataclass(frozen=True, kw_only=True)
class Line:
    """What one day, product or category sold.

    Attributes:
        key: the day (ISO 8601), the product's id, or the category as it was when the order was recorded.
        name: for people; a product's is the newest in the range.
        orders: how many orders have it.
        units: how many units.
        revenue: Σ price × quantity, in the shop's currency.
    """

    key: str
    name: str
    orders: int
    units: int
    revenue: Decimal


@dataclass(frozen=True, kw_only=True)
class Report:
    """Sales over a range of days, both ends included.

    Attributes:
        lines: in order of their keys.
        total: of all days; its ``orders`` counts each once.
    """

    first: date
    last: date
    group: str
    lines: list[Line]
    total: Line


def completed_range(first: date | None, last: date | None) -> tuple[date, date]:
    """Return a range of days with the ends filled in: the last day is today, the first makes it thirty days."""
    last = last or database_now().date()
    return first or date.fromordinal(max(last.toordinal() - USUAL_DAYS + 1, 1)), last


def fault_in_range(first: date, last: date) -> str | None:
    """Return what is wrong with a range of days, in words; None if it can be reported on."""
    if not EARLIEST <= first <= LATEST or not EARLIEST <= last <= LATEST:
        return f"Days from {EARLIEST} to {LATEST}."
    if first > last:
        return "The first day is after the last."
    if (last - first).days >= MOST_DAYS:
        return f"At most {MOST_DAYS} days."
    return None


def report(first: date, last: date, *, group: str, deadline: Deadline) -> Report:
    """Add up what was sold.

    Args:
        first: the first day (UTC).
        last: the last day, included; at most ``MOST_DAYS`` in all.
        group: one of ``GROUPS``.
        deadline: until when closed days may be worked out that nobody has worked out yet.

    Raises:
        SalesNotReady: there are too many of those for the time.
    """
    still_open = rollup.open_days()
    days, missing = rollup.figures_of(first, last, still_open=still_open, deadline=deadline)
    if missing:
        raise SalesNotReady(f"{len(missing)} days are still being added up; try again in a moment.")
    live = [line for day in sorted(still_open) if day in days for line in rollup.sales_of(day)]
    by_day = _by_day(days, live)
    total = _sum(by_day, key="", name="Total")
    lines = by_day if group == DAY else _by_code(first, last, kind=group, live=live)
    return Report(first=first, last=last, group=group, lines=lines, total=total)


def _by_day(days: dict[date, DailyFigures], live: list[DailySales]) -> list[Line]:
    units = {day: figures.units for day, figures in days.items()}
    for line in live:
        units[line.day] += line.units if line.kind == PRODUCT else 0
    return [
        Line(key=f"{day}", name=f"{day}", orders=figures.paid, units=units[day], revenue=figures.revenue)
        for day, figures in days.items()
    ]


def _by_code(first: date, last: date, *, kind: str, live: list[DailySales]) -> list[Line]:
    found: dict[str, list[Line]] = {}
    for line in (
        *_kept(first, last, kind=kind, live=live),
        *(_line(sold) for sold in live if sold.kind == kind),
    ):
        found.setdefault(line.key, []).append(line)
    return [_sum(found[code], key=code, name=found[code][-1].name or NO_CATEGORY) for code in sorted(found)]


def _kept(first: date, last: date, *, kind: str, live: list[DailySales]) -> Iterable[Line]:
    days = DailySales.objects.filter(kind=kind, day__range=(first, last))
    days = days.exclude(day__in={sold.day for sold in live})
    # The last of these texts is the newest name: each begins with its day.
    dated = Concat(rollup.exactly(Cast("day", CharField())), "name")
    sums = {"all_orders": Sum("orders"), "all_units": Sum("units"), "all_revenue": Sum("revenue")}
    found = days.values(key=rollup.exactly("code")).annotate(newest=Max(dated), **sums)
    for key, newest, orders, units, revenue in found.values_list("key", "newest", *sums):
        name = newest[len("2026-01-31") :]
        yield Line(key=key, name=name, orders=orders, units=units, revenue=rollup.cents(revenue))


def _line(sold: DailySales) -> Line:
    return Line(
        key=sold.code,
        name=sold.name,
        orders=sold.orders,
        units=sold.units,
        revenue=sold.revenue,
    )


def _sum(lines: Iterable[Line], *, key: str, name: str) -> Line:
    lines = list(lines)
    return Line(
        key=key,
        name=name,
        orders=sum(line.orders for line in lines),
        units=sum(line.units for line in lines),
        revenue=sum((line.revenue for line in lines), Decimal("0.00")),
    )

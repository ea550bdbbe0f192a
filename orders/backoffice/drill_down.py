"""From years to months to days, as links that set the filter by day. Asks the database for its first and last day alone."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from django.http import QueryDict

from orders.backoffice.filters import FROM, TO, PlacedFilter, read_day
from orders.models import Order

START, END = f"{PlacedFilter.parameter_name}{FROM}", f"{PlacedFilter.parameter_name}{TO}"


@dataclass(frozen=True)
class Link:
    """One entry: where it leads, and whether that is what is shown now."""

    title: str
    query: str
    current: bool = False


def trail(chosen: QueryDict) -> tuple[list[Link], list[Link]]:
    """Return the way to what is chosen, and what it can be narrowed down to.

    Args:
        chosen: the list's parameters.
    """
    low, high = read_day(chosen.get(START, "")), read_day(chosen.get(END, ""))
    up = [Link("All days", _query(chosen, None, None), current=low is None and high is None)]
    if low is None or high is None or (low.year, low) != (high.year, min(low, high)):
        return up, _years(chosen) if low is None and high is None else []
    if (low, high) == _year(low.year):
        return [*up, Link(str(low.year), _query(chosen, low, high), current=True)], _months(chosen, low.year)
    up.append(Link(str(low.year), _query(chosen, *_year(low.year))))
    if low.month != high.month:
        return up, _months(chosen, low.year)
    month = _month(low.year, low.month)
    up.append(Link(f"{low:%B}", _query(chosen, *month), current=(low, high) == month))
    if low == high:
        up.append(Link(str(low.day), _query(chosen, low, high), current=True))
    return up, _days(chosen, month)


def _years(chosen: QueryDict) -> list[Link]:
    # Two single rows from the ends of one index.
    ends = [
        Order.objects.order_by(order).values_list("created_at", flat=True).first()
        for order in ("created_at", "-created_at")
    ]
    if ends[0] is None or ends[1] is None:
        return []
    return [Link(str(year), _query(chosen, *_year(year))) for year in range(ends[0].year, ends[1].year + 1)]


def _months(chosen: QueryDict, year: int) -> list[Link]:
    return [Link(calendar.month_abbr[month], _query(chosen, *_month(year, month))) for month in range(1, 13)]


def _days(chosen: QueryDict, month: tuple[date, date]) -> list[Link]:
    first, last = month
    days = [first + timedelta(days=number) for number in range(last.day)]
    return [Link(str(day.day), _query(chosen, day, day)) for day in days]


def _year(year: int) -> tuple[date, date]:
    return date(year, 1, 1), date(year, 12, 31)


def _month(year: int, month: int) -> tuple[date, date]:
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def _query(chosen: QueryDict, low: date | None, high: date | None) -> str:
    query = chosen.copy()
    for name in (START, END, "p"):
        query.pop(name, None)
    if low and high:
        query[START], query[END] = low.isoformat(), high.isoformat()
    return f"?{query.urlencode()}"

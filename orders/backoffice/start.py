"""The start page: what today is like, what needs somebody, and the last thirty days. Others than those who may see figures get links."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from orders import figures, rollup
from orders.backoffice import charts, navigation, wording
from orders.backoffice.catalogue import LOW_STOCK, address
from orders.backoffice.charts import Chart, Series, Value
from orders.backoffice.page import allowed
from orders.backoffice.roles import VIEW, VIEW_CATALOGUE, VIEW_REPORTS
from orders.daily import DailyFigures
from orders.models import database_now
from products.errors import CatalogueUnavailable
from products.selectors import look_through
from shop.deadline import Deadline

DAYS = 30
ADD_UP_SECONDS = 2.0  # for days that nobody has worked out yet; the others are missing until somebody has
LOW_STOCK_SHOWN, LOOKED_AT = 8, 500  # products
OUTCOMES = (
    ("Paid", "blue", "paid"),
    ("Not settled yet", "teal", "unsettled"),
    ("Cancelled later", "grey", "cancelled"),
    ("Out of stock", "amber", "out_of_stock"),
    ("Declined", "red", "declined"),
)


@dataclass(frozen=True)
class Tile:
    """One figure of today."""

    title: str
    figure: str
    beside: str = ""


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to the theme's start page what this member of staff may see."""
    entries = navigation.sidebar(request)[0]["items"]
    context["entries"] = [entry for entry in entries if entry["link"] != reverse("admin:index")]
    if allowed(request, VIEW_REPORTS):
        context |= _figures()
        context["oldest"] = _oldest() if allowed(request, VIEW) else None
        context["low"] = _low_stock() if allowed(request, VIEW_CATALOGUE) else None
    return context


def _figures() -> dict[str, Any]:
    still_open = rollup.open_days()
    today = max(still_open)
    first = today - timedelta(days=DAYS - 1)
    days, missing = rollup.figures_of(first, today, still_open=still_open, deadline=Deadline(ADD_UP_SECONDS))
    wanted = list(rollup.each_day(first, today))
    return {
        "tiles": _tiles(days[today], days.get(today - timedelta(days=1))),
        "charts": thirty_days([days.get(day) for day in wanted], labels=[f"{day}" for day in wanted]),
        "missing": len(missing),
        "as_of": database_now(),
    }


def _tiles(today: DailyFigures, yesterday: DailyFigures | None) -> list[Tile]:
    settled = today.orders - today.unsettled

    def beside(text: str) -> str:
        return f"yesterday {text}" if yesterday else ""

    def share(title: str, count: int) -> Tile:
        return Tile(title, percent(count, settled), f"{count} of {settled} settled")

    return [
        Tile("Orders today", f"{today.orders:,}", beside(f"{yesterday.orders:,}" if yesterday else "")),
        Tile("Revenue today", _money(today.revenue), beside(_money(yesterday.revenue if yesterday else 0))),
        share("Paid", today.paid),
        share("Declined", today.declined),
        share("Out of stock", today.out_of_stock),
    ]


def thirty_days(days: Sequence[DailyFigures | None], *, labels: Sequence[str]) -> list[Chart]:
    """Draw the four charts.

    Args:
        days: one for each label; None for one that is still being added up.
        labels: the days.
    """
    known = [day for day in days if day]
    orders = sum(day.orders for day in known)
    revenue = sum((Decimal(day.revenue) for day in known), Decimal(0))
    return [
        charts.bars(
            "orders", "Orders", labels=labels, series=[Series("Orders", "blue", _row(days, "orders"))], say=_count,
            summary=f"Orders placed on each day: {orders:,} in all.",
        ),
        charts.bars(
            "revenue", f"Revenue, {settings.CURRENCY}", labels=labels, say=_amount,
            series=[Series("Revenue", "blue", _row(days, "revenue"))],
            summary=f"What was sold on each day: {_money(revenue)} in all.",
        ),
        charts.bars(
            "outcomes", "Outcomes, % of orders", labels=labels, say=_percent, most=100,
            series=[Series(title, colour, _shares(days, name)) for title, colour, name in OUTCOMES],
            summary=f"How each day's orders stand now: {percent(sum(day.paid for day in known), orders)} are paid.",
        ),
        charts.curves(
            "settling", "Time to settle, seconds", labels=labels, say=_seconds,
            series=[
                Series("Half are settled within (p50)", "blue", _in_seconds(days, "settled_p50_ms")),
                Series("95 of 100 within (p95)", "red", _in_seconds(days, "settled_p95_ms")),
            ],
            summary="From placing an order to knowing its outcome.",
        ),
    ]  # fmt: skip


def _row(days: Sequence[DailyFigures | None], name: str) -> list[Value]:
    return [getattr(day, name) if day else None for day in days]


def _shares(days: Sequence[DailyFigures | None], name: str) -> list[Value]:
    return [100 * getattr(day, name) / day.orders if day and day.orders else None for day in days]


def _in_seconds(days: Sequence[DailyFigures | None], name: str) -> list[Value]:
    return [None if value is None else float(value) / 1000 for value in _row(days, name)]


def _oldest() -> dict[str, Any] | None:
    order = figures.oldest_open_order()
    if order is None:
        return {"order": None}
    waits_since = getattr(order, "waits_since")  # noqa: B009 (the query's own; no attribute that types know)
    return {"order": order, "age": wording.span(database_now() - waits_since)}


def _low_stock() -> dict[str, Any]:
    try:
        look = look_through(
            lambda product: product.stock <= LOW_STOCK,
            category=None,
            after=None,
            most=LOOKED_AT,
            enough=LOW_STOCK_SHOWN,
        )
    except CatalogueUnavailable:
        return {"unavailable": True}
    found = sorted(look.found, key=lambda product: (product.stock, product.product_id))
    return {
        "most": LOW_STOCK,
        "products": [(product, address(product.product_id)) for product in found[:LOW_STOCK_SHOWN]],
        "looked_at": look.looked_at,
        "more": look.position is not None or len(found) > LOW_STOCK_SHOWN,
    }


def percent(part: int, whole: int) -> str:
    """Write a share: ``97.5 %``; a dash of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else "–"


def _money(amount: Decimal | int) -> str:
    return wording.money(Decimal(amount), settings.CURRENCY)


def _count(value: Value) -> str:
    return "–" if value is None else f"{value:,}"


def _amount(value: Value) -> str:
    return "–" if value is None else f"{value:,.2f}"


def _percent(value: Value) -> str:
    return "–" if value is None else f"{value:.1f}"


def _seconds(value: Value) -> str:
    return "–" if value is None else f"{value:.3f}"

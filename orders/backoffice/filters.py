"""The filters of the list of orders: each a condition that an index answers."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import TextFilter
from unfold.widgets import INPUT_CLASSES

from orders.backoffice.search import orders_of_product
from orders.models import Order

FROM, TO = "_from", "_to"


class ProductFilter(TextFilter):  # type: ignore[misc]  # the theme has no types
    """Orders with a line of one product, by its id."""

    title = "product id"
    parameter_name = "product"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        """Narrow down."""
        product_id = (self.value() or "").strip()
        return orders_of_product(queryset, product_id) if product_id else queryset


class RangeFilter(admin.SimpleListFilter):
    """From here to there, both included, either left open."""

    template = "backoffice/range_filter.html"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        names = self.names()
        super().__init__(request, params, model, model_admin)
        for name in names:
            if name in params:
                self.used_parameters[name] = params.pop(name)[-1]

    def names(self) -> tuple[str, str]:
        """Return the two parameters."""
        return f"{self.parameter_name}{FROM}", f"{self.parameter_name}{TO}"

    def expected_parameters(self) -> list[str | None]:
        """Tell Django which parameters are ours."""
        return list(self.names())

    def has_output(self) -> bool:
        """Be there always."""
        return True

    def lookups(self, request: HttpRequest, model_admin: Any) -> tuple[()]:
        """No fixed choices."""
        return ()

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Give the template its two fields."""
        fields = []
        for name, label in zip(self.names(), ("From", "To"), strict=True):
            attributes = {"class": " ".join(INPUT_CLASSES), "id": f"filter-{name}"}
            value = self.used_parameters.get(name, "")
            fields.append(
                {
                    "id": f"filter-{name}",
                    "label": label,
                    "html": self.widget(attributes).render(name, value),
                }
            )
        yield {"fields": fields}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        """Narrow down; what cannot be read narrows nothing."""
        low, high = (self.used_parameters.get(name, "") for name in self.names())
        conditions = {**self.at_least(str(low)), **self.at_most(str(high))}
        return queryset.filter(**conditions)

    def widget(self, attributes: dict[str, str]) -> forms.Widget:
        """Return the field that one end is written into."""
        raise NotImplementedError

    def at_least(self, text: str) -> dict[str, Any]:
        """Return the condition for the lower end; empty if there is none."""
        raise NotImplementedError

    def at_most(self, text: str) -> dict[str, Any]:
        """Return the condition for the upper end; empty if there is none."""
        raise NotImplementedError


class PlacedFilter(RangeFilter):
    """Placed between two days (UTC)."""

    title = "day placed (UTC)"
    parameter_name = "placed"

    def widget(self, attributes: dict[str, str]) -> forms.Widget:
        """Return a calendar."""
        return forms.DateInput({**attributes, "type": "date"})

    def at_least(self, text: str) -> dict[str, Any]:
        """From the day's beginning."""
        day = read_day(text)
        return {"created_at__gte": midnight(day)} if day else {}

    def at_most(self, text: str) -> dict[str, Any]:
        """To the day's end."""
        day = read_day(text)
        return {"created_at__lt": midnight(day + timedelta(days=1))} if day else {}


class TotalFilter(RangeFilter):
    """Between two totals."""

    title = "total"
    parameter_name = "total"

    def widget(self, attributes: dict[str, str]) -> forms.Widget:
        """Return a field for an amount."""
        return forms.NumberInput({**attributes, "min": "0", "step": "0.01", "inputmode": "decimal"})

    def at_least(self, text: str) -> dict[str, Any]:
        """From this amount."""
        amount = read_amount(text)
        return {} if amount is None else {"total__gte": amount}

    def at_most(self, text: str) -> dict[str, Any]:
        """To this amount."""
        amount = read_amount(text)
        return {} if amount is None else {"total__lte": amount}


def read_day(text: str) -> date | None:
    """Read ``2026-11-22``; None for anything else, and for a year that has no neighbours."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year < 9999 else None


def read_amount(text: str) -> Decimal | None:
    """Read an amount of at most 13 digits before the point; None for anything else."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount < 10**13 else None


def midnight(day: date) -> datetime:
    """Return the moment at which a day begins."""
    return datetime.combine(day, time(), tzinfo=UTC)

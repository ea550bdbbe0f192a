"""Sales by day, product and category over a range of days: a chart, a table, and all of it as CSV."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode

from orders import sales
from orders.backoffice import charts, wording
from orders.backoffice.charts import Chart, Series, Value
from orders.backoffice.page import Crumb, StaffPage
from orders.backoffice.roles import VIEW_REPORTS
from orders.errors import SalesNotReady
from orders.sales import Line, Report
from shop.csv import Cell, written
from shop.deadline import Deadline
from users import audit

ADD_UP_SECONDS = 3.0
MOST_LINES = 100  # in the page's table; the CSV has all
MOST_BARS = 15
HEADS = {sales.DAY: "Day (UTC)", sales.PRODUCT: "Product", sales.CATEGORY: "Category"}


class RangeForm(forms.Form):
    """Which days, and what a line is about; the usual ones if nothing is said."""

    first = forms.DateField(
        label="From",
        required=False,
        widget=forms.DateInput({"type": "date", "class": "bo-input"}, "%Y-%m-%d"),
    )
    last = forms.DateField(
        label="To", required=False, widget=forms.DateInput({"type": "date", "class": "bo-input"}, "%Y-%m-%d")
    )
    group = forms.ChoiceField(
        label="By",
        required=False,
        choices=[(group, group) for group in sales.GROUPS],
        widget=forms.Select({"class": "bo-input"}),
    )

    def clean(self) -> dict[str, Any]:
        """Fill in what was left out; refuse a range that is none, or longer than a year."""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        first, last = sales.completed_range(cleaned["first"], cleaned["last"])
        if fault := sales.fault_in_range(first, last):
            raise forms.ValidationError(fault)
        return {"first": first, "last": last, "group": cleaned["group"] or sales.DAY}


class SalesPage(StaffPage):
    """What was sold."""

    title = "Sales"
    route = "reports/sales/"
    name = "sales"
    permission_required = VIEW_REPORTS
    template_name = "backoffice/sales.html"

    def page_context(self) -> dict[str, Any]:
        """Add up what was asked for, or say what is wrong with it."""
        form = RangeForm(self.request.GET)
        if not form.is_valid():
            return {"form": form}
        asked = form.cleaned_data
        form = RangeForm(initial=asked)
        try:
            report = _report(asked)
        except SalesNotReady as error:
            return {"form": form, "not_ready": error.message}
        lines = _best_first(report)
        return {
            "form": form,
            "report": report,
            "currency": settings.CURRENCY,
            "head": HEADS[report.group],
            "chart": _chart(report) if report.lines else None,
            "lines": lines[:MOST_LINES],
            "left_out": max(len(lines) - MOST_LINES, 0),
            "download": f"{reverse('admin:sales_csv')}?{urlencode(asked)}",
        }


class SalesCsv(StaffPage):
    """The same as a file."""

    title = "Sales as CSV"
    route = "reports/sales/csv/"
    name = "sales_csv"
    permission_required = VIEW_REPORTS
    template_name = "backoffice/sales.html"

    def breadcrumbs(self) -> list[Crumb]:
        """Lead back to the page."""
        return [("Sales", reverse("admin:sales"))]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        """Send every line; a range that is wrong leads to the page, which says why."""
        form = RangeForm(request.GET)
        if not form.is_valid():
            return self.render_to_response({**self.get_context_data(), "form": form}, status=400)
        try:
            report = _report(form.cleaned_data)
        except SalesNotReady as error:
            return HttpResponse(
                error.message, status=503, content_type="text/plain", headers={"Retry-After": "10"}
            )
        audit.write_export("sales", request=request)
        response = StreamingHttpResponse(written(_rows(report)), content_type="text/csv; charset=utf-8")
        name = f"sales-by-{report.group}-{report.first}-{report.last}.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


def _report(asked: dict[str, Any]) -> Report:
    deadline = Deadline(ADD_UP_SECONDS)
    return sales.report(asked["first"], asked["last"], group=asked["group"], deadline=deadline)


def _rows(report: Report) -> Iterator[tuple[Cell, ...]]:
    yield (report.group, "name", "orders", "units", "revenue", "currency")
    for line in report.lines:
        yield (line.key, line.name, line.orders, line.units, line.revenue, settings.CURRENCY)


def _best_first(report: Report) -> list[Line]:
    """Return days as they come, the newest first; products and categories by what they brought in."""
    if report.group == sales.DAY:
        return report.lines[::-1]
    return sorted(report.lines, key=lambda line: (-line.revenue, line.key))


def _chart(report: Report) -> Chart:
    total = wording.money(report.total.revenue, settings.CURRENCY)
    summary = f"Sales from {report.first} to {report.last}: {total} in all. The table below has the numbers."
    if report.group == sales.DAY:
        chart = charts.bars(
            "sales",
            f"Revenue by day, {settings.CURRENCY}",
            summary=summary,
            labels=[line.key for line in report.lines],
            series=[Series("Revenue", "blue", [line.revenue for line in report.lines])],
            say=_amount,
        )
        return replace(chart, rows=())  # the page's own table has them
    best = _best_first(report)[:MOST_BARS]
    return charts.ranking(
        "sales",
        f"Revenue by {report.group}, {settings.CURRENCY}",
        summary=summary,
        entries=[(line.name, line.revenue) for line in best],
        say=_amount,
    )


def _amount(value: Value) -> str:
    return f"{value or Decimal(0):,.2f}"

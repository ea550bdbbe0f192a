"""The list of orders: find one, look at it, choose some to act upon. Nothing can be added, edited or deleted here."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode

from orders.backoffice import drill_down, search, wording
from orders.backoffice.export import csv_of
from orders.backoffice.filters import PlacedFilter, ProductFilter, TotalFilter
from orders.backoffice.order_page import OrderPage
from orders.backoffice.page import allowed
from orders.backoffice.paging import NextPaginator, UncountedChangeList
from orders.backoffice.read_only import ReadOnlyAdmin, action, display
from orders.backoffice.roles import CANCEL, RETRY, SHIP
from orders.models import Order
from orders.states import Step
from users import audit


class OrderAdmin(ReadOnlyAdmin):
    """Find an order, see all of it: orders come from customers, their states change by the saga, and books are kept."""

    list_display = ("number", "state", "reason", "customer", "amount", "lines", "age", "placed")
    list_display_links = ("number",)
    list_filter = ("status", "cancel_reason", PlacedFilter, TotalFilter, ProductFilter)
    list_filter_submit = True
    list_per_page = 50
    list_disable_select_all = True
    list_before_template = "backoffice/order_list_tools.html"
    paginator = NextPaginator
    sortable_by = ()  # newest first, as the indexes have it
    search_fields = ("id",)  # there is a search; get_search_results says how
    search_help_text = "Number, e-mail, product id or name"
    actions = ("retry_chosen", "ship_chosen", "cancel_chosen")

    # ---- who may act ----

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Tell Django who may."""
        return allowed(request, RETRY)

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Tell Django who may."""
        return allowed(request, CANCEL)

    def has_ship_permission(self, request: HttpRequest) -> bool:
        """Tell Django who may."""
        return allowed(request, SHIP)

    # ---- which orders ----

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        """Return the list that counts nothing."""
        return UncountedChangeList

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Newest first: by time, or for one product by the order's number, as its index has them."""
        by_product = request.GET.get(ProductFilter.parameter_name, "").strip()
        return ("-items__order_id",) if by_product else ("-created_at", "-id")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        """Search as :mod:`orders.backoffice.search` does; never a row twice."""
        return search.matching(queryset, search_term), False

    # ---- what a row shows ----

    @display(description="Order")
    def number(self, order: Order) -> str:
        """Return the number that customers know."""
        return f"#{order.pk}"

    @display(description="Status")
    def state(self, order: Order) -> str:
        """Return the status, coloured."""
        return order.status

    state.label = wording.STATUS_COLOURS  # type: ignore[attr-defined]  # the theme's name for it

    @display(description="Reason")
    def reason(self, order: Order) -> str:
        """Return why it is, or is being, cancelled."""
        return order.get_cancel_reason_display() if order.cancel_reason else "–"

    @display(description="Customer")
    def customer(self, order: Order) -> str:
        """Return the address."""
        return order.user_email

    @display(description="Total")
    def amount(self, order: Order) -> str:
        """Return the total in the shop's format."""
        return wording.money(order.total, order.currency)

    @display(description="Items")
    def lines(self, order: Order) -> int:
        """Return how many products."""
        return order.item_count

    @display(description="Age")
    def age(self, order: Order) -> str:
        """Return for how long there has been this order; an open one says so."""
        length = wording.span(timezone.now() - order.created_at)
        return length if order.step == Step.DONE else f"{length}, open"

    @display(description="Placed (UTC)")
    def placed(self, order: Order) -> str:
        """Return when."""
        return wording.moment(order.created_at)

    # ---- what can be done with chosen rows ----

    @action(description="Try again now", permissions=["retry"])
    def retry_chosen(self, request: HttpRequest, queryset: QuerySet[Order]) -> HttpResponse:
        """Lead to the page."""
        return _to("order_retry", queryset)

    @action(description="Mark as shipped", permissions=["ship"])
    def ship_chosen(self, request: HttpRequest, queryset: QuerySet[Order]) -> HttpResponse:
        """Lead to the page."""
        return _to("order_ship", queryset)

    @action(description="Cancel, refund and restock", permissions=["cancel"])
    def cancel_chosen(self, request: HttpRequest, queryset: QuerySet[Order]) -> HttpResponse:
        """Lead to the page."""
        return _to("order_cancel", queryset)

    # ---- pages ----

    def get_urls(self) -> list[URLPattern]:
        """Add the export."""
        view = self.admin_site.admin_view
        return [
            path("export/", view(self.export), name="orders_order_export"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Add the way through the days."""
        up, down = drill_down.trail(request.GET)
        context = {"days_up": up, "days_down": down, "title": "Orders", **(extra_context or {})}
        return super().changelist_view(request, context)

    def change_view(  # type: ignore[override]  # a view of ours may answer with any response
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """Show the order on a page of its own: there is nothing in it to be edited."""
        return OrderPage.as_view()(request, order_id=object_id)

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """Send the filtered list as CSV."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        changelist = self.get_changelist_instance(request)
        audit.write_export("orders", request=request)
        return csv_of(changelist.queryset)


def _to(page: str, orders: QuerySet[Order]) -> HttpResponse:
    """Lead to the page of an action, which asks for a reason and then acts."""
    chosen = [("order", number) for number in orders.values_list("pk", flat=True)]
    return HttpResponseRedirect(f"{reverse(f'admin:{page}')}?{urlencode(chosen)}")

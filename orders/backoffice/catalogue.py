"""The catalogue to look at: the list, one product with its movements, the export. Nothing here writes."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import Http404, HttpRequest, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from orders.backoffice import wording
from orders.backoffice.filters import ProductFilter
from orders.backoffice.models import Desk
from orders.backoffice.page import Crumb, StaffPage, allowed
from orders.backoffice.roles import ADJUST_STOCK, EDIT_CATALOGUE, VIEW, VIEW_CATALOGUE
from products.errors import CatalogueUnavailable
from products.exports import catalogue_as_csv
from products.inventory import MAX_STOCK
from products.models import Product
from products.selectors import (
    every_product,
    get_any_product,
    list_movements,
    list_products,
    look_through,
)
from shop.pagination import InvalidCursor, decode_cursor, encode_cursor
from users import audit

PER_PAGE = 50
LOOKED_AT = 1_000  # products that one page looks at for what no index answers
LOW_STOCK = 5  # what the list offers as "low"
MOVEMENTS = 25  # of a page
LOG_ENTRIES = 20
MOVEMENT_KINDS = {"created": "First stock", "set": "Set", "adjusted": "Adjusted"}
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_OF_AN_ID = re.compile(r"prod_[A-Za-z0-9_-]{0,59}")


@dataclass(frozen=True)
class Search:
    """What the list is asked for.

    Attributes:
        words: an id, the beginning of one, or a part of a name.
        category: spelled exactly; None for all.
        low: a stock of at most so many units; None for any.
    """

    words: str
    category: str | None
    low: int | None

    @classmethod
    def read(cls, asked: QueryDict) -> "Search":
        """Read the page's parameters; what makes no sense is not asked for."""
        low = asked.get("low", "").strip()
        return cls(
            words=asked.get("q", "").strip()[:200],
            category=asked.get("category", "").strip()[:100] or None,
            low=min(int(low), MAX_STOCK) if re.fullmatch(r"[0-9]{1,10}", low) else None,
        )

    @property
    def id_beginning(self) -> str:
        """Return the words if they are (the beginning of) an id."""
        return self.words if _OF_AN_ID.fullmatch(self.words) else ""

    @property
    def by_index(self) -> bool:
        """Whether an index answers all of it."""
        return self.low is None and self.words == self.id_beginning

    def query(self, **more: str) -> str:
        """Return it as the page's parameters."""
        asked = {"q": self.words, "category": self.category, "low": self.low, **more}
        return urlencode({name: value for name, value in asked.items() if value not in {"", None}})

    def wanted(self) -> Callable[[Product], bool]:
        """Return what tells whether a product fits."""
        beginning, part = self.id_beginning, "" if self.id_beginning else self.words.casefold()

        def fits(product: Product) -> bool:
            return (
                (self.low is None or product.stock <= self.low)
                and product.product_id.startswith(beginning)
                and part in product.name.casefold()
            )

        return fits


@dataclass(frozen=True)
class Found:
    """A page of the list: its products, where it goes on, and how many were looked at (None: an index answered)."""

    products: list[Product]
    position: str | None
    looked_at: int | None = None


def find(search: Search, *, after: str | None) -> Found:
    """Return a page of what is asked for; its cost does not grow with the catalogue."""
    if search.by_index:
        # From a place outside of the range DynamoDB does not go on.
        after = after if after and after.startswith(search.id_beginning) else None
        page, position = list_products(
            category=search.category, limit=PER_PAGE, after=after, beginning=search.id_beginning
        )
        nothing = search.id_beginning and not page and after is None
        gone = get_any_product(search.id_beginning) if nothing else None  # one that was deleted
        return Found([gone] if gone else page, position)
    look = look_through(
        search.wanted(), category=search.category, after=after, most=LOOKED_AT, enough=PER_PAGE
    )
    return Found(look.found, look.position, look.looked_at)


class CataloguePage(StaffPage):
    """The list, a part at a time, in order of the ids."""

    title = "Catalogue"
    route = "catalogue/"
    name = "catalogue"
    permission_required = VIEW_CATALOGUE
    template_name = "backoffice/catalogue.html"

    def page_context(self) -> dict[str, Any]:
        """Search, or say that DynamoDB is silent."""
        search = Search.read(self.request.GET)
        after = self.request.GET.get("after", "")
        context = {
            "search": search,
            "query": search.query(),
            "per_page": PER_PAGE,
            "low_stock": LOW_STOCK,
            "may_edit": allowed(self.request, EDIT_CATALOGUE),
            "further": bool(after),
        }
        try:
            found = find(search, after=after if _ID.fullmatch(after) else None)
        except CatalogueUnavailable:
            return {**context, "unavailable": True}
        rows = [(product, address(product.product_id), price(product)) for product in found.products]
        onward = search.query(after=found.position) if found.position else ""
        return {**context, "found": found, "rows": rows, "onward": onward}


class ExportPage(StaffPage):
    """The list as CSV: all of it, streamed, in the columns that the import reads."""

    title = "Export the catalogue"
    route = "catalogue/export/"
    name = "catalogue_export"
    permission_required = VIEW_CATALOGUE
    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        """Send the file; while DynamoDB is silent, the list says so instead."""
        search = Search.read(request.GET)
        lines = catalogue_as_csv(filter(search.wanted(), every_product(category=search.category)))
        try:
            first = [next(lines), *([row] if (row := next(lines, None)) else [])]
        except CatalogueUnavailable as error:
            messages.error(request, error.message)
            return redirect(f"{reverse('admin:catalogue')}?{search.query()}")
        audit.write_export("catalogue", request=request)
        response = StreamingHttpResponse(_after(first, lines), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="products.csv"'
        return response


def _after(first: list[str], lines: Any) -> Any:
    yield from first
    yield from lines


class ProductPage(StaffPage):
    """One product: what it is, its stock, every movement, what staff did."""

    title = "Product"
    route = "catalogue/product/"
    name = "catalogue_product"
    permission_required = VIEW_CATALOGUE
    template_name = "backoffice/product.html"

    def breadcrumbs(self) -> list[Crumb]:
        """Lead back to the list."""
        return [("Catalogue", reverse("admin:catalogue"))]

    def page_title(self) -> str:
        """Name the product by its id, which is right even while DynamoDB is silent."""
        return f"Product {self.request.GET.get('id', '')[:64]}"

    def page_context(self) -> dict[str, Any]:
        """Gather everything."""
        product_id = self.request.GET.get("id", "")
        try:
            product = get_any_product(product_id)
            if product is None:
                raise Http404
            movements, onward = self._movements(product_id)
        except CatalogueUnavailable:
            return {"unavailable": True}
        return {
            "product": product,
            "price": price(product),
            "low": product.stock <= LOW_STOCK,
            "movements": [(one, MOVEMENT_KINDS.get(one.kind, one.kind)) for one in movements],
            "onward": onward and urlencode({"id": product_id, "after": onward}),
            "address": address(product_id),
            "further": "after" in self.request.GET,
            "log": _log(product_id),
            "actions": self._actions(product),
            "orders": self._orders(product_id),
        }

    def _movements(self, product_id: str) -> tuple[list[Any], str]:
        scope = f"movements:{product_id}"
        try:
            after = tuple(decode_cursor(self.request.GET.get("after", ""), scope=scope)["after"])
        except InvalidCursor:
            after = None
        page, position = list_movements(product_id, limit=MOVEMENTS, after=after)
        return page, encode_cursor({"after": position}, scope=scope) if position else ""

    def _actions(self, product: Product) -> list[tuple[str, str]]:
        offers = (
            ("Adjust stock", "catalogue_adjust", ADJUST_STOCK),
            ("Edit", "catalogue_edit", EDIT_CATALOGUE),
        )
        return [
            (title, f"{reverse(f'admin:{name}')}?{urlencode({'id': product.product_id})}")
            for title, name, who in offers
            if product.is_listed and allowed(self.request, who)
        ]

    def _orders(self, product_id: str) -> str:
        """Return the address of its orders, for those who may see them."""
        if not allowed(self.request, VIEW):
            return ""
        asked = urlencode({ProductFilter.parameter_name: product_id})
        return f"{reverse('admin:orders_order_changelist')}?{asked}"


def address(product_id: str) -> str:
    """Return where a product is shown."""
    return f"{reverse('admin:catalogue_product')}?{urlencode({'id': product_id})}"


def price(product: Product) -> str:
    """Write a product's price in the shop's format."""
    return wording.money(product.price, settings.CURRENCY)


def _log(product_id: str) -> list[LogEntry]:
    kind = ContentType.objects.get_for_model(Desk)
    entries = LogEntry.objects.filter(content_type=kind, object_id=product_id).select_related("user")
    return list(entries.order_by("-action_time")[:LOG_ENTRIES])

"""The side bar: where one can go, each entry only for those who may go there."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from orders.backoffice import roles
from orders.backoffice.page import allowed

# title, icon (a name from Material Symbols), route name, permission (None: all staff)
ENTRIES: tuple[tuple[str, str, str, str | None], ...] = (
    ("Start", "home", "admin:index", None),
    ("Orders", "receipt_long", "admin:orders_order_changelist", roles.VIEW),
    ("Orphan reservations", "inventory_2", "admin:reservations", roles.RELEASE),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the entries in the theme's form."""
    items = [
        {"title": title, "icon": icon, "link": reverse(name)}
        for title, icon, name, permission in ENTRIES
        if permission is None or allowed(request, permission)
    ]
    return [{"title": "", "separator": False, "items": items}]


def no_inline_colours(_request: HttpRequest) -> dict[str, Any]:
    """Keep the theme from writing its colours into each page; they are in static/backoffice/colours.css."""
    return {"colors": None}

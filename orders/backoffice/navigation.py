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
    ("Catalogue", "sell", "admin:catalogue", roles.VIEW_CATALOGUE),
    ("Orphan reservations", "inventory_2", "admin:reservations", roles.RELEASE),
    ("Sales", "bar_chart", "admin:sales", roles.VIEW_REPORTS),
    ("Customers", "person_search", "admin:customers", roles.VIEW_CUSTOMER),
    ("Health", "monitor_heart", "admin:health", roles.VIEW_HEALTH),
    ("Audit log", "history", "admin:users_staffevent_changelist", roles.VIEW_AUDIT),
    ("Users", "group", "admin:auth_user_changelist", "auth.view_user"),  # superusers
    ("Groups", "shield_person", "admin:auth_group_changelist", "auth.view_group"),  # superusers
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

"""The side bar: where one can go, each entry only for those who may go there; and the search over it."""

from typing import Any

from django.contrib import admin
from django.core.paginator import InvalidPage
from django.http import Http404, HttpRequest, HttpResponse
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


def search(request: HttpRequest) -> HttpResponse:
    """Answer the theme's search (Ctrl-K), which itself fails where there is no such page of results.

    Raises:
        Http404: there is none.
    """
    try:
        answer: HttpResponse = _theme_search(request)
    except InvalidPage as error:
        raise Http404 from error
    return answer


_theme_search = admin.site.search  # type: ignore[attr-defined]  # the theme's site, which Django's types do not know

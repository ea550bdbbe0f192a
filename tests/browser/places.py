"""Every page of the back office, as an address: from what is registered, so that a new page is looked at from its first day."""

import re
from collections.abc import Iterator

from django.contrib import admin

from orders.backoffice.admin import PAGES
from tests.browser.seed import ORPHAN, Seeded

OUTSIDE = {"sign-in": "/admin/login/"}
"""Name -> address of what is shown to nobody in particular."""
FILES = {"sales_csv", "catalogue_export"}
"""Pages that are files, with nothing to look at."""
REFUSED = {"not-found": "/admin/nothing/here/"}
OF_DJANGO = {"start": "/admin/", "password": "/admin/password_change/"}


def places(seeded: Seeded) -> dict[str, str]:
    """Return name -> address of each page that staff can open.

    Raises:
        KeyError: a page has a parameter in its route that nobody gave an example for.
    """
    return {
        **OF_DJANGO,
        **{
            page.name: f"/admin/{_filled(page.route, seeded)}{_query(page.name, seeded)}"
            for page in PAGES
            if page.name not in FILES
        },
        **dict(_tables(seeded)),
    }


def _filled(route: str, seeded: Seeded) -> str:
    examples = {"product_id": seeded.product_id, "order_id": str(seeded.stuck.pk), "uid": ORPHAN}
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: examples[found[1]], route)


def _query(name: str, seeded: Seeded) -> str:
    product = f"?id={seeded.product_id}"
    orders = f"?order={seeded.stuck.pk}&order={seeded.paid.pk}"
    about = {
        **dict.fromkeys(("order_retry", "order_cancel", "order_ship"), orders),
        **dict.fromkeys(("customer", "customer_disable", "customer_enable"), f"?sub={seeded.stuck.user_id}"),
        **dict.fromkeys(("catalogue_product", "catalogue_edit", "catalogue_adjust"), product),
        **dict.fromkeys(("customer", "customer_disable", "customer_enable"), f"?sub={seeded.customer}"),
    }
    return about.get(name, "")


def _tables(seeded: Seeded) -> Iterator[tuple[str, str]]:
    rows = {"order": seeded.stuck.pk}
    for model in admin.site._registry:
        name = model._meta.model_name or ""
        address = f"/admin/{model._meta.app_label}/{name}/"
        yield f"{name}-list", address
        if name in rows:
            yield f"{name}-page", f"{address}{rows[name]}/change/"
            yield f"{name}-history", f"{address}{rows[name]}/history/"

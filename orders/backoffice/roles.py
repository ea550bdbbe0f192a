"""Who may do what in the back office, as data: each role is a group of Django's with exactly these permissions.

Made again by every ``migrate``, so that the code, not the database, says what a role is.
"""

from collections.abc import Mapping

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

VIEW = "orders.view_order"
RETRY = "orders.retry_order"
CANCEL = "orders.cancel_order"
SHIP = "orders.ship_order"
RELEASE = "orders.release_reservation"
VIEW_CATALOGUE = "backoffice.view_catalogue"
EDIT_CATALOGUE = "backoffice.edit_catalogue"
ADJUST_STOCK = "backoffice.adjust_stock"
VIEW_REPORTS = "backoffice.view_reports"
VIEW_CUSTOMER = "backoffice.view_customer"
DISABLE_CUSTOMER = "backoffice.disable_customer"
VIEW_HEALTH = "backoffice.view_health"
VIEW_AUDIT = "users.view_staffevent"

_SEE = frozenset({VIEW, VIEW_CATALOGUE, VIEW_REPORTS, VIEW_CUSTOMER, VIEW_HEALTH})

ROLES: Mapping[str, frozenset[str]] = {
    "support": _SEE | {RETRY},
    "admin": _SEE
    | {RETRY, CANCEL, SHIP, RELEASE, EDIT_CATALOGUE, ADJUST_STOCK, DISABLE_CUSTOMER, VIEW_AUDIT},
}
"""Group -> permissions. Signing in puts a member of the pool's group of that name into it."""


def make_roles() -> None:
    """Create each role's group, or set it right; harmless to repeat.

    Raises:
        AssertionError: a permission is named here that no model declares.
    """
    for room in ("orders", "backoffice", "users"):
        create_permissions(apps.get_app_config(room), verbosity=0)
    known = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.select_related("content_type")
    }
    for name, wanted in ROLES.items():
        if missing := wanted - known.keys():
            raise AssertionError(f"no model declares {sorted(missing)}")
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.set(known[permission] for permission in wanted)

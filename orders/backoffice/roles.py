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

ROLES: Mapping[str, frozenset[str]] = {
    "support": frozenset({VIEW, RETRY}),
    "admin": frozenset({VIEW, RETRY, CANCEL, SHIP, RELEASE}),
}
"""Group -> permissions. Signing in puts a member of the pool's group of that name into it."""


def make_roles() -> None:
    """Create each role's group, or set it right; harmless to repeat.

    Raises:
        AssertionError: a permission is named here that no model declares.
    """
    create_permissions(apps.get_app_config("orders"), verbosity=0)
    known = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.select_related("content_type")
    }
    for name, wanted in ROLES.items():
        if missing := wanted - known.keys():
            raise AssertionError(f"no model declares {sorted(missing)}")
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.set(known[permission] for permission in wanted)

"""Django's handle on the back office."""

from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class BackofficeConfig(AppConfig):
    """Templates and styles before the theme's own, and the roles, made whenever the database is migrated."""

    name = "orders.backoffice"
    label = "backoffice"
    verbose_name = "Back office"

    def ready(self) -> None:
        """Make the roles after each migration of the orders, whose permissions they hold."""
        post_migrate.connect(
            _make_roles, sender=apps.get_app_config("orders"), dispatch_uid="backoffice.roles"
        )


def _make_roles(**_: Any) -> None:
    from orders.backoffice.roles import make_roles

    make_roles()

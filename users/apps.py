"""Django's handle on identity."""

from django.apps import AppConfig
from django.db.models.signals import post_save

from shop import health


class UsersConfig(AppConfig):
    """Registers the readiness check, and the copy of Django's log of what staff do."""

    name = "users"
    verbose_name = "People"

    def ready(self) -> None:
        """Ready means: the keys that verify access tokens are loaded."""
        from users.audit import copy_admin_log
        from users.jwks import check_keys

        health.register("keys", check_keys)
        post_save.connect(copy_admin_log, sender="admin.LogEntry", dispatch_uid="users.audit")

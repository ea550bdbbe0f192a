"""Django's handle on identity. The room has no tables."""

from django.apps import AppConfig

from shop import health


class UsersConfig(AppConfig):
    """Registers the readiness check."""

    name = "users"

    def ready(self) -> None:
        """Ready means: the keys that verify access tokens are loaded."""
        from users.jwks import check_keys

        health.register("keys", check_keys)

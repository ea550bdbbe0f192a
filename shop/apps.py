"""Django's handle on the ground floor."""

from django.apps import AppConfig


class ShopConfig(AppConfig):
    """Registers the deployment checks."""

    name = "shop"

    def ready(self) -> None:
        """Load the checks; importing registers them."""
        from shop import checks, schema  # noqa: F401 (needs the app registry)

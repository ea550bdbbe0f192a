"""Django's handle on the catalogue."""

from django.apps import AppConfig

from shop import health


class ProductsConfig(AppConfig):
    """Registers the readiness check."""

    name = "products"

    def ready(self) -> None:
        """Ready means: the products table exists and answers."""
        from products.models import check_answers  # noqa: PLC0415 (models need the settings)

        health.register("catalogue", check_answers)

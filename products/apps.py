"""Django's handle on the catalogue."""

from django.apps import AppConfig

from shop import health


class ProductsConfig(AppConfig):
    """Registers the readiness check."""

    name = "products"

    def ready(self) -> None:
        """Ready means: the products table exists and answers."""
        from products.models import check_answers

        health.register("catalogue", check_answers)

"""Django's handle on the orders."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """The orders, their admin and their commands."""

    name = "orders"

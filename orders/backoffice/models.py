"""What the back office itself keeps in MySQL; orders and catalogue have their own rooms."""

from django.db import models


class Desk(models.Model):  # noqa: DJ008 (it has no rows to name)
    """No table: Django ties each permission to a model, and these belong to none of the tables.

    Who holds which: :mod:`orders.backoffice.roles`.
    """

    class Meta:
        managed = False
        default_permissions = ()
        permissions = [
            ("view_catalogue", "Can see products, stock and movements"),
            ("edit_catalogue", "Can create, change and import products"),
            ("adjust_stock", "Can change the stock of a product, with a reason"),
            ("view_reports", "Can see the figures of the start page and the sales reports"),
            ("view_customer", "Can look up a customer and their orders"),
            ("disable_customer", "Can shut a customer out, and let them in again"),
            ("view_health", "Can see how the parts of the shop are"),
        ]

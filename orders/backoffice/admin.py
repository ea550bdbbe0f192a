"""What is registered with Django's admin, and which pages of our own stand beside it. Loaded by Django's autodiscovery."""

from django.contrib import admin

from orders.backoffice.actions import CancelPage, RetryPage, ShipPage
from orders.backoffice.order_list import OrderAdmin
from orders.backoffice.page import StaffPage
from orders.backoffice.reservations import OrphansPage
from orders.models import Order

PAGES: tuple[type[StaffPage], ...] = (RetryPage, CancelPage, ShipPage, OrphansPage)

admin.site.register(Order, OrderAdmin)
# The theme's site asks for them when it makes its table of addresses.
admin.site.extra_urls = lambda: [page.url() for page in PAGES]  # type: ignore[attr-defined]

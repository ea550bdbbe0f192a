"""What is registered with Django's admin, and which pages of our own stand beside it. Loaded by Django's autodiscovery."""

from django.contrib import admin
from django.contrib.auth.models import Group, User

from orders.backoffice.actions import CancelPage, RetryPage, ShipPage
from orders.backoffice.audit import AuditAdmin
from orders.backoffice.catalogue import CataloguePage, ExportPage, ProductPage
from orders.backoffice.catalogue_edit import AdjustPage, CreatePage, EditPage
from orders.backoffice.catalogue_import import ImportPage
from orders.backoffice.customers import CustomerPage, CustomerSearchPage, DisablePage, EnablePage
from orders.backoffice.health_page import HealthPage
from orders.backoffice.navigation import search
from orders.backoffice.order_list import OrderAdmin
from orders.backoffice.page import StaffPage
from orders.backoffice.people import GroupAdmin, UserAdmin
from orders.backoffice.reports import SalesCsv, SalesPage
from orders.backoffice.reservations import OrphansPage
from orders.models import Order
from users.models import StaffEvent

PAGES: tuple[type[StaffPage], ...] = (
    *(RetryPage, CancelPage, ShipPage, OrphansPage, SalesPage, SalesCsv, HealthPage),
    *(CataloguePage, ProductPage, CreatePage, EditPage, AdjustPage, ImportPage, ExportPage),
    *(CustomerSearchPage, CustomerPage, DisablePage, EnablePage),
)

admin.site.register(Order, OrderAdmin)
admin.site.register(StaffEvent, AuditAdmin)
admin.site.unregister((User, Group))  # Django's own, without the theme
admin.site.register(User, UserAdmin)
admin.site.register(Group, GroupAdmin)
# The theme's site asks for these when it makes its table of addresses.
admin.site.search = search  # type: ignore[attr-defined]
admin.site.extra_urls = lambda: [page.url() for page in PAGES]  # type: ignore[attr-defined]

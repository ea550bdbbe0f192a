"""The orders in the Django admin: to look at. The saga alone changes them."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from orders.models import Order, OrderEvent, OrderItem, Payment

# Generic to the type checker only.
if TYPE_CHECKING:
    ItemTable = admin.TabularInline[OrderItem, Order]
    PaymentBox = admin.StackedInline[Payment, Order]
    EventTable = admin.TabularInline[OrderEvent, Order]
    OrderModelAdmin = admin.ModelAdmin[Order]
else:
    ItemTable = EventTable = admin.TabularInline
    PaymentBox = admin.StackedInline
    OrderModelAdmin = admin.ModelAdmin


class ReadOnly:
    """No adding, changing, deleting."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Orders come from customers."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """States change by the saga."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Books are kept."""
        return False


class ItemInline(ReadOnly, ItemTable):
    """The lines."""

    model = OrderItem
    extra = 0


class PaymentInline(ReadOnly, PaymentBox):
    """The money."""

    model = Payment
    extra = 0


class EventInline(ReadOnly, EventTable):
    """The history."""

    model = OrderEvent
    extra = 0


@admin.register(Order)
class OrderAdmin(ReadOnly, OrderModelAdmin):
    """Find an order, see all of it."""

    list_display = (
        "id",
        "status",
        "cancel_reason",
        "user_email",
        "total",
        "item_count",
        "created_at",
    )
    list_filter = ("status", "cancel_reason", "created_at")
    search_fields = ("=id", "user_email__startswith")
    search_help_text = "An order's number, or the beginning of an e-mail address"
    show_full_result_count = False
    inlines = (ItemInline, PaymentInline, EventInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        """Newest first."""
        return super().get_queryset(request).order_by("-created_at", "-id")

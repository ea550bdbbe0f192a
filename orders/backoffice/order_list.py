"""The list of orders, to look at. The saga alone changes them."""

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest
from unfold.admin import ModelAdmin

from orders.models import Order

if TYPE_CHECKING:  # generic to the type checker only
    from django.contrib.admin import ModelAdmin as TypedAdmin

    OrderModelAdmin = TypedAdmin[Order]
else:
    OrderModelAdmin = ModelAdmin


class OrderAdmin(OrderModelAdmin):
    """Find an order, see all of it."""

    list_display = ("id", "status", "cancel_reason", "user_email", "total", "item_count", "created_at")
    list_filter = ("status", "cancel_reason")
    search_fields = ("=id", "user_email__istartswith")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Orders come from customers."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """States change by the saga."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Books are kept."""
        return False

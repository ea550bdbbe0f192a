"""The base of lists in which nothing can be added, edited or deleted."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

if TYPE_CHECKING:  # generic to the type checker only; and the theme has no types
    AnyModelAdmin = admin.ModelAdmin[Any]
else:
    AnyModelAdmin = ModelAdmin


class ReadOnlyAdmin(AnyModelAdmin):
    """To look at."""

    actions = None
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each would be a count

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

"""The base of lists in which nothing can be added, edited or deleted; and the theme's decorators, with types."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest
from unfold import decorators
from unfold.admin import ModelAdmin

# Generic to the type checker only; and the theme has no types, Django's decorators are alike.
if TYPE_CHECKING:
    AnyModelAdmin = admin.ModelAdmin[Any]
    action, display = admin.action, admin.display
else:
    AnyModelAdmin = ModelAdmin
    action, display = decorators.action, decorators.display


class ReadOnlyAdmin(AnyModelAdmin):
    """To look at."""

    actions: Any = None
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

"""Django's users and groups, for superusers. What comes from the pool or from the code is to look at."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import User
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from orders.backoffice.read_only import ReadOnlyAdmin
from users.staff import membership

if TYPE_CHECKING:  # generic to the type checker only; and the theme has no types
    ThemedUserAdmin = auth_admin.UserAdmin[User]
else:

    class ThemedUserAdmin(auth_admin.UserAdmin, ModelAdmin):
        """Django's forms in the theme's clothes."""


class UserAdmin(ThemedUserAdmin):
    """All who ever were staff. Accounts of the pool are to look at: Cognito says what they are; local ones can be edited."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "first_name", "source", "roles", "is_active", "is_staff", "last_login")
    list_filter = ("is_staff", "groups")
    list_select_related = ("staff_member",)
    show_facets = admin.ShowFacets.NEVER
    actions = None

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers."""
        return bool(request.user.is_superuser)

    has_module_permission = has_add_permission = has_view_permission

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Superusers, and local accounts alone."""
        return self.has_view_permission(request) and (obj is None or membership(obj) is None)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: the history names them. Take ``active`` away instead."""
        return False

    def get_queryset(self, request: HttpRequest) -> Any:
        """Read the groups at once, not for each row."""
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description="Comes from")
    def source(self, user: User) -> str:
        """Return who says what they are."""
        return "Cognito" if membership(user) else "here"

    @admin.display(description="Roles")
    def roles(self, user: User) -> str:
        """Return the groups' names."""
        return ", ".join(sorted(group.name for group in user.groups.all())) or "–"


class GroupAdmin(ReadOnlyAdmin):
    """The roles as the code has made them (:mod:`orders.backoffice.roles`)."""

    list_display = ("name",)
    fields = ("name", "permissions")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers."""
        return bool(request.user.is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Superusers."""
        return self.has_view_permission(request)

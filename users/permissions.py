"""Who may call what, by the access mode. Settings are read at each call."""

from typing import Any

from django.conf import settings
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from users.callers import caller_of


class IsSignedIn(BasePermission):
    """A caller with a valid access token, in both modes."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """401 without a token."""
        return caller_of(request) is not None


class SignedInIfRequired(BasePermission):
    """Anyone with ``REQUIRE_AUTH=false``, else a caller with a valid access token (orders)."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """401 without a token where one is needed."""
        return not settings.REQUIRE_AUTH or caller_of(request) is not None


class AdminIfRequired(BasePermission):
    """Anyone with ``REQUIRE_AUTH=false``, else only the Cognito group ``COGNITO_ADMIN_GROUP`` (reports)."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """401 without a token, 403 without the group."""
        caller = caller_of(request)
        return not settings.REQUIRE_AUTH or (caller is not None and caller.is_admin)


class ReadOnlyOrAdmin(BasePermission):
    """Anyone reads; with ``REQUIRE_AUTH=true`` only the Cognito group ``COGNITO_ADMIN_GROUP`` writes (products)."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """401 without a token, 403 without the group."""
        if request.method in SAFE_METHODS or not settings.REQUIRE_AUTH:
            return True
        caller = caller_of(request)
        return caller is not None and caller.is_admin

"""How Django finds who is signed in to the back office, and lets local accounts in where they are allowed."""

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.http import HttpRequest

from users.staff import membership


class StaffBackend(ModelBackend):
    """Django's own accounts and permissions. Local ones count with ``STAFF_LOCAL_ACCOUNTS`` alone, in a running session too.

    Accounts of the pool come in by :mod:`users.back_office`; here they have no password.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Return a local account whose password is right."""
        if not settings.STAFF_LOCAL_ACCOUNTS:
            return None
        user = super().authenticate(request, username=username, password=password, **kwargs)
        return user if isinstance(user, User) else None

    def get_user(self, user_id: int) -> User | None:
        """Return who a session belongs to; nobody once that account may not be used."""
        user = User.objects.select_related("staff_member").filter(pk=user_id).first()
        if user is None or not self.user_can_authenticate(user):
            return None
        return user if settings.STAFF_LOCAL_ACCOUNTS or membership(user) else None

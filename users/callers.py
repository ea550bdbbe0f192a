"""Who is calling, as every room sees it. Reads nothing but settings."""

from dataclasses import dataclass
from typing import ClassVar

from django.conf import settings
from rest_framework.request import Request

# The user id of those who order without a token (possible with REQUIRE_AUTH=false only).
ANONYMOUS_USER_ID = "anonymous"


@dataclass(frozen=True)
class Caller:
    """A caller whose access token was verified. Callers without a token are None, never a Caller.

    Attributes:
        sub: Cognito's id of the user (a UUID as text); the same in every token of this user.
        groups: the Cognito groups the token names.
    """

    sub: str
    groups: frozenset[str] = frozenset()

    is_authenticated: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False

    @property
    def pk(self) -> str:
        """The id under the name that Django's and DRF's own tools (throttles) ask for."""
        return self.sub

    @property
    def is_admin(self) -> bool:
        """Whether the token names the shop's admin group."""
        return settings.COGNITO_ADMIN_GROUP in self.groups


def caller_of(request: Request) -> Caller | None:
    """Return the verified caller of a request, or None when no token was sent."""
    user: object = request.user
    return user if isinstance(user, Caller) else None

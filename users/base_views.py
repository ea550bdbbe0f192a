"""What all views of this room share."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from shop.errors import TooManyRequestsError
from shop.limits import LimitsUnavailable
from shop.serializers import StrictSerializer
from users.errors import IdentityUnavailable

EXAMPLE_PASSWORD = "Str0ng!pass"  # noqa: S105 (in the documentation)
ANY_CALL = (TooManyRequestsError, IdentityUnavailable)
LIMITED_CALL = (*ANY_CALL, LimitsUnavailable)


def read(request: Request, kind: type[StrictSerializer]) -> dict[str, Any]:
    """Return the body's values, checked."""
    body = kind(data=request.data)
    body.is_valid(raise_exception=True)
    values: dict[str, Any] = body.validated_data
    return values


def done(message: str, *, status: int = 200) -> Response:
    """Answer that it is done."""
    return Response({"success": True, "message": message}, status=status)

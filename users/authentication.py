"""Who is calling: the Authorization header, judged by :mod:`users.tokens`, as DRF and OpenAPI understand it."""

import re
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from shop import metrics
from shop.logging import note
from users.callers import Caller
from users.disabled import disabled_list
from users.errors import InvalidToken
from users.tokens import Claims, verify_access_token

_BEARER = re.compile(r"bearer +([^\s,]+)", re.IGNORECASE | re.ASCII)
NO_TOKEN_CHALLENGE = 'Bearer error="invalid_request"'  # noqa: S105 (no secret, a header)


class CognitoAuthentication(BaseAuthentication):
    """Takes Cognito's access token from ``Authorization: Bearer``.

    Without that header the caller is nobody in particular, and permissions decide. A header that is there is always
    judged, in both access modes: what is not a valid token is refused, never taken for nobody.
    ``request.user`` becomes a :class:`~users.callers.Caller`, ``request.auth`` its :class:`~users.tokens.Claims`.
    """

    def authenticate(self, request: Request) -> tuple[Caller, Claims] | None:
        """Return caller and claims, or None without a header.

        Raises:
            InvalidToken: a header is there, but no valid access token in it.
            IdentityUnavailable: the keys to judge by could not be loaded.
        """
        header = _header_of(request)
        if not header:
            return None
        try:
            claims = _claims_of(header)
        except InvalidToken as refusal:
            note(request, reason=refusal.message)  # our own words, nothing of the token
            metrics.emit(metrics.TOKENS_REFUSED, 1)
            raise
        note(request, sub=claims.sub)
        return claims.caller, claims

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401 (RFC 6750): with an error only if a token was sent."""
        if _header_of(request):
            return InvalidToken.challenge
        return NO_TOKEN_CHALLENGE


def _claims_of(header: str) -> Claims:
    claims = verify_access_token(_token_in(header))
    if disabled_list.names(claims):
        raise InvalidToken("The access token is not valid any more.")
    return claims


def _header_of(request: Request) -> str:
    header: str = request.META.get("HTTP_AUTHORIZATION", "")
    return header.strip(" \t")


def _token_in(header: str) -> str:
    match = _BEARER.fullmatch(header)  # two headers arrive as one, joined by a comma
    if match is None:
        raise InvalidToken("The Authorization header must be `Bearer` and one access token.")
    return match.group(1)


class CognitoAuthenticationScheme(OpenApiAuthenticationExtension):
    """Documents :class:`CognitoAuthentication`; drf-spectacular finds it by being imported."""

    target_class = CognitoAuthentication
    name = "accessToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the OpenAPI security scheme."""
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "`accessToken` from `POST /users/login`.",
        }

"""Verification of Cognito access tokens, offline, by RFC 8725 and Cognito's rules; the only code that trusts a token.

Accepted is exactly one kind: an RS256 access token of our pool and our app client, within its time. What a token's
header says is used to look up a key by id, for nothing else.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.conf import settings

from shop.wire import parse_json
from users.callers import Caller
from users.errors import InvalidToken
from users.jwks import KeyCache, signing_keys
from users.token_memory import Basis, TokenMemory, Verdict

MAX_TOKEN_CHARACTERS = 8192
MAX_KID_CHARACTERS = 128
MAX_SUB_CHARACTERS = 64  # Cognito's are UUIDs; orders.user_id has this room
LEEWAY_SECONDS = 30
MAX_LIFETIME_SECONDS = 3600  # our client's tokens live 15 minutes, Cognito's default is an hour
ALGORITHM = "RS256"
ACCESS = "access"
REFUSED_HEADERS = frozenset({"jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256", "crit", "b64", "zip", "enc"})

# The signature's part of PyJWT alone. Claims are read and judged here: its JWT class takes "123" and 1e30 for times,
# NaN for a number and the last of two members of one name, and knows no ceiling.
_signatures = jwt.PyJWS()


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What a verified access token says.

    Attributes:
        sub: Cognito's id of the user.
        groups: the Cognito groups of the user when the token was issued.
        client_id: the app client the token was issued to.
        username: Cognito's user name (the sub, in a pool that signs in by e-mail).
        issued_at: seconds since 1970.
        expires_at: seconds since 1970.
        access_token: the token itself, for calls to Cognito in the user's name; never printed.
    """

    sub: str
    groups: frozenset[str]
    client_id: str
    username: str
    issued_at: int
    expires_at: int
    access_token: str = field(repr=False)

    @property
    def caller(self) -> Caller:
        """The caller whom this token speaks for."""
        return Caller(sub=self.sub, groups=self.groups)


_memory: TokenMemory[Claims] = TokenMemory()


def verify_access_token(token: str, *, keys: KeyCache | None = None, now: float | None = None) -> Claims:
    """Return the claims of a valid access token.

    Args:
        token: as it stands in the Authorization header.
        keys: where to look up keys; by default those of the configured pool.
        now: seconds since 1970; by default the clock's.

    Raises:
        InvalidToken: it is anything but a valid access token; the message helps its owner and nobody else.
        IdentityUnavailable: the pool's keys are not known and could not be fetched.
    """
    keys, now = keys or signing_keys(), time.time() if now is None else now
    if known := _memory.find(token):
        basis = _basis(keys.find(known.kid))
        if known.basis == basis and known.since <= now < known.until:
            return replace(known.claims, access_token=token)
    kid = _key_id_of(token)
    key = keys.find(kid)
    if key is None:
        raise _invalid("signed with an unknown key")
    claims = _claims_of(token, key=key, now=now)
    verdict = Verdict(
        claims=replace(claims, access_token=""),
        kid=kid,
        basis=_basis(key),
        since=now,
        until=claims.expires_at,
    )
    _memory.keep(token, verdict)
    return claims


def _basis(key: RSAPublicKey | None) -> Basis:
    return Basis(key, settings.COGNITO_ISSUER, settings.COGNITO_CLIENT_ID)


def _claims_of(token: str, *, key: RSAPublicKey, now: float) -> Claims:
    claims = _signed_claims(token, key)
    _check_origin(claims)
    _check_times(claims, now)
    return Claims(
        sub=_text(claims, "sub", MAX_SUB_CHARACTERS),
        groups=_groups(claims),
        client_id=claims["client_id"],
        username=_text(claims, "username", MAX_KID_CHARACTERS),
        issued_at=claims["iat"],
        expires_at=claims["exp"],
        access_token=token,
    )


def _invalid(reason: str) -> InvalidToken:
    return InvalidToken(f"The access token is not valid: {reason}.")


def _key_id_of(token: str) -> str:
    """Read the header, which nobody has signed for yet: refuse all but the plainest."""
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise _invalid("too long")
    if not token.isascii() or token.count(".") != 2:
        raise _invalid("not three parts of base64url")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise _invalid("malformed") from error
    if header.get("alg") != ALGORITHM:
        raise _invalid("not signed with RS256")
    if not REFUSED_HEADERS.isdisjoint(header):
        raise _invalid("a header that is not allowed")
    kid = header.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KID_CHARACTERS:
        raise _invalid("no key id")
    return kid


def _signed_claims(token: str, key: RSAPublicKey) -> dict[str, Any]:
    try:
        payload: bytes = _signatures.decode(token, key, algorithms=[ALGORITHM])
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise _invalid("the signature does not match") from error
    try:
        claims = parse_json(payload)
    except ValueError as error:
        raise _invalid("malformed") from error
    if not isinstance(claims, dict):
        raise _invalid("malformed")
    return claims


def _check_origin(claims: Mapping[str, Any]) -> None:
    if claims.get("iss") != settings.COGNITO_ISSUER:
        raise _invalid("from another issuer")
    if claims.get("token_use") != ACCESS:
        raise _invalid("not an access token (send `accessToken`, not `idToken` or `refreshToken`)")
    if claims.get("client_id") != settings.COGNITO_CLIENT_ID:
        raise _invalid("issued to another client")


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    issued, expires = _whole_seconds(claims, "iat"), _whole_seconds(claims, "exp")
    begins = _whole_seconds(claims, "nbf") if "nbf" in claims else issued
    if max(issued, begins) > now + LEEWAY_SECONDS:
        raise _invalid("not valid yet")
    if not issued < expires <= issued + MAX_LIFETIME_SECONDS:
        raise _invalid("its lifetime is out of bounds")
    if expires <= now - LEEWAY_SECONDS:
        raise InvalidToken("The access token has expired; get a new one with POST /users/refresh.")


def _whole_seconds(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    if type(value) is not int:  # neither 1e30, NaN, "123" nor true
        raise _invalid(f"{name} is not a time")
    return value


def _text(claims: Mapping[str, Any], name: str, limit: int) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= limit:
        raise _invalid(f"no {name}")
    return value


def _groups(claims: Mapping[str, Any]) -> frozenset[str]:
    groups = claims.get("cognito:groups", [])
    if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
        raise _invalid("its groups are not a list")
    return frozenset(groups)

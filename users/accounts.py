"""What :mod:`users.cognito` answers: a new account, a profile, the tokens of a sign-in."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What a sign-in gives.

    Attributes:
        expires_in: the access token's life, in seconds.
        refresh_token: the one in force from now on.
    """

    access_token: str = field(repr=False)
    id_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105 (the word of RFC 6750)


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What the pool knows of a user."""

    sub: str
    email: str
    name: str
    email_verified: bool


@dataclass(frozen=True, kw_only=True)
class SignedUp:
    """A new account."""

    sub: str
    confirmed: bool

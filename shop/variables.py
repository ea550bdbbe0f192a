"""How a setting is read from the environment: a value that is missing or wrong stops the start and names its variable."""

import os
from decimal import Decimal, InvalidOperation

from django.core.exceptions import ImproperlyConfigured


def text(name: str, *, default: str | None = None) -> str:
    """Read a text exactly as it is; without a default it must not be blank.

    (``env.str`` takes a value that begins with ``$`` for the name of another variable: secrets do begin so.)
    """
    value = os.environ.get(name, default)
    if value is None or (default is None and not value.strip()):
        raise ImproperlyConfigured(f"{name} must be set.")
    return value


def choice(name: str, *options: str, default: str | None = None) -> str:
    """Read one of a few words; anything else stops the start."""
    value = text(name, default=default)
    if value not in options:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(options)}; it is {value!r}.")
    return value


def number(name: str, *, default: int, low: int, high: int) -> int:
    """Read a whole number within bounds (both included)."""
    digits = text(name, default=str(default))
    try:
        value = int(digits)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number; it is {digits!r}.") from error
    if not low <= value <= high:
        raise ImproperlyConfigured(f"{name} must be between {low} and {high}; it is {value}.")
    return value


def flag(name: str, *, default: bool) -> bool:
    """Read a truth value; unlike ``env.bool``, a word that is neither yes nor no is an error, never False."""
    word = text(name, default=str(default)).lower()
    if word in {"true", "1", "yes", "on"}:
        return True
    if word in {"false", "0", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false; it is {word!r}.")


def rate(name: str, *, default: str) -> Decimal:
    """Read a share between 0 and 1."""
    share = text(name, default=default)
    try:
        value = Decimal(share)
    except InvalidOperation:
        value = Decimal(-1)
    if not (value.is_finite() and 0 <= value <= 1):
        raise ImproperlyConfigured(f"{name} must be a number from 0 to 1; it is {share!r}.")
    return value


def entries(name: str, *, default: str) -> list[str]:
    """Read a list of texts, by commas.

    (``env.list`` follows a value that begins with ``$`` too, and shows it when there is no variable of that name.)
    """
    return [entry for entry in text(name, default=default).split(",") if entry]

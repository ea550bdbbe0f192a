"""Access tokens that are refused before their time, because staff disabled the account; the only code that says so.

Tokens are verified without asking anybody, so each process keeps a small list and reads it anew every
``DISABLED_CHECK_SECONDS``. Where MySQL does not answer, the list it has counts on: a token lives for minutes anyhow.
"""

import time
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from users.tokens import LEEWAY_SECONDS, MAX_LIFETIME_SECONDS, Claims

if TYPE_CHECKING:
    from users.models import DisabledCustomer

log = structlog.get_logger("users.disabled")

MATTERS_FOR = timedelta(seconds=MAX_LIFETIME_SECONDS + 2 * LEEWAY_SECONDS)


def _table() -> "type[DisabledCustomer]":
    # The framework loads authentication before there are models.
    from users.models import DisabledCustomer

    return DisabledCustomer


class DisabledList:
    """Who was disabled when, as far as it matters. Shared by all threads; one of them reads it anew."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self._next_look = 0.0
        self._looking = Lock()

    def names(self, claims: Claims) -> bool:
        """Tell whether a token was issued before its owner was disabled."""
        if not settings.DISABLED_CHECK_SECONDS:
            return False
        if time.monotonic() >= self._next_look and self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looking.release()
        return claims.issued_at <= self._since.get(claims.sub, -1)

    def _look(self) -> None:
        self._next_look = time.monotonic() + settings.DISABLED_CHECK_SECONDS
        try:
            recent = _table().objects.filter(since__gt=timezone.now() - MATTERS_FOR)
            self._since = {sub: since.timestamp() for sub, since in recent.values_list("sub", "since")}
        except (OperationalError, InterfaceError) as error:
            log.warning("who is disabled could not be read", cause=repr(error))


disabled_list = DisabledList()


def remember(sub: str) -> None:
    """Have every token refused that was issued to this account until now."""
    _table().objects.update_or_create(pk=sub, defaults={"since": timezone.now()})


def forget_old() -> None:
    """Delete what no token can be as old as."""
    _table().objects.filter(since__lt=timezone.now() - MATTERS_FOR).delete()

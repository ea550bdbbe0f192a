"""A small memory of users' e-mail addresses, so that an order need not ask Cognito each time. Shared by all threads."""

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock


class EmailCache:
    """E-mail address by user, for a while and for a bounded number of users.

    Args:
        max_age_seconds: how long an address counts.
        max_size: how many users; the one unused the longest goes first.
        clock: seconds, monotonic.
    """

    def __init__(
        self, *, max_age_seconds: float, max_size: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_age = max_age_seconds
        self._max_size = max_size
        self._clock = clock
        self._lock = Lock()
        self._entries: OrderedDict[str, tuple[float, str]] = OrderedDict()

    def get(self, sub: str) -> str | None:
        """Return the address, unless it is unknown or too old."""
        with self._lock:
            entry = self._entries.get(sub)
            if entry is None:
                return None
            kept_at, email = entry
            if self._clock() - kept_at >= self._max_age:
                del self._entries[sub]
                return None
            self._entries.move_to_end(sub)
            return email

    def put(self, sub: str, email: str) -> None:
        """Remember an address from now on."""
        with self._lock:
            self._entries[sub] = (self._clock(), email)
            self._entries.move_to_end(sub)
            while len(self._entries) > self._max_size:
                self._entries.popitem(last=False)

    def forget(self, sub: str) -> None:
        """Drop one user's address, because it may have changed."""
        with self._lock:
            self._entries.pop(sub, None)

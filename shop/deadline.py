"""How much time a request has left. Steps ask before they start, so that none is cut off half-way."""

import time


class Deadline:
    """A moment that comes; measured on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left; negative once it is over."""
        return self._at - time.monotonic()

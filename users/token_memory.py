"""Access tokens that were verified a moment ago: what they say, by the hash of the token; the token itself is not kept.

Only what :mod:`users.tokens` found valid comes in, and it is good for as long as all that was checked still holds: the same
key of the same pool, the same issuer and client, before its end. Whatever else is asked of a caller is asked anew each time.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")

MOST = 10_000  # tokens, a few hundred bytes each


@dataclass(frozen=True)
class Basis:
    """What a verdict rests on, compared by value.

    Attributes:
        key: that signed it.
        issuer, client_id: as configured.
    """

    key: object
    issuer: str
    client_id: str


@dataclass(frozen=True)
class Verdict(Generic[T]):
    """A token that was found valid.

    Attributes:
        claims: what it says.
        kid: the id of the key that it names.
        since, until: seconds since 1970; when it was verified, and its end.
    """

    claims: T
    kid: str
    basis: Basis
    since: float
    until: float


class TokenMemory(Generic[T]):
    """The verdicts of one process, the least recently used of them forgotten first."""

    def __init__(self, *, most: int = MOST) -> None:
        self._most = most
        self._verdicts: OrderedDict[bytes, Verdict[T]] = OrderedDict()
        self._lock = Lock()

    def find(self, token: str) -> Verdict[T] | None:
        """Return what was found out about a token, if anything."""
        mark = _mark(token)
        with self._lock:
            verdict = self._verdicts.get(mark)
            if verdict is not None:
                self._verdicts.move_to_end(mark)
        return verdict

    def keep(self, token: str, verdict: Verdict[T]) -> None:
        """Remember a valid token."""
        with self._lock:
            self._verdicts[_mark(token)] = verdict
            self._verdicts.move_to_end(_mark(token))
            while len(self._verdicts) > self._most:
                self._verdicts.popitem(last=False)


def _mark(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()

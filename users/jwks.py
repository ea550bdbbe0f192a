"""The user pool's public signing keys, fetched from its JWKS address and kept; the only code that asks that address.

A caller with a known key never waits: keys older than an hour are renewed in the background, and old keys go on
serving while the address does not answer. Only a process without any key, and a token that names a key nobody has
seen, wait for a fetch; the latter happens at most once in 30 seconds, whatever tokens arrive.
"""

import json
import time
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from threading import Lock, Thread
from typing import Any

import structlog
import urllib3
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.conf import settings
from jwt.algorithms import RSAAlgorithm
from jwt.exceptions import PyJWTError

from users.errors import IdentityUnavailable

log = structlog.get_logger("users.jwks")

REFRESH_AFTER_SECONDS = 3600.0
RETRY_SECONDS = 30.0  # between background tries, and between fetches that unknown key ids cause
COLD_RETRY_SECONDS = 2.0  # between tries of a process that has no key at all
FETCH_SECONDS = 2.0
WAIT_SECONDS = FETCH_SECONDS + 0.5  # for a fetch that another thread is making
MAX_JWKS_BYTES = 65_536
MIN_KEY_BITS = 2048
NEVER = float("-inf")
NO_KEYS = "The keys that verify access tokens could not be loaded; try again."


def fetch_jwks(url: str) -> bytes:
    """Read the JWKS document.

    Raises:
        urllib3.exceptions.HTTPError, OSError, ValueError: no answer within 2 s, another status than 200, or
            more than 64 KiB.
    """
    deadline = time.monotonic() + FETCH_SECONDS
    response = _http().request(
        "GET",
        url,
        redirect=False,
        retries=False,
        preload_content=False,
        timeout=urllib3.Timeout(connect=FETCH_SECONDS / 2, read=FETCH_SECONDS / 2, total=FETCH_SECONDS),
    )
    try:
        if response.status != 200:
            raise ValueError(f"the JWKS address answered {response.status}")
        document = bytearray()
        while chunk := response.read1(MAX_JWKS_BYTES):
            document += chunk
            if len(document) > MAX_JWKS_BYTES:
                raise ValueError("the JWKS document is too large")
            if time.monotonic() > deadline:  # a time-out of the socket would let it trickle for ever
                raise ValueError("the JWKS document took too long")
        return bytes(document)
    finally:
        response.close()


@cache
def _http() -> urllib3.PoolManager:
    return urllib3.PoolManager(num_pools=1, maxsize=1)


def parse_jwks(document: bytes) -> dict[str, RSAPublicKey]:
    """Return the usable keys of a JWKS document by key id: RSA, for RS256 signatures, of at least 2048 bits.

    Raises:
        ValueError: it is no JWKS, or holds no such key.
    """
    parsed = json.loads(document)
    entries = parsed.get("keys") if isinstance(parsed, dict) else None
    keys: dict[str, RSAPublicKey] = {}
    for entry in entries if isinstance(entries, list) else []:
        key = _rsa_key(entry)
        if key is not None:
            keys[entry["kid"]] = key
    if not keys:
        raise ValueError("the JWKS document holds no usable key")
    return keys


def _rsa_key(entry: Any) -> RSAPublicKey | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str):
        return None
    fits = (entry.get("kty"), entry.get("alg", "RS256"), entry.get("use", "sig")) == ("RSA", "RS256", "sig")
    if not fits:
        return None
    try:
        key = RSAAlgorithm.from_jwk(entry)
    except (PyJWTError, ValueError, TypeError):
        return None
    return key if isinstance(key, RSAPublicKey) and key.key_size >= MIN_KEY_BITS else None


def _in_thread(work: Callable[[], None]) -> None:
    Thread(target=work, name="jwks-refresh", daemon=True).start()


class KeyCache:
    """The keys of one JWKS address, for all threads of the process.

    Args:
        fetch: returns the JWKS document; may take its time and may fail.
        clock: seconds, monotonic.
        spawn: runs a piece of work in the background.
    """

    def __init__(
        self,
        *,
        fetch: Callable[[], bytes],
        clock: Callable[[], float] = time.monotonic,
        spawn: Callable[[Callable[[], None]], None] = _in_thread,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._spawn = spawn
        self._keys: Mapping[str, RSAPublicKey] = {}  # replaced whole, never changed: readers need no lock
        self._fetched_at = NEVER
        self._tried_at = NEVER
        self._unknown_at = NEVER  # when an unknown key id last caused a fetch
        self._failed = False
        self._fetching = Lock()  # held during a fetch, so that there is one at a time
        self._starting = Lock()  # held for an instant, so that one thread starts the background fetch

    def find(self, kid: str) -> RSAPublicKey | None:
        """Return the key of this id, or None when the pool has no such key.

        Raises:
            IdentityUnavailable: there is no key at all yet, or the key is new to us and the pool could not be asked.
        """
        if not self.ready():
            raise IdentityUnavailable(NO_KEYS)
        self._renew_if_old()
        key = self._keys.get(kid)
        if key is None:
            key = self._look_again(kid)
            if key is None and self._failed:  # an unknown key while the pool is silent proves nothing
                raise IdentityUnavailable(
                    "The keys that verify access tokens could not be renewed; try again."
                )
        return key

    def ready(self) -> bool:
        """Tell whether there are keys, after trying to load them if there are none."""
        if not self._keys and self._fetching.acquire(timeout=WAIT_SECONDS):
            try:
                if not self._keys and self._clock() - self._tried_at >= COLD_RETRY_SECONDS:
                    self._load()
            finally:
                self._fetching.release()
        return bool(self._keys)

    def _renew_if_old(self) -> None:
        if self._clock() - self._fetched_at < REFRESH_AFTER_SECONDS:
            return
        with self._starting:
            if self._clock() - self._tried_at < RETRY_SECONDS:
                return
            self._tried_at = self._clock()
        self._spawn(self._load_alone)

    def _look_again(self, kid: str) -> RSAPublicKey | None:
        """Fetch once more for an unknown key id, unless another one did so lately; or wait for a fetch under way."""
        if not self._fetching.acquire(timeout=WAIT_SECONDS):
            return self._keys.get(kid)
        try:
            if kid not in self._keys and self._clock() - self._unknown_at >= RETRY_SECONDS:
                self._unknown_at = self._clock()
                self._load()
        finally:
            self._fetching.release()
        return self._keys.get(kid)

    def _load_alone(self) -> None:
        with self._fetching:
            self._load()

    def _load(self) -> None:
        """Fetch and replace the keys; on failure keep those there are. The caller holds the lock."""
        self._tried_at = self._clock()
        try:
            keys = parse_jwks(self._fetch())
        except (urllib3.exceptions.HTTPError, OSError, ValueError, RecursionError) as error:
            self._failed = True
            log.warning("the signing keys could not be fetched", cause=repr(error), keys_kept=len(self._keys))
            return
        self._keys, self._fetched_at, self._failed = keys, self._clock(), False


def signing_keys() -> KeyCache:
    """Return the process's cache for the configured pool."""
    return _cache_of(settings.COGNITO_JWKS_URL)


@lru_cache(maxsize=4)  # one in a real process; tests point the setting elsewhere
def _cache_of(url: str) -> KeyCache:
    return KeyCache(fetch=lambda: fetch_jwks(url))


def jwks_ready() -> bool:
    """Tell whether tokens can be verified. Waits up to 2.5 s on a cold start."""
    return signing_keys().ready()


def count_published_keys() -> int:
    """Ask the pool's address now, whatever keys are kept, and return how many usable ones it names.

    Raises:
        urllib3.exceptions.HTTPError, OSError, ValueError: as :func:`fetch_jwks` and :func:`parse_jwks`.
    """
    return len(parse_jwks(fetch_jwks(settings.COGNITO_JWKS_URL)))


def check_keys() -> None:
    """Do nothing if tokens can be verified; the readiness check.

    Raises:
        IdentityUnavailable: no key is loaded, nor could one be.
    """
    if not jwks_ready():
        raise IdentityUnavailable(NO_KEYS)

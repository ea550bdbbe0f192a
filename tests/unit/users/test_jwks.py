"""The key cache: nobody with a known key waits, nobody can make it ask too often, an outage changes nothing."""

import json
from collections.abc import Callable
from threading import Event, Thread

import pytest
import urllib3
from jwt.algorithms import RSAAlgorithm

from tests.tokens import jwks, make_token
from users.errors import IdentityUnavailable
from users.jwks import KeyCache, parse_jwks
from users.tokens import verify_access_token

HOUR = 3600.0


class Pool:
    """A JWKS address under the test's control, its clock, and the background work it was asked to do."""

    def __init__(self, *keys):
        self.keys = keys
        self.down = False
        self.fetches = 0
        self.now = 1000.0
        self.background: list[Callable[[], None]] = []
        self.cache = KeyCache(fetch=self.fetch, clock=lambda: self.now, spawn=self.background.append)

    def fetch(self) -> bytes:
        self.fetches += 1
        if self.down:
            raise urllib3.exceptions.HTTPError("no answer")
        return jwks(*self.keys)

    def run_background(self) -> None:
        while self.background:
            self.background.pop()()

    def knows(self, key) -> bool:
        found = self.cache.find(key.kid)
        return found is not None and found.public_numbers() == key.private.public_key().public_numbers()


@pytest.fixture
def pool(pool_key):
    return Pool(pool_key)


def test_keys_are_fetched_once_and_kept(pool, pool_key):
    assert all(pool.knows(pool_key) for _ in range(50))
    assert pool.fetches == 1


def test_a_known_key_never_waits_for_the_hourly_renewal(pool, pool_key):
    pool.knows(pool_key)
    pool.now += HOUR

    assert pool.knows(pool_key)
    assert (pool.fetches, len(pool.background)) == (1, 1)

    pool.run_background()
    assert pool.fetches == 2


def test_the_renewal_is_started_once_however_many_ask(pool, pool_key):
    pool.knows(pool_key)
    pool.now += HOUR

    assert all(pool.knows(pool_key) for _ in range(50))
    assert len(pool.background) == 1


def test_old_keys_serve_while_the_address_is_down_and_it_is_asked_every_half_minute(pool, pool_key):
    pool.knows(pool_key)
    pool.down = True

    for _ in range(10):
        pool.now += HOUR
        assert pool.knows(pool_key)
        pool.run_background()
        pool.now += 29
        assert pool.knows(pool_key)
        assert pool.background == []
    assert pool.fetches == 11

    pool.down = False
    pool.now += 30
    assert pool.knows(pool_key)
    pool.run_background()
    pool.now += HOUR - 1
    assert pool.knows(pool_key)
    assert pool.background == []


def test_a_key_that_the_pool_dropped_is_dropped(pool, pool_key, next_key):
    pool.knows(pool_key)
    pool.keys = (next_key,)
    pool.now += HOUR
    pool.knows(pool_key)
    pool.run_background()

    assert pool.knows(next_key)
    assert not pool.knows(pool_key)


def test_a_new_key_is_found_at_its_first_use(pool, pool_key, next_key):
    pool.knows(pool_key)
    pool.keys = (pool_key, next_key)

    assert pool.knows(next_key)
    assert pool.knows(pool_key)
    assert pool.fetches == 2


def test_unknown_keys_cause_one_fetch_in_half_a_minute(pool, pool_key):
    pool.knows(pool_key)

    assert [pool.cache.find(f"made-up-{number}") for number in range(100)] == [None] * 100
    assert pool.fetches == 2

    pool.now += 29.9
    assert pool.cache.find("made-up") is None
    assert pool.fetches == 2

    pool.now += 0.1
    assert pool.cache.find("made-up") is None
    assert pool.fetches == 3


def test_an_unknown_key_proves_nothing_while_the_pool_is_silent(pool, pool_key):
    pool.knows(pool_key)
    pool.down = True

    for _ in range(2):
        with pytest.raises(IdentityUnavailable):
            pool.cache.find("new-key")
    assert pool.knows(pool_key)
    assert pool.fetches == 2


def test_a_cold_start_without_an_answer_is_unavailable_and_asks_every_two_seconds(pool, pool_key):
    pool.down = True

    for _ in range(20):
        with pytest.raises(IdentityUnavailable) as refused:
            pool.cache.find(pool_key.kid)
    assert (refused.value.code, pool.fetches) == ("identity_unavailable", 1)

    pool.now += 2
    pool.down = False
    assert pool.knows(pool_key)
    assert pool.fetches == 2


def test_a_known_key_does_not_wait_for_the_fetch_that_an_unknown_one_caused(pool_key):
    asked, answer = Event(), Event()
    slow = iter([False, True])

    def fetch() -> bytes:
        if next(slow):
            asked.set()
            answer.wait(10)
        return jwks(pool_key)

    cache = KeyCache(fetch=fetch)
    cache.find(pool_key.kid)
    stranger = Thread(target=cache.find, args=("made-up",))
    stranger.start()
    try:
        assert asked.wait(10)
        assert cache.find(pool_key.kid) is not None
        assert stranger.is_alive()  # it still waits, we did not
    finally:
        answer.set()
        stranger.join(10)


def test_a_rotation_under_load_refuses_nobody(pool_key, next_key):
    current = [pool_key]
    cache = KeyCache(fetch=lambda: jwks(*current))
    cache.find(pool_key.kid)
    current.append(next_key)
    tokens = [make_token(key) for key in (pool_key, next_key)] * 8
    accepted: list[str] = []

    def call(token: str) -> None:
        accepted.extend(verify_access_token(token, keys=cache, now=1_800_000_000).sub for _ in range(5))

    callers = [Thread(target=call, args=(token,)) for token in tokens]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(30)
    assert len(accepted) == 80


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": [null, 1, "x"]}',
        b'{"keys": [{"kty": "oct", "kid": "a", "k": "c2VjcmV0"}]}',
        b'{"keys": [{"kty": "RSA", "kid": "a"}]}',
        b'{"keys": [{"kty": "RSA", "kid": "a", "n": "AQAB", "e": "AQAB"}]}',
        b'{"keys": [{"kty": "RSA", "kid": "a", "n": 5, "e": "AQAB"}]}',
        b"[" * 100_000,
    ],
)
def test_a_document_without_a_usable_key_keeps_what_we_have(pool_key, document):
    documents = iter([jwks(pool_key), document])
    cache = KeyCache(fetch=lambda: next(documents))
    cache.find(pool_key.kid)

    with pytest.raises(IdentityUnavailable):
        cache.find("new-key")
    assert cache.find(pool_key.kid) is not None


def test_only_rsa_signing_keys_with_a_name_are_taken(pool_key, next_key):
    good = pool_key.as_jwk()
    plain = {name: next_key.as_jwk()[name] for name in ("kty", "n", "e", "kid")}
    bad = [
        next_key.as_jwk(kid="encrypts", use="enc"),
        next_key.as_jwk(kid="other-algorithm", alg="RS512"),
        next_key.as_jwk(kid=5),
        {**json.loads(RSAAlgorithm.to_jwk(next_key.private)), "kid": "private", "alg": "RS256"},
    ]

    assert set(parse_jwks(json.dumps({"keys": [good, plain, *bad]}).encode())) == {"pool-key=", "next-key="}

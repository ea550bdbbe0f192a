"""A token that was verified once is not verified again, as long as all that was checked still holds."""

from dataclasses import replace

import pytest

from tests.tokens import ISSUER, NOW, SigningKey, jwks, make_token
from users import tokens
from users.errors import InvalidToken
from users.jwks import KeyCache
from users.token_memory import Basis, TokenMemory, Verdict
from users.tokens import verify_access_token

EXPIRES = NOW + 840


@pytest.fixture
def checked(monkeypatch, settings):
    """How often a signature was checked; nothing is remembered yet."""
    settings.COGNITO_ISSUER, settings.COGNITO_CLIENT_ID = ISSUER, "the-client"
    monkeypatch.setattr(tokens, "_memory", TokenMemory())
    found, check = [], tokens._signed_claims

    def note(token, key):
        found.append(token)
        return check(token, key)

    monkeypatch.setattr(tokens, "_signed_claims", note)
    return found


@pytest.fixture
def key():
    return SigningKey("one")


@pytest.fixture
def pool(key):
    return pool_with(key)


def pool_with(*keys):
    return KeyCache(fetch=lambda: jwks(*keys))


def test_a_second_look_at_a_token_says_the_same_and_checks_no_signature(checked, key, pool):
    token = make_token(key)

    first = verify_access_token(token, keys=pool, now=NOW)
    second = verify_access_token(token, keys=pool, now=NOW + 1)

    assert first == second
    assert second.access_token == token
    assert checked == [token]


def test_a_token_that_was_refused_is_judged_anew_each_time(checked, pool):
    token = make_token(SigningKey("one"))  # the pool's key id, and another key

    for _ in range(2):
        with pytest.raises(InvalidToken):
            verify_access_token(token, keys=pool, now=NOW)

    assert checked == [token, token]


@pytest.mark.parametrize("seconds", [0, 29])
def test_from_its_end_on_a_token_is_judged_anew(checked, key, pool, seconds):
    token = make_token(key)
    verify_access_token(token, keys=pool, now=NOW)

    verify_access_token(token, keys=pool, now=EXPIRES + seconds)

    assert checked == [token, token]


def test_a_token_ends_for_those_who_remember_it_when_it_ends_for_all(checked, key, pool):
    token = make_token(key)
    verify_access_token(token, keys=pool, now=NOW)

    with pytest.raises(InvalidToken, match="has expired"):
        verify_access_token(token, keys=pool, now=EXPIRES + 30)


def test_a_clock_that_was_set_back_makes_a_token_be_judged_anew(checked, key, pool):
    token = make_token(key)
    verify_access_token(token, keys=pool, now=NOW)

    with pytest.raises(InvalidToken, match="not valid yet"):
        verify_access_token(token, keys=pool, now=NOW - 3600)


def test_a_key_that_left_the_pool_takes_its_tokens_with_it(checked, key, pool):
    token = make_token(key)
    verify_access_token(token, keys=pool, now=NOW)

    with pytest.raises(InvalidToken, match="unknown key"):
        verify_access_token(token, keys=pool_with(SigningKey("two")), now=NOW)


def test_another_key_under_the_same_id_takes_them_too(checked, key, pool):
    token = make_token(key)
    verify_access_token(token, keys=pool, now=NOW)

    with pytest.raises(InvalidToken, match="signature"):
        verify_access_token(token, keys=pool_with(SigningKey("one")), now=NOW)


def test_the_same_key_fetched_again_keeps_them(checked, key, pool):
    token = make_token(key)
    verify_access_token(token, keys=pool, now=NOW)

    verify_access_token(token, keys=pool_with(key), now=NOW)

    assert checked == [token]


@pytest.mark.parametrize("name", ["COGNITO_ISSUER", "COGNITO_CLIENT_ID"])
def test_another_pool_or_client_knows_none_of_them(checked, key, pool, settings, name):
    token = make_token(key)
    verify_access_token(token, keys=pool, now=NOW)
    setattr(settings, name, "another")

    with pytest.raises(InvalidToken):
        verify_access_token(token, keys=pool, now=NOW)


def test_one_character_makes_another_token(checked, key, pool):
    token = make_token(key)
    verify_access_token(token, keys=pool, now=NOW)

    signed, _, signature = token.rpartition(".")
    other = "A" if signature[0] != "A" else "B"  # not the last one: it has bits that say nothing

    with pytest.raises(InvalidToken):
        verify_access_token(f"{signed}.{other}{signature[1:]}", keys=pool, now=NOW)


VERDICT = Verdict(claims="Ann", kid="one", basis=Basis(None, "", ""), since=0, until=1)


def test_the_least_recently_used_is_forgotten_first():
    memory: TokenMemory[str] = TokenMemory(most=2)
    for name in ("a", "b"):
        memory.keep(name, replace(VERDICT, claims=name))
    memory.find("a")

    memory.keep("c", replace(VERDICT, claims="c"))

    found = [memory.find(name) for name in "abc"]
    assert [verdict and verdict.claims for verdict in found] == ["a", None, "c"]


def test_neither_a_token_nor_its_signature_is_kept(checked, key, pool):
    token = make_token(key)
    verify_access_token(token, keys=pool, now=NOW)

    assert token.rpartition(".")[2] not in repr(vars(tokens._memory))
    assert [verdict.claims.access_token for verdict in tokens._memory._verdicts.values()] == [""]

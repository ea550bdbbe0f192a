"""Addresses are remembered for a while, for a bounded number of users."""

import pytest

from users.emails import EmailCache


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def cache(clock):
    return EmailCache(max_age_seconds=300, max_size=2, clock=clock)


def test_an_address_counts_for_five_minutes(cache, clock):
    cache.put("ann", "ann@example.com")
    clock.now = 299.9
    assert cache.get("ann") == "ann@example.com"

    clock.now = 300.0
    assert cache.get("ann") is None


def test_the_user_not_asked_for_the_longest_goes_first(cache):
    cache.put("ann", "ann@example.com")
    cache.put("bob", "bob@example.com")
    cache.get("ann")
    cache.put("cy", "cy@example.com")

    assert [cache.get(sub) for sub in ("ann", "bob", "cy")] == ["ann@example.com", None, "cy@example.com"]


def test_a_forgotten_address_is_gone_and_an_unknown_one_may_be_forgotten(cache):
    cache.put("ann", "ann@example.com")
    cache.forget("ann")
    cache.forget("nobody")

    assert cache.get("ann") is None

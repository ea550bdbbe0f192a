"""How the mock provider decides."""

import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.payments.choice import GATEWAYS, payment_gateway
from orders.payments.gateway import PaymentOutcomeUnknown
from orders.payments.mock import MockGateway, approves

KEYS = [uuid.uuid5(uuid.NAMESPACE_OID, str(number)) for number in range(10_000)]


@given(st.uuids(), st.decimals(0, 1, places=3))
def test_the_same_key_gets_the_same_answer_every_time(key, rate):
    assert approves(key, success_rate=rate) is approves(uuid.UUID(str(key)), success_rate=rate)


@given(st.uuids(), st.decimals(0, 1, places=3), st.decimals(0, 1, places=3))
def test_a_higher_rate_never_turns_a_yes_into_a_no(key, one, other):
    low, high = sorted([one, other])

    assert approves(key, success_rate=low) <= approves(key, success_rate=high)


@given(st.uuids())
def test_a_rate_of_nothing_never_and_a_rate_of_one_always_approves(key):
    assert not approves(key, success_rate=Decimal(0))
    assert approves(key, success_rate=Decimal(1))


@pytest.mark.parametrize("rate", ["0.05", "0.5", "0.95", "0.999"])
def test_the_share_of_yes_is_the_rate(rate):
    share = sum(approves(key, success_rate=Decimal(rate)) for key in KEYS) / len(KEYS)

    assert abs(share - float(rate)) < 0.015


def test_a_few_answers_are_as_they_always_were():
    """The decision must not change between versions: an order is asked about again after a deploy."""
    answers = [approves(uuid.UUID(int=number), success_rate=Decimal("0.5")) for number in range(8)]

    assert answers == [True, True, True, False, True, False, False, True]


def test_slower_than_the_time_limit_is_no_answer(settings, monkeypatch):
    slept: list[float] = []
    monkeypatch.setattr("orders.payments.mock.time.sleep", slept.append)
    settings.MOCK_PAYMENT_LATENCY_MS = 1500

    with pytest.raises(PaymentOutcomeUnknown):
        MockGateway().find(uid=KEYS[0], timeout_seconds=1.0)
    assert slept == [1.0]


def test_a_provider_told_to_fail_gives_no_answer(settings):
    settings.MOCK_PAYMENT_FAILURE_RATE = Decimal(1)

    with pytest.raises(PaymentOutcomeUnknown):
        MockGateway().void(uid=KEYS[0], timeout_seconds=1.0)


def test_the_configured_provider_is_made_once(settings):
    settings.PAYMENT_GATEWAY = "mock"

    assert payment_gateway() is payment_gateway()
    assert GATEWAYS["mock"] is MockGateway

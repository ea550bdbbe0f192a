"""The circuit breaker: silence opens it, a decline does not, one order at a time tries again."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from orders.payments.breaker import FAILURES_TO_OPEN, PROBE_SECONDS, BreakerGateway
from orders.payments.gateway import Charge, PaymentDeclined, PaymentOutcomeUnknown
from orders.states import PaymentStatus

CHARGE = Charge(
    uid=uuid.UUID(int=1),
    reference="r",
    status=PaymentStatus.CAPTURED,
    amount=Decimal(1),
    refunded=Decimal(0),
    currency="USD",
    decline_code="",
    created_at=datetime.now(UTC),
)


class Provider:
    """Does what it is told, and counts how often it is asked."""

    name = "scripted"
    needs_payment_method = False

    def __init__(self):
        self.error: Exception | None = None
        self.asked = 0
        self.inside = threading.Barrier(1)

    def available(self):
        return True

    def charge(self, **_order):
        self.asked += 1
        self.inside.wait(timeout=5)
        if self.error:
            raise self.error
        return CHARGE

    def find(self, **_order):
        return self.charge()

    def void(self, **_order):
        return self.charge()

    def ledger(self, *, since=None):
        yield CHARGE


@pytest.fixture
def provider():
    return Provider()


@pytest.fixture
def gateway(provider):
    return BreakerGateway(provider)


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until it is moved."""

    class Clock:
        now = datetime(2026, 1, 1, tzinfo=UTC)

        def move(self, seconds):
            self.now += timedelta(seconds=seconds)

    clock = Clock()

    class Frozen(datetime):
        @classmethod
        def now(cls, tz=None):
            return clock.now

    monkeypatch.setattr("orders.payments.breaker.datetime", Frozen)
    monkeypatch.setattr("pybreaker.datetime", Frozen)
    monkeypatch.setattr("orders.payments.breaker.time.monotonic", lambda: clock.now.timestamp())
    return clock


def ask(gateway):
    return gateway.charge(
        uid=CHARGE.uid, amount=Decimal(1), currency="USD", email="", payment_method="", timeout_seconds=1
    )


def be_silent(gateway, provider, times=FAILURES_TO_OPEN):
    provider.error = PaymentOutcomeUnknown("no answer")
    for _ in range(times):
        with pytest.raises(PaymentOutcomeUnknown, match="no answer"):
            ask(gateway)


def test_a_well_provider_is_asked_and_available(gateway, provider):
    assert ask(gateway) == CHARGE
    assert gateway.find(uid=CHARGE.uid, timeout_seconds=1) == CHARGE
    assert gateway.void(uid=CHARGE.uid, timeout_seconds=1) == CHARGE
    assert list(gateway.ledger()) == [CHARGE]
    assert (gateway.state, gateway.available(), gateway.name) == ("closed", True, "scripted")


def test_silence_opens_it_and_then_nobody_is_asked(gateway, provider, clock):
    be_silent(gateway, provider)

    for call in (gateway.void, gateway.find):
        with pytest.raises(PaymentOutcomeUnknown, match="is not asked"):
            call(uid=CHARGE.uid, timeout_seconds=1)

    assert (gateway.state, gateway.available()) == ("open", False)
    assert provider.asked == FAILURES_TO_OPEN


def test_a_little_silence_does_not_open_it(gateway, provider):
    be_silent(gateway, provider, times=FAILURES_TO_OPEN - 1)
    provider.error = None
    ask(gateway)
    be_silent(gateway, provider, times=FAILURES_TO_OPEN - 1)

    assert gateway.state == "closed"


def test_declines_never_open_it(gateway, provider):
    provider.error = PaymentDeclined(CHARGE)
    for _ in range(3 * FAILURES_TO_OPEN):
        with pytest.raises(PaymentDeclined):
            ask(gateway)

    assert (gateway.state, gateway.available()) == ("closed", True)


def test_after_a_while_one_order_may_try_and_the_others_wait(gateway, provider, clock):
    be_silent(gateway, provider)
    clock.move(PROBE_SECONDS + 0.1)

    assert [gateway.available() for _ in range(5)] == [True, False, False, False, False]


def test_the_probe_that_is_answered_closes_it(gateway, provider, clock):
    be_silent(gateway, provider)
    clock.move(PROBE_SECONDS + 0.1)
    provider.error = None

    assert gateway.available()
    assert ask(gateway) == CHARGE
    assert (gateway.state, gateway.available()) == ("closed", True)


def test_the_probe_that_is_not_answered_opens_it_again(gateway, provider, clock):
    be_silent(gateway, provider)
    clock.move(PROBE_SECONDS + 0.1)
    be_silent(gateway, provider, times=1)

    assert (gateway.state, gateway.available()) == ("open", False)
    clock.move(PROBE_SECONDS + 0.1)
    assert gateway.available()


def test_a_probe_that_never_reached_the_provider_is_followed_by_another(gateway, provider, clock):
    """Out of stock, say: the order that was let through did not get as far as the payment."""
    be_silent(gateway, provider)
    clock.move(PROBE_SECONDS + 0.1)
    assert gateway.available()
    clock.move(PROBE_SECONDS + 0.1)

    assert gateway.available()


def test_the_provider_is_back_within_ten_seconds():
    assert PROBE_SECONDS <= 10


def test_calls_do_not_wait_for_each_other(gateway, provider):
    """Four calls meet inside the provider: no lock is held during a call."""
    provider.inside = threading.Barrier(4)

    with ThreadPoolExecutor(4) as pool:
        assert [f.result(timeout=10) for f in [pool.submit(ask, gateway) for _ in range(4)]] == [CHARGE] * 4


def test_it_can_be_closed_by_hand(gateway, provider):
    be_silent(gateway, provider)
    gateway.reset()

    assert (gateway.state, gateway.available()) == ("closed", True)

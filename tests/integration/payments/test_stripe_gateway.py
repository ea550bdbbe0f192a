"""What is Stripe's own: every crash and late request between create, naming, confirm and answer."""

import contextlib
import time

import pytest

from orders.payments import stripe_api
from orders.payments.gateway import PaymentDeclined, PaymentOutcomeUnknown
from orders.payments.intents import StripeIntent, store_intent
from orders.states import PaymentStatus
from tests.integration.payments.conftest import TOTAL

pytestmark = pytest.mark.django_db(transaction=True)


class Crash(BaseException):
    """The process dies here."""


def charge_until_answered(desk, tries=4):
    """What recovery does: the same call again."""
    for _ in range(tries):
        try:
            return desk.charge()
        except PaymentOutcomeUnknown:
            time.sleep(0.05)
    raise AssertionError("never answered")


BREAKS = [
    (fault, on)
    for fault in ("drop", "error_before", "error_after", "rate_limit", "hold_before", "hold_after")
    for on in ("create", "confirm")
]


@pytest.mark.parametrize(("fault", "on"), BREAKS)
def test_a_charge_cut_off_anywhere_is_finished_by_repeating_it(stripe_desk, provider, fault, on):
    provider.control(fault=fault, on=on, times=1, seconds=1.2)
    with pytest.raises(PaymentOutcomeUnknown):
        stripe_desk.charge(seconds=1.0)
    time.sleep(0.4 if fault.startswith("hold") else 0)  # until then Stripe says: this key is in use

    charge = charge_until_answered(stripe_desk)

    assert provider.fired == 1
    assert (charge.status, charge.amount) == (PaymentStatus.CAPTURED, TOTAL)
    assert provider.captures(stripe_desk.uid) == 1


@pytest.mark.parametrize(("fault", "on"), BREAKS)
def test_a_charge_cut_off_anywhere_and_then_voided_keeps_nothing(stripe_desk, provider, fault, on):
    provider.control(fault=fault, on=on, times=1, seconds=1.2)
    with pytest.raises(PaymentOutcomeUnknown):
        stripe_desk.charge(seconds=1.0)

    assert stripe_desk.void().status in {PaymentStatus.VOIDED, PaymentStatus.REFUNDED}

    assert provider.fired == 1
    assert provider.kept(stripe_desk.uid) == 0
    with pytest.raises(PaymentDeclined):
        stripe_desk.charge()
    assert provider.kept(stripe_desk.uid) == 0


@pytest.mark.parametrize("on", ["create", "confirm"])
def test_a_request_that_arrives_after_the_void_does_nothing(stripe_desk, provider, on):
    provider.control(fault="delay", on=on, times=1, seconds=1.5)
    with pytest.raises(PaymentOutcomeUnknown):
        stripe_desk.charge(seconds=1.0)

    assert stripe_desk.void().status == PaymentStatus.VOIDED
    time.sleep(1.0)  # now it arrives

    assert provider.fired == 1
    assert provider.captures(stripe_desk.uid) == 0
    with pytest.raises(PaymentDeclined):
        stripe_desk.charge()
    assert provider.captures(stripe_desk.uid) == 0


@pytest.mark.parametrize("fault", ["drop", "error_before", "error_after", "rate_limit"])
@pytest.mark.parametrize("on", ["refund", "retrieve"])
def test_a_refund_cut_off_is_finished_by_repeating_it_and_made_once(stripe_desk, provider, fault, on):
    stripe_desk.charge()
    provider.control(fault=fault, on=on, times=1)
    with pytest.raises(PaymentOutcomeUnknown):
        stripe_desk.void()

    assert stripe_desk.void().status == PaymentStatus.REFUNDED

    assert provider.fired == 1
    [intent] = provider.intents_of(stripe_desk.uid)
    assert (intent["amount_received"], intent["amount_refunded"]) == (2500, 2500)


@pytest.mark.parametrize("fault", ["drop", "error_before", "error_after"])
def test_a_cancel_cut_off_is_finished_by_repeating_it(stripe_desk, provider, fault):
    provider.control(fault="drop", on="confirm", times=1)
    with pytest.raises(PaymentOutcomeUnknown):
        stripe_desk.charge()
    provider.control(fault=fault, on="cancel", times=1)
    with pytest.raises(PaymentOutcomeUnknown):
        stripe_desk.void()

    assert stripe_desk.void().status == PaymentStatus.VOIDED
    assert provider.fired == 2


@pytest.mark.parametrize("moment", ["before the id is stored", "after the id is stored"])
@pytest.mark.parametrize("then", ["charge", "void"])
def test_a_process_killed_around_the_naming_loses_nothing(stripe_desk, provider, monkeypatch, moment, then):
    real = store_intent

    def die(*args, **options):
        if moment.startswith("after"):
            real(*args, **options)
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr("orders.payments.stripe.store_intent", die)
        with pytest.raises(Crash):
            stripe_desk.charge()

    if then == "charge":
        assert stripe_desk.charge().status == PaymentStatus.CAPTURED
        assert provider.captures(stripe_desk.uid) == 1
    else:
        assert stripe_desk.void().status == PaymentStatus.VOIDED
        with pytest.raises(PaymentDeclined):
            stripe_desk.charge()
        assert provider.captures(stripe_desk.uid) == 0


def test_an_intent_is_named_before_it_is_confirmed(stripe_desk, provider, monkeypatch):
    seen = []
    real = stripe_api.StripeCalls.confirm

    def look(self, uid, **options):
        seen.append(StripeIntent.objects.get(order_uid=uid).intent_id)
        return real(self, uid, **options)

    monkeypatch.setattr(stripe_api.StripeCalls, "confirm", look)

    assert seen == [stripe_desk.charge().reference]


def test_a_void_between_create_and_naming_wins(stripe_desk, provider, monkeypatch):
    real = store_intent

    def void_first(uid, **options):
        monkeypatch.setattr("orders.payments.stripe.store_intent", real)
        stripe_desk.void()
        return real(uid, **options)

    monkeypatch.setattr("orders.payments.stripe.store_intent", void_first)

    with pytest.raises(PaymentDeclined) as refused:
        stripe_desk.charge()

    assert refused.value.charge.status == PaymentStatus.VOIDED
    assert [intent["status"] for intent in provider.intents_of(stripe_desk.uid)] == ["canceled"]
    assert stripe_desk.entries() == []


@pytest.mark.parametrize("verb", ["void before", "void after"])
def test_a_void_that_overtakes_or_follows_the_confirm_keeps_nothing(stripe_desk, provider, monkeypatch, verb):
    real = stripe_api.StripeCalls.confirm

    def race(self, uid, **options):
        if verb == "void before":
            stripe_desk.void()
            return real(self, uid, **options)
        intent = real(self, uid, **options)
        stripe_desk.void()
        return intent

    monkeypatch.setattr(stripe_api.StripeCalls, "confirm", race)
    with contextlib.suppress(PaymentDeclined):  # or it was captured, and is refunded by now
        stripe_desk.charge()

    assert provider.kept(stripe_desk.uid) == 0


def test_a_capture_between_the_look_and_the_cancel_of_a_void_is_refunded(stripe_desk, provider, monkeypatch):
    provider.control(fault="drop", on="confirm", times=1)
    with pytest.raises(PaymentOutcomeUnknown):
        stripe_desk.charge()
    real = stripe_api.StripeCalls.cancel

    def captured_first(self, intent_id, **options):
        monkeypatch.setattr(stripe_api.StripeCalls, "cancel", real)
        stripe_desk.charge()
        return real(self, intent_id, **options)

    monkeypatch.setattr(stripe_api.StripeCalls, "cancel", captured_first)

    assert stripe_desk.void().status == PaymentStatus.REFUNDED
    assert provider.kept(stripe_desk.uid) == 0

"""What Stripe answers, and what the saga hears of it: declines, silence, limits, the books page by page."""

import time
import uuid
from decimal import Decimal

import pytest

from orders.payments import stripe_api
from orders.payments.gateway import PaymentDeclined, PaymentOutcomeUnknown
from orders.payments.intents import StripeIntent
from orders.states import PaymentStatus
from tests.integration.payments.conftest import TOTAL, StripeDesk

pytestmark = pytest.mark.django_db(transaction=True)

DECLINES = {
    "pm_card_chargeDeclined": "generic_decline",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "insufficient_funds",
    "pm_card_authenticationRequired": "authentication_required",
    "not-a-card": "resource_missing",
    "": "payment_method_missing",
}


@pytest.mark.parametrize("card", DECLINES)
def test_a_card_that_will_not_do_is_a_decline_for_good(stripe_desk, provider, card):
    def charge(method):
        stripe_desk.gateway.charge(
            uid=stripe_desk.uid, amount=TOTAL, currency="USD", email="a@example.com", payment_method=method,
            timeout_seconds=5.0,
        )  # fmt: skip

    with pytest.raises(PaymentDeclined) as declined:
        charge(card)

    assert declined.value.charge.decline_code == DECLINES[card]
    with pytest.raises(PaymentDeclined):
        charge("pm_card_mastercard")
    assert stripe_desk.void().status in {PaymentStatus.DECLINED, PaymentStatus.VOIDED}
    assert provider.captures(stripe_desk.uid) == 0


def test_an_intent_that_still_waits_for_the_customer_is_given_up(stripe_desk, provider):
    """Stripe is asked to fail such a charge; should it not, the intent is closed by us."""
    intent = _waiting_intent(stripe_desk)

    with pytest.raises(PaymentDeclined) as declined:
        stripe_desk.charge()

    assert (declined.value.charge.status, declined.value.charge.decline_code) == (
        PaymentStatus.DECLINED,
        "authentication_required",
    )
    assert stripe_desk.find() == declined.value.charge
    assert [i["status"] for i in provider.intents() if i["id"] == intent] == ["canceled"]


def _waiting_intent(desk):
    calls = stripe_api.StripeCalls(seconds=5)
    made = calls.create(desk.uid, amount=2500, currency="USD", email="a@example.com")
    StripeIntent.objects.create(order_uid=desk.uid, intent_id=made.id)
    client = calls._client()
    client.v1.payment_intents.confirm(made.id, {"payment_method": "pm_card_authenticationRequired"})
    return made.id


def test_an_amount_that_stripe_does_not_take_is_a_decline(stripe_desk, provider):
    with pytest.raises(PaymentDeclined) as declined:
        stripe_desk.charge(amount=Decimal("0.20"))

    assert declined.value.charge.decline_code == "amount_too_small"


def test_other_parameters_under_an_old_key_do_not_block_the_order(stripe_desk, provider):
    """A release may change what is sent while an order is under way."""
    stripe_api.StripeCalls(seconds=5).create(
        stripe_desk.uid, amount=2500, currency="USD", email="before@example.com"
    )

    assert stripe_desk.charge().status == PaymentStatus.CAPTURED
    assert provider.captures(stripe_desk.uid) == 1


def test_a_wrong_key_is_no_answer_rather_than_a_decline(stripe_desk, settings):
    settings.STRIPE_SECRET_KEY = "nonsense"

    with pytest.raises(PaymentOutcomeUnknown, match="AuthenticationError 401"):
        stripe_desk.charge()


def test_an_intent_of_another_account_is_no_answer(stripe_desk, provider):
    StripeIntent.objects.create(order_uid=stripe_desk.uid, intent_id="pi_of_somebody_else")

    for call in (stripe_desk.charge, stripe_desk.void, stripe_desk.find):
        with pytest.raises(PaymentOutcomeUnknown, match="resource_missing"):
            call()


def test_a_server_that_is_not_there_is_no_answer(stripe_desk, settings):
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"

    with pytest.raises(PaymentOutcomeUnknown):
        stripe_desk.charge()
    assert stripe_desk.void().status == PaymentStatus.VOIDED  # nothing was ever named: no need to ask


def test_all_calls_of_a_charge_together_keep_its_time_limit(stripe_desk, provider):
    provider.control(fault="delay", on="any", seconds=0.7)
    began = time.monotonic()

    with pytest.raises(PaymentOutcomeUnknown):
        stripe_desk.charge(seconds=1.0)

    assert time.monotonic() - began < 1.6


def test_nothing_is_asked_without_time_left(stripe_desk, provider):
    with pytest.raises(PaymentOutcomeUnknown, match="too little time"):
        stripe_desk.charge(seconds=0.0)
    assert provider.control()["requests"] == {}


def test_the_ledger_reads_page_after_page_and_skips_what_is_not_ours(provider):
    desks = [StripeDesk(provider) for _ in range(105)]
    calls = stripe_api.StripeCalls(seconds=60)
    for desk in desks:
        calls.create(desk.uid, amount=2500, currency="USD", email="a@example.com")  # never tried: no money
    for desk in (desks[0], desks[-1]):
        desk.charge()
    calls._client().v1.payment_intents.create({"amount": 100, "currency": "usd"})  # somebody else's

    entries = {charge.uid for charge in desks[0].gateway.ledger()}

    assert provider.control()["requests"]["list"] >= 2
    assert {desks[0].uid, desks[-1].uid} <= entries
    assert not entries & {desk.uid for desk in desks[1:-1]}


def test_the_provider_approves_about_its_rate_and_always_the_same(provider):
    provider.control(rate=0.5)
    answers = []
    for number in range(24):
        desk = StripeDesk(provider)
        desk.uid = uuid.uuid5(uuid.NAMESPACE_OID, f"{uuid.uuid4()}-{number}")
        try:
            desk.gateway.charge(
                uid=desk.uid, amount=TOTAL, currency="USD", email="a@example.com", payment_method="pm_card_visa",
                timeout_seconds=5.0,
            )  # fmt: skip
            answers.append(True)
        except PaymentDeclined:
            answers.append(False)

    assert 2 <= sum(answers) <= 22

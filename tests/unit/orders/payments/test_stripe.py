"""How an intent is read, without a server."""

import uuid
from decimal import Decimal

import pytest
import stripe
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from orders.payments.stripe import _as_charge, _is_untried, _uid_of
from orders.states import PaymentStatus

UID = uuid.uuid4()


def intent(**fields):
    values = {
        "id": "pi_1",
        "object": "payment_intent",
        "status": "succeeded",
        "amount": 2500,
        "amount_received": 2500,
        "currency": "usd",
        "created": 1_790_000_000,
        "last_payment_error": None,
        "cancellation_reason": None,
        "latest_charge": None,
        "metadata": {"order_uid": str(UID)},
        **fields,
    }
    return stripe.PaymentIntent.construct_from(values, "sk_test_1")


def refunded(amount):
    return {"object": "charge", "id": "ch_1", "amount_refunded": amount}


@pytest.mark.parametrize(
    ("fields", "status", "amount", "back", "code"),
    [
        ({}, PaymentStatus.CAPTURED, "25.00", "0.00", ""),
        ({"amount_received": 2600}, PaymentStatus.CAPTURED, "26.00", "0.00", ""),
        ({"latest_charge": "ch_1"}, PaymentStatus.CAPTURED, "25.00", "0.00", ""),
        ({"latest_charge": refunded(2499)}, PaymentStatus.CAPTURED, "25.00", "24.99", ""),
        ({"latest_charge": refunded(2500)}, PaymentStatus.REFUNDED, "25.00", "25.00", ""),
        ({"status": "canceled", "amount_received": 0}, PaymentStatus.VOIDED, "25.00", "0.00", "voided"),
        (
            {"status": "canceled", "cancellation_reason": "abandoned"},
            PaymentStatus.DECLINED,
            "25.00",
            "0.00",
            "authentication_required",
        ),
        (
            {
                "status": "canceled",
                "last_payment_error": {"code": "card_declined", "decline_code": "fraudulent"},
            },
            PaymentStatus.DECLINED,
            "25.00",
            "0.00",
            "fraudulent",
        ),
        (
            {"status": "requires_payment_method", "last_payment_error": {"code": "expired_card"}},
            PaymentStatus.DECLINED,
            "25.00",
            "0.00",
            "expired_card",
        ),
    ],
)
def test_an_intent_is_read_as_it_is(fields, status, amount, back, code):
    charge = _as_charge(UID, intent(**fields))

    assert charge is not None
    assert (charge.status, charge.amount, charge.refunded, charge.decline_code) == (
        status, Decimal(amount), Decimal(back), code,
    )  # fmt: skip
    assert (charge.uid, charge.currency, charge.reference) == (UID, "USD", "pi_1")


@pytest.mark.parametrize(
    "status", ["requires_payment_method", "requires_confirmation", "requires_action", "processing"]
)
def test_an_intent_without_an_outcome_is_no_charge(status):
    assert _as_charge(UID, intent(status=status)) is None


def test_an_intent_is_tried_once():
    assert _is_untried(intent(status="requires_payment_method"))
    assert _is_untried(intent(status="requires_confirmation"))
    assert not _is_untried(intent(status="requires_payment_method", last_payment_error={"code": "c"}))
    assert not _is_untried(intent(status="canceled"))


@pytest.mark.parametrize("metadata", [{}, {"order_uid": "not a uuid"}, {"order_uid": ""}])
def test_an_intent_of_somebody_else_has_no_order(metadata):
    assert _uid_of(intent(metadata=metadata)) is None


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"STRIPE_API_BASE": "http://127.0.0.1:1"}, "shop.E005"),
        ({"STRIPE_SECRET_KEY": "sk_test_1"}, "shop.E006"),
        ({"CURRENCY": "JPY"}, "shop.E007"),
        ({"STRIPE_WEBHOOK_SECRET": ""}, "shop.W002"),
    ],
)
def test_production_refuses_what_is_fine_for_a_test(settings, changes, found):
    settings.PAYMENT_GATEWAY = "stripe"
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = "sk_live_1", "whsec_1"
    settings.STRIPE_API_BASE = ""
    for name, value in changes.items():
        setattr(settings, name, value)

    with pytest.raises(SystemCheckError, match=found):
        call_command("check", deploy=True, fail_level="WARNING")

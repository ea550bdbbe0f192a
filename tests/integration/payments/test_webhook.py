"""Stripe's events: signed or refused; an event only makes the saga look again."""

import json
import time

import pytest
import stripe

from orders import saga
from orders.models import Order
from orders.payments.breaker import BreakerGateway
from orders.payments.stripe import StripeGateway
from orders.quote import Line, Wish
from orders.states import OrderStatus, Step
from shop.deadline import Deadline

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]

SECRET = "whsec_for_tests"
PATH = "/payments/stripe/webhook"


@pytest.fixture
def shop_on_stripe(provider, settings, monkeypatch):
    settings.PAYMENT_GATEWAY = "stripe"
    settings.STRIPE_WEBHOOK_SECRET = SECRET
    gateway = BreakerGateway(StripeGateway())
    monkeypatch.setattr("orders.webhooks.payment_gateway", lambda: gateway)
    return gateway


@pytest.fixture
def place(shop_on_stripe, mug):
    def order(card="pm_card_mastercard"):
        placed, _ = saga.place_order(
            Wish(
                user_id="anonymous",
                user_email="ann@example.com",
                lines=[Line(product_id=mug.product_id, quantity=2)],
                payment_method=card,
            ),
            idempotency_key=None,
            gateway=shop_on_stripe,
            deadline=Deadline(8),
        )
        return placed

    return order


def event(kind="payment_intent.succeeded", **fields):
    subject = {"id": "pi_1", "object": "payment_intent", **fields}
    return json.dumps(
        {"id": "evt_1", "object": "event", "type": kind, "api_version": stripe.api_version,
         "data": {"object": subject}}
    )  # fmt: skip


def signature_of(body, *, secret=SECRET, age=0):
    stamp = int(time.time()) - age
    signed = stripe.WebhookSignature._compute_signature(f"{stamp}.{body}", secret)
    return f"t={stamp},v1={signed}"


def deliver(api, body, signature=None):
    return api.send("POST", PATH, body.encode(), **{"Stripe-Signature": signature or signature_of(body)})


def about(order):
    return event(metadata={"order_uid": str(order.uid)})


def test_an_event_settles_an_order_whose_answer_was_lost(api, place, provider, mug):
    provider.control(fault="error_after", on="confirm", times=1)
    order = place()
    assert (order.status, order.step) == (OrderStatus.PENDING, Step.CHARGING)
    Order.objects.update(lease_until="2020-01-01T00:00:00Z")

    answer = deliver(api, about(order))

    assert (answer.status_code, answer.json()) == (200, {"success": True})
    order.refresh_from_db()
    assert order.status == OrderStatus.PROCESSING
    assert provider.captures(order.uid) == 1
    assert mug.stock == 3


def test_an_event_is_not_believed_only_the_provider_is(api, place, provider, mug):
    """It says "succeeded", but nothing was taken: the saga asks, and charges as it would have."""
    provider.control(fault="error_before", on="confirm", times=1)
    order = place(card="pm_card_chargeDeclined")
    Order.objects.update(lease_until="2020-01-01T00:00:00Z")

    deliver(api, about(order))

    order.refresh_from_db()
    assert (order.status, order.cancel_reason) == (OrderStatus.CANCELLED, "payment_declined")
    assert provider.captures(order.uid) == 0
    assert mug.stock == 5


def test_an_event_leaves_an_order_in_other_hands_alone(api, place, provider):
    provider.control(fault="error_before", on="confirm", times=1)
    order = place()
    Order.objects.update(lease_until="2099-01-01T00:00:00Z")

    assert deliver(api, about(order)).status_code == 200

    order.refresh_from_db()
    assert order.status == OrderStatus.PENDING


def test_an_event_for_a_settled_or_unknown_order_or_for_none_changes_nothing(api, place, shop_on_stripe):
    order = place()
    assert order.status == OrderStatus.PROCESSING
    body = event(kind="charge.refunded", metadata={"order_uid": str(order.uid)})

    for each in (body, event(metadata={"order_uid": "0" * 32}), event(), event(metadata={"order_uid": "x"})):
        assert deliver(api, each).status_code == 200
    order.refresh_from_db()
    assert order.status == OrderStatus.PROCESSING


@pytest.mark.parametrize(
    "forgery", ["none", "other secret", "other body", "old", "nonsense", "not ascii", "no json"]
)
def test_what_stripe_did_not_sign_is_refused(api, shop_on_stripe, forgery):
    body = event()
    signature = {
        "none": "",
        "other secret": signature_of(body, secret="whsec_other"),
        "other body": signature_of(body + " "),
        "old": signature_of(body, age=3600),
        "nonsense": "t=1,v1=abc",
        "not ascii": f"t={int(time.time())},v1=é",
        "no json": signature_of("{"),
    }[forgery]

    answer = api.send(
        "POST", PATH, b"{" if forgery == "no json" else body.encode(), **{"Stripe-Signature": signature}
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_signature")
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("changes", [{"PAYMENT_GATEWAY": "mock"}, {"STRIPE_WEBHOOK_SECRET": ""}])
def test_without_stripe_or_without_the_secret_there_is_nothing_here(api, shop_on_stripe, settings, changes):
    for name, value in changes.items():
        setattr(settings, name, value)

    answer = deliver(api, event())

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_whole_order_through_stripe_and_back(api, place, shop_on_stripe, provider, mug):
    from orders.states import CancelReason

    order = place()
    assert order.status == OrderStatus.PROCESSING

    order = saga.cancel_order(
        order, reason=CancelReason.CANCELLED_BY_CUSTOMER, gateway=shop_on_stripe, deadline=Deadline(8)
    )

    assert order.status == OrderStatus.CANCELLED
    assert provider.kept(order.uid) == 0
    assert mug.stock == 5


def test_a_wrong_amount_cancels_the_order_and_is_given_back(place, provider, mug):
    provider.control(fault="wrong_amount", on="confirm", amount=1, times=1)

    order = place()

    assert (order.status, order.cancel_reason) == (OrderStatus.CANCELLED, "payment_failed")
    assert provider.kept(order.uid) == 0
    assert mug.stock == 5

"""While the provider is silent no order is begun: 503, nothing saved, nothing held."""

import pytest

from orders.models import Order
from orders.payments.breaker import FAILURES_TO_OPEN, BreakerGateway
from orders.payments.mock import MockGateway
from orders.states import OrderStatus
from products.models import StockReservation

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]


def body_for(mug, **fields):
    lines = [{"productId": mug.product_id, "productName": "Mug", "quantity": 1, "price": 12.5}]
    return {"email": "ann+approve@example.com", "items": lines, **fields}


def test_an_open_breaker_turns_an_order_away_before_anything_is_saved(api, mug, settings):
    settings.MOCK_PAYMENT_FAILURE_RATE = 1
    for _ in range(FAILURES_TO_OPEN):
        assert api.send("POST", "/orders", body_for(mug)).json()["order"]["status"] == OrderStatus.PENDING
    known, held = Order.objects.count(), mug.held

    refused = api.send("POST", "/orders", body_for(mug))

    assert (refused.status_code, refused.json()["code"]) == (503, "payment_unavailable")
    assert int(refused["Retry-After"]) > 0
    assert (Order.objects.count(), mug.held) == (known, held)
    ready = api.send("GET", "/health/ready")
    assert (ready.status_code, ready.json()["info"]["paymentBreaker"]) == (200, "open")


def test_a_repeat_of_a_settled_order_is_answered_even_then(api, mug, settings):
    first = api.send("POST", "/orders", body_for(mug), **{"Idempotency-Key": "breaker-0001"})
    assert first.status_code == 201
    settings.MOCK_PAYMENT_FAILURE_RATE = 1
    for _ in range(FAILURES_TO_OPEN):
        api.send("POST", "/orders", body_for(mug))

    again = api.send("POST", "/orders", body_for(mug), **{"Idempotency-Key": "breaker-0001"})

    assert (again.status_code, again.json()) == (201, first.json())


def test_an_order_left_open_by_the_silence_is_settled_once_the_provider_is_back(buy, mug, settings):
    gateway = BreakerGateway(MockGateway())
    settings.MOCK_PAYMENT_FAILURE_RATE = 1
    order = buy(mug, 1, gateway=gateway, key="k")
    for _ in range(FAILURES_TO_OPEN):
        buy(mug, 1, gateway=gateway) if gateway.state == "closed" else None
    assert (order.status, gateway.state) == (OrderStatus.PENDING, "open")
    settings.MOCK_PAYMENT_FAILURE_RATE = 0
    gateway.reset()
    Order.objects.update(lease_until="2020-01-01T00:00:00Z")

    assert buy(mug, 1, gateway=gateway, key="k").status == OrderStatus.PROCESSING


def test_the_readiness_answer_tells_the_state(api, tables):
    assert api.send("GET", "/health/ready").json()["info"] == {"paymentBreaker": "closed"}


def test_nothing_is_reserved_for_an_order_that_was_turned_away(buy, mug, tables):
    class Closed(MockGateway):
        def available(self):
            return False

    with pytest.raises(Exception, match="nothing was saved"):
        buy(mug, 1, gateway=Closed())

    assert not Order.objects.exists()
    assert mug.stock == 5
    assert not [r for r in StockReservation.scan() if mug.product_id in r.quantities.as_dict()]

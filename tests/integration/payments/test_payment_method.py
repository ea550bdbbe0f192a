"""A provider that charges cards needs one named; without it nothing is begun."""

import pytest

from orders.models import Order
from orders.payments.mock import MockGateway

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]


class CardGateway(MockGateway):
    needs_payment_method = True


@pytest.fixture
def order(api, mug, monkeypatch):
    monkeypatch.setattr("orders.views.payment_gateway", CardGateway)

    def place(**extra):
        items = [{"productId": mug.product_id, "quantity": 1}]
        return api.send("POST", "/orders", {"email": "ann+approve@example.com", "items": items, **extra})

    return place


def test_an_order_without_a_payment_method_is_refused_and_nothing_is_saved(order, mug):
    answer = order()

    assert (answer.status_code, answer.json()["code"]) == (400, "payment_method_required")
    assert [(fault["field"], fault["code"]) for fault in answer.json()["errors"]] == [
        ("/paymentMethod", "required")
    ]
    assert not Order.objects.exists()
    assert mug.stock == 5


def test_an_order_with_one_is_charged(order):
    answer = order(paymentMethod="pm_card_visa")

    assert (answer.status_code, answer.json()["order"]["status"]) == (201, "PROCESSING")
    assert Order.objects.get().payment_method == "pm_card_visa"

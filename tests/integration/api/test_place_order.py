"""POST /orders: the fixed shapes, word for word, and every outcome."""

from datetime import UTC, datetime

import pytest

from orders.models import Order, Payment
from tests.integration.api.conftest import SAMPLE, body_for

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True, reset_sequences=True)]


@pytest.mark.usefixtures("sample_catalogue")
def test_the_sample_order_is_answered_word_for_word(api):
    response = api.send("POST", "/orders", SAMPLE)

    assert response.status_code == 201
    assert response["Location"] == "/orders/1"
    assert response["Content-Type"] == "application/json"
    assert response.content == (
        b'{"success":true,"message":"Order created successfully",'
        b'"order":{"orderId":1,"userId":"anonymous","userEmail":"customer@example.com",'
        b'"status":"PROCESSING","total":5099.97,"itemCount":2}}'
    )


@pytest.mark.usefixtures("sample_catalogue")
def test_the_sample_order_is_read_back_word_for_word(api):
    api.send("POST", "/orders", SAMPLE)
    moment = datetime(2026, 2, 9, 16, 37, 13, tzinfo=UTC)
    Order.objects.update(created_at=moment, updated_at=moment)

    response = api.send("GET", "/orders/1")

    uid = Order.objects.get().uid
    assert response.status_code == 200
    assert response.body == {
        "success": True,
        "order": {
            "id": 1,
            "user_id": "anonymous",
            "user_email": "customer@example.com",
            "status": "PROCESSING",
            "total": "5099.97",
            "created_at": "2026-02-09T16:37:13.000Z",
            "items": [
                {
                    "id": 1,
                    "product_id": "prod_001",
                    "product_name": 'MacBook Pro 16"',
                    "quantity": 1,
                    "price": "2499.99",
                },
                {
                    "id": 2,
                    "product_id": "prod_002",
                    "product_name": "iPhone 15 Pro",
                    "quantity": 2,
                    "price": "1299.99",
                },
            ],
            "currency": "USD",
            "updated_at": "2026-02-09T16:37:13.000Z",
            "cancel_reason": None,
            "cancel_requested_at": None,
            "shipped_at": None,
            "payment": {
                "gateway": "mock",
                "reference": f"mock_{uid.hex}",
                "status": "CAPTURED",
                "amount": "5099.97",
                "refunded": "0.00",
                "currency": "USD",
                "decline_code": "",
            },
            "metadata": {},
            "item_count": 2,
        },
    }


@pytest.mark.parametrize(
    ("email", "status", "reason", "message"),
    [
        ("ann+approve@example.com", "PROCESSING", None, "Order created successfully"),
        ("ann+decline@example.com", "CANCELLED", "payment_declined", "Order cancelled: payment declined"),
        (
            "ann+timeout@example.com",
            "PENDING",
            None,
            "Order created successfully; payment and stock are being settled",
        ),
    ],
)
def test_the_answer_tells_the_outcome(api, mug, email, status, reason, message):
    response = api.send("POST", "/orders", body_for(mug, email=email))

    expected = {
        "orderId": 1,
        "userId": "anonymous",
        "userEmail": email,
        "status": status,
        "total": 12.5,
        "itemCount": 1,
    }
    assert response.status_code == 201
    assert response.body == {
        "success": True,
        "message": message,
        "order": {**expected, "cancelReason": reason} if reason else expected,
    }


def test_an_order_for_more_than_there_is_is_cancelled_and_says_so(api, mug):
    response = api.send("POST", "/orders", body_for(mug, 6))

    assert response.status_code == 201
    assert response.body["message"] == "Order cancelled: out of stock"
    assert (response.body["order"]["status"], response.body["order"]["cancelReason"]) == (
        "CANCELLED",
        "out_of_stock",
    )
    assert mug.stock == 5
    assert not Payment.objects.exists()


def test_the_catalogue_names_and_prices_what_the_client_leaves_out_or_names_otherwise(api, mug):
    body = {
        "email": "Ann@Example.COM",
        "items": [{"productId": mug.product_id, "productName": "Vase", "quantity": 2}],
    }

    placed = api.send("POST", "/orders", body).body["order"]
    (item,) = api.send("GET", f"/orders/{placed['orderId']}").body["order"]["items"]

    assert (placed["userEmail"], placed["total"]) == ("ann@example.com", 25)
    assert (item["product_name"], item["price"]) == ("Mug", "12.50")


def test_repeated_products_are_one_line(api, mug):
    line = {"productId": mug.product_id, "quantity": 1}

    placed = api.send("POST", "/orders", {"email": "ann@example.com", "items": [line] * 3}).body["order"]

    assert (placed["itemCount"], placed["total"]) == (1, 37.5)
    assert mug.stock == 2


def test_metadata_comes_back_as_it_was_sent(api, mug):
    metadata = {"note": "ring twice", "self": "x", "Straße/~": "Ä\U0001f600", "empty": ""}

    placed = api.send("POST", "/orders", body_for(mug, metadata=metadata)).body["order"]

    assert api.send("GET", f"/orders/{placed['orderId']}").body["order"]["metadata"] == metadata
    assert api.send("GET", "/orders").body["orders"][0]["metadata"] == metadata

"""POST /orders: the fixed shape word for word, and every refusal."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from orders.models import IdempotencyKey, Order, Payment
from orders.payments.ledger import MockLedgerEntry
from products import services
from products.errors import CatalogueUnavailable
from products.models import StockReservation
from tests.integration.api.conftest import ANN, BOB, SAMPLE, assert_problem

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True, reset_sequences=True)]


def body_for(shelf, quantity=1, **more):
    return {
        "email": "ann@example.com",
        "items": [{"productId": shelf.product_id, "quantity": quantity}],
        **more,
    }


def assert_nothing_was_saved():
    assert not Order.objects.exists()
    assert not IdempotencyKey.objects.exists()
    assert not MockLedgerEntry.objects.exists()


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


# ---- refusals ----------------------------------------------------------------------------------------------------


def test_a_price_that_is_not_the_catalogues_is_refused_with_the_current_one_and_nothing_is_saved(api, mug):
    body = {
        "email": "ann@example.com",
        "items": [
            {"productId": mug.product_id, "quantity": 1, "price": 12.5},
            {"productId": mug.product_id, "quantity": 1, "price": "11.99"},
        ],
    }

    response = api.send("POST", "/orders", body, **{"Idempotency-Key": "k"})

    assert_problem(response, 409, "price_changed", ("/items/1/price", "price_changed"))
    assert response.body["errors"] == [
        {
            "field": "/items/1/price",
            "code": "price_changed",
            "message": f"{mug.product_id} costs 12.50 now.",
            "productId": mug.product_id,
            "currentPrice": 12.5,
        }
    ]
    assert_nothing_was_saved()
    assert mug.stock == 5


def test_after_a_refusal_the_same_key_takes_the_corrected_body(api, mug):
    key = {"Idempotency-Key": "k"}
    wrong = {"email": "ann@example.com", "items": [{"productId": mug.product_id, "quantity": 1, "price": 1}]}

    assert api.send("POST", "/orders", wrong, **key).status_code == 409
    assert api.send("POST", "/orders", body_for(mug), **key).status_code == 201


@pytest.mark.parametrize("unknown", ["prod_never", "../x", "ü", "x" * 64])
def test_an_unknown_product_is_refused_by_its_line_and_nothing_is_saved(api, mug, unknown):
    body = {
        "email": "ann@example.com",
        "items": [{"productId": mug.product_id, "quantity": 1}, {"productId": unknown, "quantity": 1}],
    }

    response = api.send("POST", "/orders", body)

    assert_problem(response, 400, "unknown_product", ("/items/1/productId", "unknown_product"))
    assert_nothing_was_saved()
    assert mug.stock == 5


def test_a_deleted_product_is_an_unknown_one(api, mug):
    services.delete_product(mug.product_id)

    assert_problem(
        api.send("POST", "/orders", body_for(mug)),
        400,
        "unknown_product",
        ("/items/0/productId", "unknown_product"),
    )


def test_without_a_token_an_address_is_needed(api, mug):
    response = api.send("POST", "/orders", {"items": [{"productId": mug.product_id, "quantity": 1}]})

    assert_problem(response, 400, "email_required", ("/email", "required"))
    assert_nothing_was_saved()


@pytest.mark.parametrize(
    ("raw", "code", "faults"),
    [
        (b"", "invalid_request", [("/items", "required")]),
        (b"{}", "invalid_request", [("/items", "required")]),
        (b"[]", "invalid_request", [("", "not_an_object")]),
        (b'{"items": []}', "invalid_request", [("/items", "min_length")]),
        (
            b'{"items": [{"productId": "a", "quantity": 0}]}',
            "invalid_request",
            [("/items/0/quantity", "min_value")],
        ),
        (
            b'{"items": [{"productId": "a", "quantity": 1, "colour": 1}], "total": 1}',
            "invalid_request",
            [("/total", "unknown_field")],
        ),
        (
            b'{"items": [{"productId": "a", "quantity": 1, "colour": 1}]}',
            "invalid_request",
            [("/items/0/colour", "unknown_field")],
        ),
        (b'{"items": [', "invalid_json", []),
        (b'{"items": [{"quantity": NaN}]}', "invalid_json", []),
        (b'{"email": "a@b.de", "email": "b@b.de"}', "invalid_json", []),
        (b'{"email": "\xff"}', "invalid_json", []),
        (b'{"email": "\\ud800"}', "invalid_json", []),
    ],
    ids=lambda value: value.decode("ascii", "replace")[:30] if isinstance(value, bytes) else "",
)
def test_a_body_that_is_not_an_order_is_refused_and_nothing_is_saved(api, raw, code, faults):
    assert_problem(api.send("POST", "/orders", raw, **{"Idempotency-Key": "k"}), 400, code, *faults)
    assert_nothing_was_saved()


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\t", "schlüssel"])
def test_a_key_that_cannot_be_used_is_refused(api, mug, key):
    response = api.send("POST", "/orders", body_for(mug), **{"Idempotency-Key": key})

    assert_problem(response, 400, "invalid_idempotency_key")
    assert_nothing_was_saved()


# ---- repeats -----------------------------------------------------------------------------------------------------


def test_a_repeat_is_answered_from_the_first_order_in_its_present_state(api, mug):
    key = {"Idempotency-Key": "k"}
    first = api.send("POST", "/orders", body_for(mug), **key)
    again = api.send("POST", "/orders", body_for(mug), **key)

    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert (again.status_code, again.body, again["Location"]) == (201, first.body, first["Location"])
    api.send("PUT", f"/orders/{first.body['order']['orderId']}/cancel")
    assert api.send("POST", "/orders", body_for(mug), **key).body["order"]["status"] == "CANCELLED"
    assert Order.objects.count() == 1


def test_a_repeat_holds_even_if_price_and_product_have_changed_since(api, mug):
    key = {"Idempotency-Key": "k"}
    line = {"productId": mug.product_id, "quantity": 1, "price": 12.5}
    body = {"email": "ann@example.com", "items": [line]}
    first = api.send("POST", "/orders", body, **key)
    services.update_product(mug.product_id, changes={"price": Decimal("99.00")}, expected_version=None)
    services.delete_product(mug.product_id)

    assert api.send("POST", "/orders", body, **key).body == first.body


@pytest.mark.parametrize(
    "change",
    [{"email": "bob@example.com"}, {"metadata": {"note": "x"}}, {"paymentMethod": "card"}],
    ids=str,
)
def test_the_same_key_with_another_body_is_refused(api, mug, change):
    key = {"Idempotency-Key": "k"}
    api.send("POST", "/orders", body_for(mug), **key)

    assert_problem(api.send("POST", "/orders", body_for(mug, **change), **key), 422, "idempotency_key_reused")
    assert Order.objects.count() == 1
    assert mug.stock == 4


def test_while_the_first_request_is_at_work_a_repeat_is_told_to_wait(api, mug):
    key = {"Idempotency-Key": "k"}
    api.send("POST", "/orders", body_for(mug, email="ann+timeout@example.com"), **key)
    IdempotencyKey.objects.update(answer_due="2099-01-01T00:00:00Z")

    response = api.send("POST", "/orders", body_for(mug, email="ann+timeout@example.com"), **key)

    assert_problem(response, 409, "request_in_progress")
    assert response["Retry-After"] == "2"


def test_a_key_belongs_to_its_caller(api, mug):
    key = {"Idempotency-Key": "k"}
    body = body_for(mug)

    made = [
        api.signed_in(caller).send("POST", "/orders", body, **key).body["order"]
        for caller in (ANN, BOB, None)
    ]

    assert [order["userId"] for order in made] == [ANN.sub, BOB.sub, "anonymous"]
    assert len({order["orderId"] for order in made}) == 3


def test_without_a_key_every_request_is_an_order(api, mug):
    made = {api.send("POST", "/orders", body_for(mug)).body["order"]["orderId"] for _ in range(2)}

    assert made == {1, 2}
    assert mug.stock == 3


# ---- the account's address ---------------------------------------------------------------------------------------


def test_a_signed_in_caller_without_an_address_in_the_body_gets_the_accounts(api, mug, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "orders.views.email_of", lambda caller, token: asked.append((caller, token)) or "account@example.com"
    )

    order = api.signed_in(ANN).send("POST", "/orders", {"items": body_for(mug)["items"]}).body["order"]

    assert (order["userId"], order["userEmail"]) == (ANN.sub, "account@example.com")
    assert asked == [(ANN, "the-token")]


def test_a_silent_catalogue_is_503_and_nothing_is_saved(api, mug, monkeypatch):
    def silent(*_, **__):
        raise CatalogueUnavailable("The catalogue did not answer; try again.")

    monkeypatch.setattr("orders.quote.get_products", silent)

    response = api.send("POST", "/orders", body_for(mug))

    assert_problem(response, 503, "catalogue_unavailable")
    assert response["Retry-After"] == "2"
    assert_nothing_was_saved()
    assert not list(StockReservation.scan(StockReservation.quantities[mug.product_id].exists()))

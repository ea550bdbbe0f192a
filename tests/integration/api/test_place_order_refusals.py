"""POST /orders: every refusal, and that nothing is saved then."""

import pytest

from products import services
from tests.integration.api.conftest import assert_nothing_was_saved, assert_problem, body_for

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True, reset_sequences=True)]


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

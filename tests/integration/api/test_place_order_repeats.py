"""POST /orders with an Idempotency-Key, and for an account."""

from decimal import Decimal

import pytest

from orders.models import IdempotencyKey, Order
from products import services
from products.errors import CatalogueUnavailable
from tests.integration.api.conftest import ANN, BOB, assert_nothing_was_saved, assert_problem, body_for

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True, reset_sequences=True)]


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


# ---- the account's address ------------------------------------------------------------


def test_a_signed_in_caller_without_an_address_in_the_body_gets_the_accounts(api, mug, monkeypatch):
    asked = []

    def email_of(caller, token):
        asked.append((caller, token))
        return "account@example.com"

    monkeypatch.setattr("orders.views.email_of", email_of)

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
    assert (mug.stock, mug.held) == (5, 0)

"""PUT /orders/{id}/cancel, and orders while the database is silent."""

from datetime import UTC, datetime

import pytest
from django.db import OperationalError

from orders.models import Order
from orders.payments.ledger import MockLedgerEntry
from tests.integration.api.conftest import ADMIN, ANN, assert_problem

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]
NOON = datetime(2026, 2, 9, 12, tzinfo=UTC)


@pytest.fixture
def placed(api, mug):
    def place(email="ann@example.com", caller=None):
        body = {"email": email, "items": [{"productId": mug.product_id, "quantity": 2}]}
        return api.signed_in(caller).send("POST", "/orders", body).body["order"]["orderId"]

    return place


def test_a_young_order_is_cancelled_refunded_and_restocked(api, placed, mug):
    number = placed()

    response = api.send("PUT", f"/orders/{number}/cancel")

    assert response.status_code == 200
    assert response.body["message"] == "Order cancelled successfully"
    order = response.body["order"]
    assert (order["status"], order["cancel_reason"]) == ("CANCELLED", "cancelled_by_customer")
    assert (order["payment"]["status"], order["payment"]["refunded"]) == ("REFUNDED", "25.00")
    assert order["cancel_requested_at"] is not None
    assert order == api.send("GET", f"/orders/{number}").body["order"]
    assert mug.stock == 5


def test_cancelling_again_changes_nothing_and_is_fine(api, placed):
    number = placed()
    first = api.send("PUT", f"/orders/{number}/cancel")

    again = api.send("PUT", f"/orders/{number}/cancel")

    assert (again.status_code, again.body) == (200, first.body)


def test_a_pending_order_is_cancelled_and_its_money_goes_back(api, placed, mug):
    number = placed("ann+timeout@example.com")

    response = api.send("PUT", f"/orders/{number}/cancel")

    assert (response.status_code, response.body["order"]["status"]) == (200, "CANCELLED")
    assert MockLedgerEntry.objects.get().status == "REFUNDED"
    assert mug.stock == 5


def test_a_body_of_a_cancellation_means_nothing(api, placed):
    assert api.send("PUT", f"/orders/{placed()}/cancel", {}).status_code == 200


@pytest.mark.parametrize("change", [{"shipped_at": NOON}, {"created_at": NOON}], ids=str)
def test_a_shipped_or_old_order_is_refused_and_stays(api, placed, mug, change):
    number = placed()
    Order.objects.update(**change)

    assert_problem(api.send("PUT", f"/orders/{number}/cancel"), 409, "order_not_cancellable")
    order = api.send("GET", f"/orders/{number}").body["order"]
    assert (order["status"], order["cancel_requested_at"]) == ("PROCESSING", None)
    assert mug.stock == 3


def test_out_of_time_the_answer_is_202_and_the_order_can_only_end_cancelled(api, placed, settings, mug):
    number = placed()
    settings.ORDER_BUDGET_SECONDS = 1  # too little to ask the provider

    response = api.send("PUT", f"/orders/{number}/cancel")

    assert (response.status_code, response["Retry-After"]) == (202, "2")
    assert response.body["message"] == "The order is being cancelled"
    assert response.body["order"]["cancel_requested_at"] is not None
    settings.ORDER_BUDGET_SECONDS = 8
    assert api.send("PUT", f"/orders/{number}/cancel").body["order"]["status"] == "CANCELLED"
    assert mug.stock == 5


@pytest.mark.usefixtures("closed_shop")
def test_staff_cancel_for_a_customer_and_the_order_says_so(api, placed):
    number = placed(caller=ANN)

    order = api.signed_in(ADMIN).send("PUT", f"/orders/{number}/cancel").body["order"]

    assert (order["user_id"], order["status"], order["cancel_reason"]) == (
        ANN.sub,
        "CANCELLED",
        "cancelled_by_staff",
    )


# ---- the database is down ------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/orders"), ("GET", "/orders/1"), ("POST", "/orders"), ("PUT", "/orders/1/cancel")],
)
def test_a_silent_database_is_503_with_retry_after_and_without_a_word_of_it(
    api, mug, monkeypatch, method, path
):
    def down(*_, **__):
        raise OperationalError(2003, "Can't connect to MySQL server on 'secret-host'")

    monkeypatch.setattr("django.db.models.query.QuerySet._fetch_all", down)
    monkeypatch.setattr("orders.record._record", down)
    body = {"email": "ann@example.com", "items": [{"productId": mug.product_id, "quantity": 1}]}

    response = api.send(method, path, body if method == "POST" else None)

    assert_problem(response, 503, "database_unavailable")
    assert response["Retry-After"] == "2"
    assert b"secret-host" not in response.content
    assert mug.stock == 5

"""Whole ways through the shop over HTTP, and what they leave behind in each system."""

import signal
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import boto3
import pytest
from django.conf import settings

from orders.models import Order, OrderEvent, OrderItem, Payment
from orders.payments.ledger import MockLedgerEntry
from products.models import StockMovement, StockReservation
from tests.journeys.conftest import PASSWORD, make_account, running_shop, sign_in

pytestmark = [pytest.mark.journey, pytest.mark.dynamodb]

APPROVED = "ann+approve@example.com"


def new_product(shop, **fields):
    body = {"name": "Lamp", "price": 39.9, "stock": 7, "category": f"c-{uuid.uuid4()}", **fields}
    answer = shop.send("POST", "/products", body)
    assert answer.status == 201, answer
    return answer.body["product"]["productId"]


def stock_of(shop, product_id):
    return shop.send("GET", f"/products/{product_id}").body["product"]["stock"]


def test_a_created_product_stands_in_dynamodb_to_the_cent(open_shop):
    product_id = new_product(open_shop, price=19.99)

    table = boto3.client("dynamodb", region_name=settings.AWS_REGION)
    item = table.get_item(TableName=settings.PRODUCTS_TABLE, Key={"productId": {"S": product_id}})["Item"]
    assert (item["name"], item["price"], item["stock"], item["version"]) == (
        {"S": "Lamp"},
        {"N": "19.99"},
        {"N": "7"},
        {"N": "1"},
    )
    assert [movement.delta for movement in StockMovement.query(product_id)] == [7]


def test_an_order_is_rows_in_mysql_a_reservation_in_dynamodb_and_a_line_in_the_ledger(open_shop):
    product_id = new_product(open_shop)

    answer = open_shop.send(
        "POST", "/orders", {"email": APPROVED, "items": [{"productId": product_id, "quantity": 3}]}
    )

    assert answer.status == 201
    order = Order.objects.get()
    assert (order.pk, order.status, order.total) == (
        answer.body["order"]["orderId"],
        "PROCESSING",
        Decimal("119.70"),
    )
    item = OrderItem.objects.get()
    assert (item.product_id, item.product_name, item.quantity, item.price) == (
        product_id,
        "Lamp",
        3,
        Decimal("39.90"),
    )
    assert Payment.objects.get().amount == Decimal("119.70")
    assert MockLedgerEntry.objects.get().key == order.uid
    assert StockReservation.get(str(order.uid)).quantities.as_dict() == {product_id: 3}
    assert stock_of(open_shop, product_id) == 4

    cancelled = open_shop.send("PUT", f"/orders/{order.pk}/cancel")

    assert (cancelled.status, cancelled.body["order"]["status"]) == (200, "CANCELLED")
    assert stock_of(open_shop, product_id) == 7
    assert StockReservation.get(str(order.uid)).state == "RELEASED"
    assert MockLedgerEntry.objects.get().refunded == Decimal("119.70")
    assert Payment.objects.get().status == "REFUNDED"
    assert [event.seq for event in OrderEvent.objects.all()] == [1, 2, 3, 4, 5]


@pytest.mark.cognito
def test_from_sign_up_to_an_order_of_ones_own(closed_shop_server):
    make_account(admin := f"{uuid.uuid4().hex}@example.com", admin=True)
    staff = replace(closed_shop_server, token=sign_in(closed_shop_server, admin))
    product_id = new_product(staff)
    email = f"{uuid.uuid4().hex}+approve@example.com"

    signed_up = closed_shop_server.send(
        "POST", "/users/signup", {"email": email, "password": PASSWORD, "name": "Ann"}
    )
    assert (signed_up.status, signed_up.body["user"]["confirmed"]) == (201, False)
    refused = closed_shop_server.send("POST", "/users/login", {"email": email, "password": PASSWORD})
    assert (refused.status, refused.body["code"]) == (403, "user_not_confirmed")
    assert closed_shop_server.send("POST", "/users/confirm", {"email": email, "code": "123456"}).status == 200
    customer = replace(closed_shop_server, token=sign_in(closed_shop_server, email))
    me = customer.send("GET", "/users/me").body["user"]
    assert (me["userId"], me["email"], me["groups"]) == (signed_up.body["user"]["userId"], email, [])

    # Without an address in the body, the order is for the account's.
    placed = customer.send("POST", "/orders", {"items": [{"productId": product_id, "quantity": 1}]})
    assert (placed.status, placed.body["order"]["userEmail"]) == (201, email)
    order_id = placed.body["order"]["orderId"]

    assert customer.send("GET", f"/orders/{order_id}").body["order"]["user_id"] == me["userId"]
    assert staff.send("GET", f"/orders/{order_id}").status == 200
    assert closed_shop_server.send("GET", f"/orders/{order_id}").status == 401
    make_account(other := f"{uuid.uuid4().hex}@example.com")
    stranger = replace(closed_shop_server, token=sign_in(closed_shop_server, other))
    assert stranger.send("GET", f"/orders/{order_id}").body["code"] == "order_not_found"
    assert stranger.send("PUT", f"/orders/{order_id}/cancel").status == 404
    assert customer.send("POST", "/products", {}).status == 403


@pytest.mark.mysql
@pytest.mark.real_dynamodb
def test_of_thirty_buyers_of_the_last_unit_exactly_one_gets_it(open_shop):
    product_id = new_product(open_shop, stock=1)
    body = {"email": APPROVED, "items": [{"productId": product_id, "quantity": 1}]}

    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _: open_shop.send("POST", "/orders", body), range(30)))

    assert {answer.status for answer in answers} == {201}
    outcomes = Counter(answer.body["order"].get("cancelReason", "sold") for answer in answers)
    assert outcomes == {"sold": 1, "out_of_stock": 29}
    assert stock_of(open_shop, product_id) == 0
    assert MockLedgerEntry.objects.filter(status="CAPTURED").count() == 1


@pytest.mark.mysql
@pytest.mark.real_dynamodb
def test_with_some_cards_declined_the_books_balance_over_http(closed_shop_server):
    make_account(email := f"{uuid.uuid4().hex}@example.com", admin=True)
    shop = replace(closed_shop_server, token=sign_in(closed_shop_server, email))
    product_id = new_product(shop, stock=15)
    body = {"email": "ann@example.com", "items": [{"productId": product_id, "quantity": 1}]}

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: shop.send("POST", "/orders", body), range(40)))

    sold = sum(answer.body["order"]["status"] == "PROCESSING" for answer in answers)
    assert sold <= 15
    assert stock_of(shop, product_id) == 15 - sold
    assert MockLedgerEntry.objects.filter(status="CAPTURED").count() == sold


def test_a_request_in_flight_is_answered_before_the_server_stops(open_shop, tmp_path):
    product_id = new_product(open_shop)
    body = {"email": "ann+slow@example.com", "items": [{"productId": product_id, "quantity": 1}]}
    answers = []
    with running_shop(tmp_path / "log", REQUIRE_AUTH="false") as shop:
        request = threading.Thread(target=lambda: answers.append(shop.send("POST", "/orders", body)))
        request.start()
        while not Order.objects.filter(step="CHARGING").exists():
            time.sleep(0.02)
        shop.process.send_signal(signal.SIGTERM)
        request.join(20)
        assert shop.process.wait(20) == 0

    assert [(answer.status, answer.body["order"]["status"]) for answer in answers] == [(201, "PROCESSING")]


def test_each_request_is_one_log_line_without_addresses_or_tokens(open_shop):
    request_id = uuid.uuid4().hex
    open_shop.send(
        "GET", "/orders", None, **{"X-Request-ID": request_id, "Authorization": "Bearer eyJh.eyJz.c2ln"}
    )

    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        lines = [line for line in open_shop.log.read_text().splitlines() if request_id in line]
        if any('"event":"request"' in line.replace(" ", "") for line in lines):
            break
        time.sleep(0.05)
    assert sum('"event":"request"' in line.replace(" ", "") for line in lines) == 1
    assert '"status": 401' in "".join(lines)
    assert "eyJh.eyJz" not in open_shop.log.read_text()
    assert APPROVED not in open_shop.log.read_text()

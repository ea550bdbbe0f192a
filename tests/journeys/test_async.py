"""Asynchronous mode over HTTP: gunicorn takes the orders, a worker process settles them."""

import orjson
import pytest

from orders.models import Order
from orders.payments.ledger import MockLedgerEntry
from tests.journeys.conftest import running_shop
from tests.journeys.test_journeys import APPROVED, new_product, stock_of
from tests.journeys.test_smoke import smoke, tokens
from tests.queues import new_queues, running_worker, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def queues(settings):
    with new_queues(settings) as queues:
        yield queues


@pytest.fixture
def async_shop(_catalogue, queues, settings, tmp_path):
    variables = {"ORDER_PROCESSING": "async", "ORDER_QUEUE_URL": queues.url, "REQUIRE_AUTH": "false"}
    with running_shop(tmp_path / "web.log", **variables) as shop:
        yield shop


def test_from_the_row_by_the_queue_to_the_worker(async_shop, queues, tmp_path):
    assert async_shop.send("GET", "/health/ready").body["checks"]["queue"]["ok"]
    product_id = new_product(async_shop)
    body = {"email": APPROVED, "items": [{"productId": product_id, "quantity": 3}]}

    answer = async_shop.send("POST", "/orders", body)

    assert (answer.status, answer.body["order"]["status"]) == (201, "PENDING")
    order = Order.objects.get(pk=answer.body["order"]["orderId"])
    assert (order.status, order.step) == ("PENDING", "CREATED")
    [message] = queues.take(hide_seconds=0)
    assert orjson.loads(message.body) == {"uid": str(order.uid)}
    assert stock_of(async_shop, product_id) == 7

    with running_worker(tmp_path / "worker.log"):
        path = f"/orders/{order.pk}"
        wait_until(lambda: async_shop.send("GET", path).body["order"]["status"] == "PROCESSING")
        wait_until(lambda: queues.count() == 0)

    assert stock_of(async_shop, product_id) == 4
    assert MockLedgerEntry.objects.get().key == order.uid
    # The worker's lines carry the id of the request that placed the order.
    lines = [orjson.loads(line) for line in (tmp_path / "worker.log").read_text().splitlines()]
    [settled] = [line for line in lines if line.get("event") == "order settled"]  # metrics have none
    assert (settled["order_id"], settled["request_id"]) == (order.pk, order.request_id)


@pytest.mark.cognito
def test_the_whole_contract_holds_with_a_worker(async_shop, queues, tmp_path):
    with running_worker(tmp_path / "worker.log"):
        assert ", 0 failed" in smoke(async_shop, **tokens(async_shop))
        wait_until(lambda: queues.count() == 0, seconds=90)

    assert not queues.dead()

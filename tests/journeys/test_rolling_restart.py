"""A new version takes over under load: no request fails, no order is lost or doubled, and the metrics say so."""

import http.client
import json
import signal
import threading
import time
from dataclasses import dataclass, field

import pytest

from orders.models import Order
from orders.payments.ledger import MockLedgerEntry
from tests.emf import documents, faults, sums
from tests.journeys.conftest import Shop, running_shop

pytestmark = [pytest.mark.journey, pytest.mark.dynamodb, pytest.mark.cognito]

CUSTOMERS = 6
DRAIN_SECONDS = 0.5  # from taking a task out of the balancer to its SIGTERM; on AWS it is a setting
STOCK = 100_000


@dataclass
class Balancer:
    """Sends each request to the task in service; one that was taken out gets no new ones and keeps those it has."""

    in_service: Shop
    answers: list[tuple[int, int, int]] = field(default_factory=list)
    """(port of the task, status, order id)"""
    failures: list[str] = field(default_factory=list)
    slow_began: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)

    def shop_all_day(self, product_id: str, number: int) -> None:
        """One customer: order after order, on kept-alive connections; every other one's payments take two seconds."""
        wires: dict[int, http.client.HTTPConnection] = {}
        slow = bool(number % 2)
        email = f"ann{number}+{'slow' if slow else 'approve'}@example.com"
        body = json.dumps({"email": email, "items": [{"productId": product_id, "quantity": 1}]})
        while not self.closed.is_set():
            port = self.in_service.port
            wire = wires.setdefault(port, http.client.HTTPConnection("127.0.0.1", port, timeout=30))
            try:
                wire.request("POST", "/orders", body, {"Content-Type": "application/json"})
                if slow:
                    self.slow_began.set()
                answer = wire.getresponse()
                order = json.loads(answer.read()).get("order", {})
                self.answers.append((port, answer.status, order.get("orderId", 0)))
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.failures.append(f"{port}: {error!r}")
        for wire in wires.values():
            wire.close()


@pytest.fixture
def product(_catalogue, make_product, transactional_db):
    return make_product(stock=STOCK)


def test_a_rolling_restart_under_load_fails_no_request(product, tmp_path):
    logs = [tmp_path / "old", tmp_path / "new"]
    variables = {"REQUIRE_AUTH": "false", "MOCK_PAYMENT_SUCCESS_RATE": "1", "LIMIT_ORDERS_PER_USER": "0"}
    with running_shop(logs[0], **variables) as old:
        balancer = Balancer(old)
        customers = [
            threading.Thread(target=balancer.shop_all_day, args=(product.product_id, number))
            for number in range(CUSTOMERS)
        ]
        for customer in customers:
            customer.start()
        try:
            with running_shop(logs[1], **variables) as new:
                time.sleep(1)
                balancer.slow_began.clear()
                assert balancer.slow_began.wait(
                    30
                )  # so one is surely in flight when the old task is told to stop
                balancer.in_service = new
                time.sleep(DRAIN_SECONDS)
                drained = len([port for port, _, _ in balancer.answers if port == old.port])
                old.process.send_signal(signal.SIGTERM)
                assert old.process.wait(29) == 0
                time.sleep(2)
                balancer.closed.set()
                for customer in customers:
                    customer.join(30)
        finally:
            balancer.closed.set()

    assert balancer.failures == []
    assert {status for _, status, _ in balancer.answers} == {201}
    by_task = {
        task.port: [order for port, _, order in balancer.answers if port == task.port] for task in (old, new)
    }
    assert len(by_task[old.port]) > drained, "no request was in flight when the old task was told to stop"
    assert len(by_task[new.port]) > CUSTOMERS

    ids = [order for _, _, order in balancer.answers]
    assert sorted(ids) == sorted(Order.objects.values_list("pk", flat=True))
    assert set(Order.objects.values_list("status", "step")) == {("PROCESSING", "DONE")}
    assert MockLedgerEntry.objects.count() == len(ids)
    assert product.stock == STOCK - len(ids)

    metrics = [document for log in logs for document in documents(log)]
    assert [fault for document in metrics for fault in faults(document)] == []
    assert sums(metrics, "OrdersSettled") == {"processing": len(ids)}
    assert sums(metrics, "Requests") == {"2xx": len(ids)}
    assert set(sums(metrics, "RequestMilliseconds")) == {"POST /orders"}
    assert set(sums(metrics, "StepMilliseconds")) == {"CREATED", "CHARGING"}

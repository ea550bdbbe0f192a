"""Asynchronous mode on a queue of the test's own."""

import threading
from contextlib import contextmanager
from decimal import Decimal

import pytest

from orders.models import Order
from orders.worker import Worker
from tests.queues import new_queues


@pytest.fixture
def queues(settings, db):
    with new_queues(settings) as queues:
        yield queues


@pytest.fixture(autouse=True)
def _every_card_is_good(settings):
    settings.MOCK_PAYMENT_SUCCESS_RATE = Decimal(1)


@pytest.fixture
def deliver(queues, gateway):
    """Handle what is on the queue now, one message after the other; return those messages."""

    def once():
        worker = Worker(gateway=gateway, concurrency=1)
        messages = queues.take()
        for message in messages:
            worker.handle(message)
        return messages

    return once


@pytest.fixture
def working(queues, gateway):
    """A worker in this process, stopped at the end of the block."""

    @contextmanager
    def run(**options):
        worker = Worker(**{"gateway": gateway, "concurrency": 4, "poll_seconds": 1, **options})
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            yield worker
        finally:
            worker.stop()
            thread.join(40)
            assert not thread.is_alive()

    return run


@pytest.fixture
def state_of():
    """An order's status and step as they are now."""

    def look(order):
        return Order.objects.values_list("status", "step").get(pk=order.pk)

    return look

"""A worker goes on whatever goes wrong, holds what it is at work on, and gives back what it cannot finish."""

import threading
import time

import orjson
import pytest
from django.db import OperationalError

from orders import queue, worker
from orders.payments.mock import MockGateway
from tests.queues import wait_until

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]
OPEN = ("PENDING", "CREATED")
PAID = ("PROCESSING", "DONE")


def test_nothing_that_goes_wrong_ends_the_worker(buy, mug, queues, working, monkeypatch, settings, state_of):
    monkeypatch.setattr(worker, "FIRST_BACKOFF_SECONDS", 0)
    monkeypatch.setattr(worker, "MAX_PAUSE_SECONDS", 0.05)
    faults = {
        "receive": [queue.QueueUnavailable("down"), ValueError("a bug")],
        "delete": [queue.QueueUnavailable("down")],
        "hide": [queue.QueueUnavailable("down"), ValueError("a bug")],
    }
    for name, errors in faults.items():
        failing_first(monkeypatch, queue, name, errors)
    failing_first(monkeypatch, worker, "settle", [OperationalError(2006, "gone away"), RuntimeError("a bug")])
    settings.ORDER_LEASE_SECONDS = 1  # messages come back soon

    with working():
        orders = [buy(mug, 1) for _ in range(3)]
        wait_until(lambda: all(state_of(order) == PAID for order in orders) and not queues.count())

    assert not any(faults.values())
    assert mug.stock == 2


def failing_first(monkeypatch, module, name, errors):
    real, lock = getattr(module, name), threading.Lock()

    def call(*args, **kwargs):
        with lock:
            error = errors.pop(0) if errors else None
        if error:
            raise error
        return real(*args, **kwargs)

    monkeypatch.setattr(module, name, call)


class StuckGateway(MockGateway):
    """Takes the money when it is told to go on."""

    def __init__(self):
        self.asked, self.go_on = threading.Event(), threading.Event()

    def charge(self, **options):
        self.asked.set()
        self.go_on.wait(30)
        return super().charge(**options)


def test_a_message_in_work_is_given_to_nobody_else(buy, mug, queues, working, settings):
    settings.ORDER_LEASE_SECONDS = 1  # and so long are messages hidden
    gateway = StuckGateway()
    buy(mug, 1)

    with working(gateway=gateway):
        gateway.asked.wait(20)
        assert queues.take(wait_seconds=3) == []
        gateway.go_on.set()
        wait_until(lambda: not queues.count())


def test_a_worker_that_is_told_to_stop_finishes_what_it_has(buy, mug, queues, working, state_of):
    gateway = StuckGateway()
    order = buy(mug, 1)
    with working(gateway=gateway) as stopping:
        gateway.asked.wait(20)
        stopping.stop()
        late = buy(mug, 1)
        gateway.go_on.set()

    assert state_of(order) == PAID
    # A message that its last poll brought was given back at once.
    assert state_of(late) == OPEN
    assert len(queues.take()) == 1


def test_what_a_stopping_worker_cannot_finish_is_given_back_at_once(buy, mug, queues, working, state_of):
    gateway = StuckGateway()
    order = buy(mug, 1)
    with working(gateway=gateway, finish_seconds=0.2) as stopping:
        gateway.asked.wait(20)
        stopping.stop()

    [message] = queues.take()
    assert orjson.loads(message.body) == {"uid": str(order.uid)}
    gateway.go_on.set()
    for thread in stopping._threads:
        thread.join(20)
    assert state_of(order) == PAID


def test_a_worker_takes_no_more_messages_than_it_has_threads(buy, mug, queues, working):
    gateway = StuckGateway()
    for _ in range(3):
        buy(mug, 1)
    with working(gateway=gateway, concurrency=1):
        gateway.asked.wait(20)
        time.sleep(0.3)
        assert len(queues.take(hide_seconds=0)) == 2
        gateway.go_on.set()

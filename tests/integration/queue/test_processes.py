"""Workers as processes: told to stop, or killed, with an order in hand."""

import signal

import pytest

from orders.models import Order
from orders.payments.ledger import MockLedgerEntry
from tests.queues import running_worker, wait_until

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]

SLOW = "ann+slow@example.com"  # two seconds at the provider


def in_hand():
    return Order.objects.filter(step="CHARGING").exists()


def test_a_worker_told_to_stop_settles_the_order_in_its_hands(buy, mug, queues, tmp_path):
    order = buy(mug, 1, email=SLOW)
    with running_worker(tmp_path / "log") as worker:
        wait_until(in_hand)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(25) == 0, (tmp_path / "log").read_text()

    order.refresh_from_db()
    assert order.status == "PROCESSING"
    assert queues.count() == 0
    assert '"event": "order settled"' in (tmp_path / "log").read_text()


def test_of_a_worker_that_was_killed_another_takes_over(buy, mug, queues, working, tmp_path, settings):
    settings.ORDER_LEASE_SECONDS = 3  # and so long are messages hidden
    order = buy(mug, 1, email=SLOW)
    with running_worker(tmp_path / "log", ORDER_LEASE_SECONDS="3") as worker:
        wait_until(in_hand)
        worker.kill()
        worker.wait()
    order.refresh_from_db()
    assert (order.status, order.step) == ("PENDING", "CHARGING")

    with working():
        wait_until(lambda: not queues.count())

    order.refresh_from_db()
    assert order.status == "PROCESSING"
    assert MockLedgerEntry.objects.count() == 1
    assert mug.stock == 4
    mug.assert_books_balance()

"""A database that falls silent: nothing is lost, nothing is guessed, and the caller is told the truth."""

import pytest
from django.db import OperationalError
from django.db.models import QuerySet

from orders import record
from orders.models import Order
from orders.payments.ledger import MockLedgerEntry
from orders.states import OrderStatus, Step

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]

LOST = OperationalError(2013, "Lost connection to server during query")
DEADLOCK = OperationalError(1213, "Deadlock found when trying to get lock")


def fail(times, error, *, after=None):
    """Return a function that fails some times, then does the real thing (or did it before it failed)."""
    real, left = after, [times]

    def call(*args, **kwargs):
        if left[0]:
            left[0] -= 1
            raise error
        return real(*args, **kwargs)

    return call


def test_an_order_whose_commit_got_no_answer_is_found_and_goes_on(buy, mug, monkeypatch):
    commit = record._record

    def commit_and_lose_the_answer(new, *, key):
        commit(new, key=key)
        raise LOST

    monkeypatch.setattr(record, "_record", commit_and_lose_the_answer)

    order = buy(mug, 1)

    assert (Order.objects.count(), order.status) == (1, OrderStatus.PROCESSING)
    assert mug.stock == 4


def test_an_order_that_was_not_committed_is_refused_and_leaves_nothing(api, mug, monkeypatch):
    monkeypatch.setattr(record, "_record", fail(1, LOST))

    answer = api.send(
        "POST",
        "/orders",
        {"email": "ann@example.com", "items": [{"productId": mug.product_id, "quantity": 1}]},
    )

    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert int(answer["Retry-After"]) > 0
    assert not Order.objects.exists()
    assert not MockLedgerEntry.objects.exists()
    assert mug.stock == 5


@pytest.mark.parametrize("function", ["add_event", "_save_payment"])
def test_a_deadlock_is_tried_again_and_nobody_sees_it(buy, mug, monkeypatch, function):
    monkeypatch.setattr(record, function, fail(2, DEADLOCK, after=getattr(record, function)))

    order = buy(mug, 1)

    assert (order.status, order.step) == (OrderStatus.PROCESSING, Step.DONE)
    assert Order.objects.count() == 1
    mug.assert_books_balance()


def test_a_database_that_falls_silent_on_the_way_leaves_the_order_to_recovery(buy, mug, monkeypatch, gateway):
    with monkeypatch.context() as patch:
        patch.setattr(record, "decide", fail(1, LOST))
        order = buy(mug, 1)

    assert (order.status, order.step) == (OrderStatus.PENDING, Step.CREATED)
    order.refresh_from_db()
    assert (order.attempts, mug.stock) == (1, 4)


def test_reading_orders_without_a_database_is_503_and_the_catalogue_goes_on(api, mug, monkeypatch):
    def silent(*_args, **_kwargs):
        raise LOST

    monkeypatch.setattr(QuerySet, "_fetch_all", silent)

    assert api.send("GET", "/orders").status_code == 503
    assert api.send("GET", f"/products/{mug.product_id}").status_code == 200

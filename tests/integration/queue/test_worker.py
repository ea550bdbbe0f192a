"""A message settles its order once, whatever becomes of the message."""

from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest
from django.core.management import call_command
from django.db import connections

from orders import handover, queue, worker
from orders.models import IdempotencyKey, Order, OrderEvent
from orders.payments.ledger import MockLedgerEntry
from orders.payments.mock import MockGateway
from orders.states import CancelReason
from orders.worker import Worker
from tests.queues import wait_until

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]

OPEN = ("PENDING", "CREATED")
PAID = ("PROCESSING", "DONE")
GONE = ("CANCELLED", "DONE")


def test_an_order_goes_from_its_row_by_its_message_to_a_worker(buy, mug, queues, deliver, state_of):
    order = buy(mug, 2)

    assert state_of(order) == OPEN
    assert mug.stock == 5
    assert not MockLedgerEntry.objects.exists()
    [message] = deliver()
    assert orjson.loads(message.body) == {"uid": str(order.uid)}
    assert state_of(order) == PAID
    assert mug.stock == 3
    assert queues.count() == 0
    mug.assert_books_balance()


@pytest.mark.parametrize("fate", ["decline", "approve"])
def test_an_order_that_cannot_be_filled_or_paid_ends_cancelled(fate, buy, make_product, queues, deliver):
    units = {"decline": 1, "approve": 6}[fate]  # one too many
    product = make_product(stock=5)

    order = buy(product, units, email=f"ann+{fate}@example.com")
    deliver()

    order.refresh_from_db()
    reason = CancelReason.PAYMENT_DECLINED if fate == "decline" else CancelReason.OUT_OF_STOCK
    assert (order.status, order.step, order.cancel_reason) == (*GONE, reason)
    assert queues.count() == 0
    product.assert_books_balance()


def test_a_repeat_with_the_same_key_answers_the_same_order_and_sends_nothing(buy, mug, queues, deliver):
    first = buy(mug, 1, key="k")

    assert IdempotencyKey.objects.get().answer_due is None
    assert buy(mug, 1, key="k").pk == first.pk
    assert queues.count() == 1
    deliver()
    assert buy(mug, 1, key="k").status == "PROCESSING"
    assert queues.count() == 0


def test_duplicates_charge_once(buy, mug, queues, gateway, state_of):
    order = buy(mug, 1)
    for _ in range(5):
        queue.send(order.uid)

    def settle(message):
        try:
            Worker(gateway=gateway, concurrency=1).handle(message)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(settle, queues.take()))

    assert state_of(order) == PAID
    assert MockLedgerEntry.objects.count() == 1
    assert OrderEvent.objects.filter(kind="processing").count() == 1
    assert mug.stock == 4
    mug.assert_books_balance()


def test_messages_may_come_in_any_order(buy, mug, queues, gateway):
    orders = [buy(mug, 1) for _ in range(4)]

    for message in reversed(queues.take()):
        Worker(gateway=gateway, concurrency=1).handle(message)

    assert {Order.objects.get(pk=order.pk).status for order in orders} == {"PROCESSING"}
    assert mug.stock == 1


def test_the_first_lease_is_the_workers_for_the_taking_but_only_once(buy, mug, queues):
    order = Order.objects.get(pk=buy(mug, 1).pk)

    assert handover.take(order)
    assert not handover.take(order)
    assert not handover.take(Order.objects.get(pk=order.pk))


def test_an_order_in_somebodys_hands_is_looked_at_later(buy, mug, queues, deliver, state_of, settings):
    order = buy(mug, 1)
    handover.take(Order.objects.get(pk=order.pk))

    deliver()

    assert state_of(order) == OPEN
    assert (queues.count(), queues.take()) == (1, [])


def test_a_message_that_came_back_while_its_order_was_in_work_does_no_harm(
    buy, mug, queues, gateway, monkeypatch, state_of
):
    order = buy(mug, 1)
    [message] = queues.take(hide_seconds=0)  # its time is over at once
    second: list[queue.Message] = []
    charge = MockGateway.charge

    def meanwhile(self, **options):
        if not second:
            second.extend(queues.take())
            Worker(gateway=gateway, concurrency=1).handle(second[0])
        return charge(self, **options)

    monkeypatch.setattr(MockGateway, "charge", meanwhile)
    Worker(gateway=gateway, concurrency=1).handle(message)

    assert [message.id for message in second] == [message.id]
    assert state_of(order) == PAID
    assert MockLedgerEntry.objects.count() == 1
    mug.assert_books_balance()


def test_a_delete_that_was_lost_is_made_up_for_at_the_next_delivery(
    buy, mug, queues, gateway, deliver, monkeypatch, state_of
):
    order = buy(mug, 1)
    [message] = queues.take(hide_seconds=0)
    with monkeypatch.context() as patch:
        patch.setattr(queue, "delete", lambda _message: (_ for _ in ()).throw(queue.QueueUnavailable("lost")))
        Worker(gateway=gateway, concurrency=1).handle(message)
    assert (state_of(order), queues.count()) == (PAID, 1)

    deliver()

    assert queues.count() == 0
    assert MockLedgerEntry.objects.count() == 1
    assert mug.stock == 4


def test_an_order_left_open_comes_again_later_and_is_settled(
    buy, mug, queues, deliver, settings, monkeypatch, state_of
):
    order = buy(mug, 1)
    settings.MOCK_PAYMENT_FAILURE_RATE = 1

    deliver()

    assert state_of(order) == ("PENDING", "CHARGING")
    assert (queues.count(), queues.take()) == (1, [])
    assert [worker.backoff_seconds(received) for received in range(1, 6)] == [5, 10, 20, 40, 80]


def test_what_stays_open_ends_with_the_reconciler_not_among_the_dead_letters(
    buy, mug, queues, deliver, settings, monkeypatch, state_of
):
    monkeypatch.setattr(worker, "FIRST_BACKOFF_SECONDS", 0)
    settings.MOCK_PAYMENT_FAILURE_RATE = 1
    order = buy(mug, 1)

    deliveries = 0
    while queues.count() and deliveries < 10:
        Order.objects.update(lease_until="2020-01-01T00:00:00Z")
        deliveries += len(deliver())

    assert (deliveries, queues.dead()) == (queue.MAX_RECEIVES, [])
    settings.MOCK_PAYMENT_FAILURE_RATE = 0
    Order.objects.update(lease_until="2020-01-01T00:00:00Z")
    call_command("reconcile_orders")
    assert state_of(order) == PAID


def test_an_order_cancelled_before_its_message_came_is_not_charged(buy, mug, queues, deliver, api):
    order = buy(mug, 1)

    answer = api.send("PUT", f"/orders/{order.pk}/cancel")
    deliver()

    assert (answer.status_code, answer.json()["order"]["status"]) == (200, "CANCELLED")
    assert queues.count() == 0
    assert not MockLedgerEntry.objects.exists()
    assert mug.stock == 5
    mug.assert_books_balance()


def test_an_order_cancelled_while_it_is_in_work_ends_cancelled(
    buy, mug, queues, deliver, api, monkeypatch, state_of
):
    order = buy(mug, 1)
    charge, answers = MockGateway.charge, []

    def cancel_meanwhile(self, **options):
        taken = charge(self, **options)
        answers.append(api.send("PUT", f"/orders/{order.pk}/cancel"))
        return taken

    with monkeypatch.context() as patch:
        patch.setattr(MockGateway, "charge", cancel_meanwhile)
        deliver()

    assert [answer.status_code for answer in answers] == [200]
    assert (state_of(order), queues.count()) == (GONE, 0)
    assert MockLedgerEntry.objects.get().status in {"REFUNDED", "VOIDED"}
    assert mug.stock == 5


POISON = ["", "no json", "5", "[]", "{}", '{"uid": 5}', '{"uid": null}', '{"uid": "nobody"}', '"uid"']


def test_poison_ends_among_the_dead_letters_while_orders_flow(
    buy, mug, queues, working, monkeypatch, state_of
):
    monkeypatch.setattr(worker, "UNREADABLE_SECONDS", 0)
    bodies = [body or " " for body in POISON]  # SQS takes no empty text
    for body in bodies[:5]:
        queues.put(body)
    orders = [buy(mug, 1) for _ in range(3)]
    for body in bodies[5:]:
        queues.put(body)

    with working():
        wait_until(lambda: queues.count() == 0)

    assert sorted(queues.dead()) == sorted(bodies)
    assert {state_of(order) for order in orders} == {PAID}


def test_an_unknown_order_gets_time_to_appear_before_it_is_given_up(queues, deliver, monkeypatch):
    queues.put('{"uid": "00000000-0000-4000-8000-000000000000"}')
    deliver()
    assert (queues.count(), queues.take()) == (1, [])

    monkeypatch.setattr(worker, "FIRST_BACKOFF_SECONDS", 0)
    queues.put('{"uid": "11111111-0000-4000-8000-000000000000"}')
    deliveries = 0
    while not queues.dead() and deliveries < 10:
        deliveries += len(deliver())

    assert deliveries == queue.MAX_RECEIVES

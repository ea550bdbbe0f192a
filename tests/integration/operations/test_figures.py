"""What the background process reports about all orders, and what the saga reports about each."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command

from orders import figures, invariants, saga
from orders.models import Order, database_now
from orders.payments.choice import payment_gateway
from orders.payments.gateway import PaymentOutcomeUnknown
from orders.payments.ledger import MockLedgerEntry
from orders.states import CancelReason
from products.models import Product, StockReservation
from shop.deadline import Deadline
from tests.queues import new_queues

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _json(settings):
    settings.LOG_FORMAT = "json"


@pytest.fixture
def written(capsys):
    """The figures written since the last look: (name, dimension's value or "", value)."""

    def look(*names):
        found = []
        for line in capsys.readouterr().out.splitlines():
            if not line.startswith('{"') or '"_aws"' not in line:
                continue
            document = json.loads(line)
            for directive in document["_aws"]["CloudWatchMetrics"]:
                name = directive["Metrics"][0]["Name"]
                kind = document[directive["Dimensions"][0][0]] if directive["Dimensions"][0] else ""
                found.append((name, kind, document[name]))
        return [entry for entry in found if not names or entry[0] in names]

    return look


class Silent:
    """A provider that never answers."""

    needs_payment_method = False

    def available(self):
        return True

    def charge(self, **_):
        raise PaymentOutcomeUnknown("silent")


# ---- each order --------------------------------------------------------------------------------------------


def test_each_order_is_counted_by_its_outcome(buy, make_product, gateway, written):
    shelf = make_product(stock=5)
    buy(shelf, 1)
    buy(shelf, 1, email="ann+decline@example.com")
    buy(shelf, 9)
    late = buy(shelf, 1)
    saga.cancel_order(late, reason=CancelReason.CANCELLED_BY_CUSTOMER, gateway=gateway, deadline=Deadline(8))

    assert written("OrdersSettled") == [
        ("OrdersSettled", "processing", 1),
        ("OrdersSettled", "payment_declined", 1),
        ("OrdersSettled", "out_of_stock", 1),
        ("OrdersSettled", "processing", 1),
        ("OrdersSettled", "cancelled_by_customer", 1),
    ]


def test_each_step_is_timed_also_one_that_gets_no_answer(buy, mug, written):
    buy(mug, 1, gateway=Silent())

    steps = written("StepMilliseconds")
    assert [(name, step) for name, step, _ in steps] == [
        ("StepMilliseconds", "CREATED"),
        ("StepMilliseconds", "CHARGING"),
    ]
    assert all(0 <= milliseconds < 10_000 for _, _, milliseconds in steps)
    assert written("OrdersSettled") == []


# ---- all of them -------------------------------------------------------------------------------------------


def aged(order, *, seconds, **changes):
    then = database_now() - timedelta(seconds=seconds)
    Order.objects.filter(pk=order.pk).update(created_at=then, **changes)


def test_a_shop_without_open_orders_has_no_oldest_one(buy, mug, written):
    buy(mug, 1)
    written()

    figures.report_state(payment_gateway())

    assert written() == [
        ("PaymentBreakerOpen", "", 0.0),
        ("OpenOrders", "", 0),
        ("OldestOpenOrderSeconds", "", 0.0),
    ]


def test_the_oldest_open_order_is_found_among_settled_ones(buy, mug):
    aged(buy(mug, 1), seconds=9000)
    aged(buy(mug, 1, gateway=Silent()), seconds=300)
    buy(mug, 1, gateway=Silent())

    found = figures.open_orders()

    assert found.count == 2
    assert 300 <= found.oldest_seconds < 330


def test_an_order_cancelled_late_waits_since_its_cancellation(buy, mug):
    order = buy(mug, 1)
    now = database_now()
    aged(order, seconds=1500, step="ABORT", cancel_requested_at=now - timedelta(seconds=60), lease_until=now)

    found = figures.open_orders()

    assert found.count == 1
    assert 60 <= found.oldest_seconds < 90


def test_an_open_breaker_is_told_by_every_call_that_it_refuses(written, buy, mug):
    breaker = payment_gateway()
    breaker._breaker.open()
    written()

    figures.report_state(breaker)
    buy(mug, 1, gateway=breaker) if breaker.available() else None

    assert written("PaymentBreakerOpen") == [("PaymentBreakerOpen", "", 1.0), ("PaymentBreakerOpen", "", 1)]


def test_the_queues_are_counted_the_dead_letters_by_themselves(written, settings):
    with new_queues(settings) as queues:
        for number in range(3):
            queues.put(str(number))
        queues.take(most=1)
        from shop.aws import sqs_client

        sqs_client().send_message(QueueUrl=queues.url + "-dead-letters", MessageBody="x")

        figures.report_state(payment_gateway())

    assert written("QueueMessages", "DeadLetters") == [("QueueMessages", "", 3), ("DeadLetters", "", 1)]


def test_a_silent_queue_leaves_the_other_figures(written, settings):
    settings.ORDER_QUEUE_URL = "http://127.0.0.1:9/000000000000/nowhere"

    figures.report_state(payment_gateway())

    assert [name for name, _, _ in written()] == [
        "PaymentBreakerOpen",
        "OpenOrders",
        "OldestOpenOrderSeconds",
    ]


# ---- drift -------------------------------------------------------------------------------------------------


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(invariants, "SECONDS_BETWEEN_LOOKS", 0)


def drift(written):
    written()
    figures.report_drift(payment_gateway())
    return written()


@pytest.mark.usefixtures("empty_catalogue", "impatient")
def test_books_that_balance_have_no_drift(buy, make_product, written):
    shelf = make_product()
    buy(shelf, 1)
    buy(shelf, 1)

    assert drift(written) == [("InvariantViolations", "", 0), ("OrdersVerified", "", 2)]


@pytest.mark.usefixtures("empty_catalogue", "impatient")
def test_a_lost_unit_is_drift(buy, make_product, written, caplog):
    shelf = make_product()
    buy(shelf, 1)
    shelf.product.update(actions=[Product.stock.set(2)])

    assert drift(written) == [("InvariantViolations", "", 1), ("OrdersVerified", "", 1)]
    assert f"I1  product {shelf.product_id}" in caplog.text


@pytest.fixture
def large_shop(settings, buy, make_product, empty_catalogue, impatient):
    """Three paid orders in a shop that reads only its two newest."""
    settings.VERIFY_MAX_ORDERS = 2
    shelf = make_product()
    return [buy(shelf, 1), buy(shelf, 1), buy(shelf, 1)]


def broken(order):
    StockReservation.get(str(order.uid)).update(actions=[StockReservation.state.set("RELEASED")])


def test_of_a_large_shop_the_newest_orders_are_verified(large_shop, written, caplog):
    broken(large_shop[0])
    assert drift(written) == [("InvariantViolations", "", 0), ("OrdersVerified", "", 2)]

    broken(large_shop[2])
    assert drift(written) == [("InvariantViolations", "", 1), ("OrdersVerified", "", 2)]
    assert f"I4  order {large_shop[2].pk}: PROCESSING, but holds no stock" in caplog.text


def test_money_is_verified_against_the_providers_books_in_a_large_shop_too(large_shop, written):
    MockLedgerEntry.objects.filter(key=large_shop[1].uid).update(status="REFUNDED", refunded=12.5)

    assert drift(written)[0] == ("InvariantViolations", "", 1)


def test_money_for_no_order_is_found_in_a_large_shop_too(large_shop, written, monkeypatch):
    monkeypatch.setattr(invariants, "ORPHAN_SECONDS", 0)
    MockLedgerEntry.objects.create(
        key="00000000-0000-4000-8000-000000000001", status="CAPTURED", amount=5, currency="USD"
    )

    assert drift(written)[0] == ("InvariantViolations", "", 1)


def test_the_command_writes_the_same_figures(buy, mug, empty_catalogue, written):
    call_command("verify_invariants", "--quiet")

    assert written() == [("InvariantViolations", "", 0), ("OrdersVerified", "", 0)]

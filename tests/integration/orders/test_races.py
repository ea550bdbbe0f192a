"""Many buyers at once, on real row locks and real transactions."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connections

from orders.errors import RequestInProgress
from orders.models import IdempotencyKey, Order, OrderEvent
from orders.payments.ledger import MockLedgerEntry
from orders.states import OrderStatus, PaymentStatus, Step
from products import inventory, services

pytestmark = [pytest.mark.mysql, pytest.mark.real_dynamodb, pytest.mark.django_db(transaction=True)]


def together(calls):
    """Run the calls at the same time; return their results, exceptions among them."""

    def run(call):
        try:
            return call()
        except Exception as error:  # noqa: BLE001 (the test looks at it)
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=20) as pool:
        return list(pool.map(run, calls))


@pytest.mark.parametrize(("buyers", "stock"), [(1, 1), (10, 1), (100, 50), (300, 50), (1000, 50)])
def test_of_many_buyers_exactly_as_many_get_one_as_there_are(buy, make_product, buyers, stock):
    product = make_product(stock=stock)

    orders = together([lambda: buy(product, 1, seconds=30)] * buyers)

    sold = min(buyers, stock)
    assert Counter(order.status for order in orders) == Counter(
        {OrderStatus.PROCESSING: sold, OrderStatus.CANCELLED: buyers - sold}
    )
    assert product.stock == stock - sold
    assert MockLedgerEntry.objects.filter(status=PaymentStatus.CAPTURED).count() == sold
    product.assert_books_balance()


def test_with_some_cards_declined_no_more_is_sold_than_there_is_and_the_books_balance(buy, make_product):
    product = make_product(stock=10)

    orders = together([lambda: buy(product, 1, email="ann@example.com", seconds=30)] * 40)

    sold = sum(order.status == OrderStatus.PROCESSING for order in orders)
    assert {order.step for order in orders} == {Step.DONE}
    assert sold <= 10
    assert product.stock == 10 - sold
    assert MockLedgerEntry.objects.filter(status=PaymentStatus.CAPTURED).count() == sold
    product.assert_books_balance()


def test_restocking_and_new_prices_during_a_sale_lose_no_unit(buy, make_product):
    product = make_product(stock=20)

    def restock():
        inventory.adjust(product.product_id, delta=5, reason="restock", key=None)

    def count_anew():
        services.update_product(product.product_id, changes={"stock": 10}, expected_version=None)

    def reprice():
        services.update_product(
            product.product_id, changes={"price": Decimal("13.00")}, expected_version=None
        )

    calls = [lambda: buy(product, 1, seconds=30)] * 40 + [restock, count_anew, reprice] * 4
    results = together([call for pair in zip(calls[:26], calls[26:], strict=True) for call in pair])

    orders = [result for result in results if isinstance(result, Order)]
    assert [result for result in results if isinstance(result, Exception)] == []
    assert {order.step for order in orders} == {Step.DONE}
    assert {order.total for order in orders} <= {Decimal("12.50"), Decimal("13.00")}
    product.assert_books_balance()


def test_crossed_baskets_do_not_stand_in_each_others_way(buy, make_product):
    one, two = make_product(stock=30), make_product(stock=30)
    there = {one.product_id: 1, two.product_id: 1}
    back = {two.product_id: 1, one.product_id: 1}

    orders = together([lambda: buy(there, seconds=30), lambda: buy(back, seconds=30)] * 10)

    assert {order.status for order in orders} == {OrderStatus.PROCESSING}
    assert (one.stock, two.stock) == (10, 10)


def test_a_hundred_posts_with_one_key_are_one_order(buy, make_product):
    product = make_product(stock=200)

    answers = together([lambda: buy(product, 1, key="the-same", seconds=30)] * 100)

    orders = [answer for answer in answers if isinstance(answer, Order)]
    assert {type(answer) for answer in answers} <= {Order, RequestInProgress}
    assert len({order.pk for order in orders}) == 1
    assert Order.objects.count() == 1
    assert IdempotencyKey.objects.count() == 1
    assert MockLedgerEntry.objects.get().amount == Decimal("12.50")
    assert product.stock == 199
    assert list(OrderEvent.objects.values_list("seq", flat=True)) == [1, 2, 3]

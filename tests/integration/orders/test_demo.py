"""Demo orders are real orders: every outcome, dated back, and books that balance."""

from collections import Counter

import pytest
from django.core.management import call_command

from orders.models import Order, OrderEvent, Payment
from orders.payments.ledger import MockLedgerEntry
from orders.states import OrderStatus, PaymentStatus, Step

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]


def test_demo_orders_reach_back_and_balance(empty_catalogue, make_product, capsys):
    shelves = [make_product(stock=20) for _ in range(4)]

    call_command("make_demo_orders", "--days", "8", "--per-day", "3", "--seed", "7")

    assert capsys.readouterr().out.startswith(f"{Order.objects.count()} orders over 8 days: ")
    outcomes = Counter(order.cancel_reason or order.status for order in Order.objects.all())
    assert outcomes["PROCESSING"] > outcomes["payment_declined"]
    assert outcomes["PENDING"] == 1
    moments = list(Order.objects.order_by("created_at").values_list("created_at", flat=True))
    assert 6 <= (moments[-1] - moments[0]).days <= 8
    for order in Order.objects.filter(step=Step.DONE):
        assert OrderEvent.objects.filter(order=order).earliest("created_at").created_at >= order.created_at
    paid = Order.objects.filter(status=OrderStatus.PROCESSING).count()
    assert Payment.objects.filter(status=PaymentStatus.CAPTURED).count() == paid
    assert (
        MockLedgerEntry.objects.filter(status=PaymentStatus.CAPTURED).count() == paid + 1
    )  # and the stuck one
    for shelf in shelves:
        shelf.assert_books_balance()

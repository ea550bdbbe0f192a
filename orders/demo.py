"""Orders for show: a month of them, placed by the real saga and then dated back, so that the books balance."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, F, Value

from orders import saga
from orders.daily import note_change
from orders.models import Order, OrderEvent, Payment, database_now
from orders.payments.gateway import PaymentGateway
from orders.quote import Line, Wish
from orders.states import CancelReason, OrderStatus
from products import inventory
from products.models import Product
from products.selectors import list_products
from shop.deadline import Deadline

CUSTOMERS = (
    "ada",
    "alan",
    "barbara",
    "claude",
    "donald",
    "edsger",
    "frances",
    "grace",
    "hedy",
    "ken",
    "linus",
    "niklaus",
)
CANCELLED_SHARE = 0.05
SOLD_OUT_SHARE = 0.04
LOW_STOCK = 15
RESTOCK_UNITS = 40
STUCK_FOR = timedelta(days=30)
TOO_MANY = 9_999  # more than any sample product has


def place_demo_orders(*, days: int, per_day: int, gateway: PaymentGateway, seed: int) -> Iterator[Order]:
    """Place about ``days`` × ``per_day`` orders, oldest first, and one today that stays stuck.

    Most are paid; some are declined, sold out or cancelled later. Yields each when it is as it will stay.

    Args:
        days: how far back the first ones are dated.
        per_day: orders of an average day; weekends have more.
        gateway: the mock provider: real ones are not for show.
        seed: the same seed makes the same wishes.
    """
    chance = random.Random(seed)  # noqa: S311 (show, not secrets)
    products, _ = list_products(category=None, limit=100, after=None)
    today = database_now()
    for day in range(days, 0, -1):
        date = today - timedelta(days=day)
        weekend = 1.6 if date.weekday() >= 5 else 1.0
        count = round(chance.uniform(0.6, 1.4) * per_day * weekend)
        for minute in sorted(chance.randrange(24 * 60 - 1) for _ in range(count)):
            yield _one(chance, products, moment=date + timedelta(minutes=minute), gateway=gateway)
    yield _stuck(chance, products, gateway=gateway)


def _one(
    chance: random.Random, products: list[Product], *, moment: datetime, gateway: PaymentGateway
) -> Order:
    chosen = chance.sample(products, k=chance.choice([1, 1, 1, 2, 2, 3]))
    kind = chance.random()
    quantities = {product.product_id: chance.choice([1, 1, 1, 2, 3]) for product in chosen}
    if kind < SOLD_OUT_SHARE:
        quantities[chosen[0].product_id] = TOO_MANY
    order = _place(quantities, email=f"{chance.choice(CUSTOMERS)}@example.com", gateway=gateway)
    if order.status == OrderStatus.PROCESSING and kind > 1 - CANCELLED_SHARE:
        order = saga.cancel_order(
            order,
            reason=CancelReason.CANCELLED_BY_CUSTOMER,
            gateway=gateway,
            deadline=Deadline(settings.ORDER_BUDGET_SECONDS),
        )
    _restock(quantities)
    _date_back(order, moment)
    return order


def _stuck(chance: random.Random, products: list[Product], *, gateway: PaymentGateway) -> Order:
    """Leave one open as if its worker had died and its lease had no end: for staff to find and retry."""
    order = _place(
        {chance.choice(products).product_id: 1}, email="stuck+timeout@example.com", gateway=gateway
    )
    Order.objects.filter(pk=order.pk).update(lease_until=database_now() + STUCK_FOR)
    return order


def _place(quantities: dict[str, int], *, email: str, gateway: PaymentGateway) -> Order:
    lines = [Line(product_id=product_id, quantity=quantity) for product_id, quantity in quantities.items()]
    order, _ = saga.place_order(
        Wish(user_id="anonymous", user_email=email, lines=lines, metadata={"note": "demo order"}),
        idempotency_key=None,
        gateway=gateway,
        deadline=Deadline(settings.ORDER_BUDGET_SECONDS),
    )
    return order


def _restock(quantities: dict[str, int]) -> None:
    for product_id in quantities:
        if Product.get(product_id).stock < LOW_STOCK:
            inventory.adjust(product_id, delta=RESTOCK_UNITS, reason="demo restock", key=None, actor="demo")


def _date_back(order: Order, moment: datetime) -> None:
    """Shift an order and its history to ``moment``, keeping the times between its steps."""
    shift = order.created_at - moment

    def earlier(name: str) -> "ExpressionWrapper[Any]":
        return ExpressionWrapper(F(name) - Value(shift), output_field=DateTimeField())

    with transaction.atomic(durable=True):
        Order.objects.filter(pk=order.pk).update(
            created_at=moment,
            updated_at=earlier("updated_at"),
            cancel_requested_at=earlier("cancel_requested_at"),
            settled_at=earlier("settled_at"),
        )
        note_change(moment)
        OrderEvent.objects.filter(order=order).update(created_at=earlier("created_at"))
        Payment.objects.filter(order=order).update(
            created_at=earlier("created_at"), updated_at=earlier("updated_at")
        )


def summary(orders: Counter[str]) -> str:
    """Put the outcomes into one line."""
    return ", ".join(f"{count} {outcome}" for outcome, count in orders.most_common())

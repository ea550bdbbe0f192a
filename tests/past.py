"""Orders of the past, written as rows: nobody placed them. For tests of what is added up over days."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from orders.models import Order, OrderItem
from orders.states import CancelReason, OrderStatus, Step

THINGS = (
    ("prod_mug", "Mug", "Kitchen", Decimal("12.50")),
    ("prod_pot", "Pot", "Kitchen", Decimal("39.95")),
    ("prod_pen", "Pen", "Office", Decimal("1.99")),
    ("prod_old", "Old thing", "", Decimal("0.01")),
)
OUTCOMES = (
    *((OrderStatus.PROCESSING, "", Step.DONE) for _ in range(6)),
    (OrderStatus.CANCELLED, CancelReason.PAYMENT_DECLINED, Step.DONE),
    (OrderStatus.CANCELLED, CancelReason.OUT_OF_STOCK, Step.DONE),
    (OrderStatus.CANCELLED, CancelReason.CANCELLED_BY_CUSTOMER, Step.DONE),
    (OrderStatus.PENDING, "", Step.CHARGING),
    # Being refused, and being cancelled late: neither has come to an end.
    (OrderStatus.PENDING, CancelReason.OUT_OF_STOCK, Step.ABORT_UNCHARGED),
    (OrderStatus.PROCESSING, CancelReason.CANCELLED_BY_STAFF, Step.ABORT),
)


def past_order(
    moment, *, status=OrderStatus.PROCESSING, reason="", step=Step.DONE, lines=(0,), settled_ms=500
):
    """One order of that moment; ``lines`` are numbers of THINGS, the first twice."""
    items = [(*THINGS[thing], 2 if number == 0 else 1) for number, thing in enumerate(dict.fromkeys(lines))]
    settled = status != OrderStatus.PENDING
    order = Order.objects.create(
        user_id="u", user_email="ann@example.com", currency="USD", item_count=len(items), status=status, step=step,
        cancel_reason=reason, created_at=moment, total=sum(price * units for *_, price, units in items),
        settled_at=moment + timedelta(milliseconds=settled_ms) if settled else None,
        lease_until=None if step == Step.DONE else moment,
        cancel_requested_at=moment if step == Step.ABORT else None,
    )  # fmt: skip
    OrderItem.objects.bulk_create(
        OrderItem(
            order=order, product_id=code, product_name=name, category=category, price=price, quantity=units
        )
        for code, name, category, price, units in items
    )
    return order


def some_days(first: date, days: int, *, per_day=25, seed=7):
    """Orders of every outcome, spread over whole days, the first and the last microsecond included."""
    chance = random.Random(seed)
    for number in range(days):
        begin = datetime.combine(first + timedelta(days=number), datetime.min.time(), tzinfo=UTC)
        last = begin + timedelta(days=1) - timedelta(microseconds=1)
        moments = [
            begin,
            last,
            *(begin + timedelta(seconds=chance.randrange(86_400)) for _ in range(per_day)),
        ]
        for moment in moments:
            status, reason, step = chance.choice(OUTCOMES)
            past_order(
                moment,
                status=status,
                reason=reason,
                step=step,
                lines=chance.sample(range(len(THINGS)), k=chance.choice([1, 1, 2, 3])),
                settled_ms=chance.randrange(5_000),
            )


SQL_DAY = """
    SELECT COUNT(*), SUM(status = 'PROCESSING'),
           SUM(status = 'CANCELLED' AND cancel_reason = 'payment_declined'),
           SUM(status = 'CANCELLED' AND cancel_reason = 'out_of_stock'),
           SUM(status = 'CANCELLED' AND cancel_reason NOT IN ('payment_declined', 'out_of_stock')),
           SUM(status = 'PENDING'), COALESCE(SUM(CASE WHEN status = 'PROCESSING' THEN total END), 0)
    FROM orders WHERE DATE(created_at) = %s
"""
SQL_TIMES = """
    SELECT TIMESTAMPDIFF(MICROSECOND, created_at, settled_at) DIV 1000 FROM orders
    WHERE DATE(created_at) = %s AND settled_at IS NOT NULL ORDER BY 1
"""
SQL_SALES = """
    SELECT {key}, COUNT(DISTINCT o.id), SUM(i.quantity), SUM(i.quantity * i.price)
    FROM orders o JOIN order_items i ON i.order_id = o.id
    WHERE DATE(o.created_at) BETWEEN %s AND %s AND o.status = 'PROCESSING' GROUP BY 1 ORDER BY 1
"""

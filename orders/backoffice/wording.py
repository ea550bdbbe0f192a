"""How the back office writes things: money, ages, durations, the colours of states. One place, so that all pages agree."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from orders.states import OrderStatus, PaymentStatus

# The theme's colours of labels.
STATUS_COLOURS: Mapping[str, str] = {
    OrderStatus.PENDING: "warning",
    OrderStatus.PROCESSING: "success",
    OrderStatus.CANCELLED: "danger",
}
PAYMENT_COLOURS: Mapping[str, str] = {
    PaymentStatus.CAPTURED: "success",
    PaymentStatus.REFUNDED: "info",
    PaymentStatus.DECLINED: "danger",
    PaymentStatus.VOIDED: "info",
}
EVENTS: Mapping[str, str] = {
    "recorded": "Order placed",
    "reserved": "Stock reserved",
    "processing": "Paid",
    "aborting": "Cancellation begun",
    "cancelled": "Cancelled",
    "cancel_requested": "Cancellation asked for",
    "retried_by_staff": "Tried again by staff",
    "shipped": "Shipped",
}
"""An event's kind -> what happened, in words."""


def money(amount: Decimal, currency: str) -> str:
    """Write an amount: ``1,234.50 USD``."""
    return f"{amount:,.2f} {currency}"


def moment(when: datetime) -> str:
    """Write a time to the second."""
    return f"{when:%Y-%m-%d %H:%M:%S}"


def span(length: timedelta) -> str:
    """Write a length of time in its two largest units at most: ``5 min``, ``3 h 5 min``, ``2 d 4 h``."""
    minutes = max(int(length.total_seconds()) // 60, 0)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{rest} min" if rest else "under 1 min"


def duration(length: timedelta) -> str:
    """Write how long a step took: ``12 ms``, ``1.25 s``, then as :func:`span`."""
    seconds = length.total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.2f} s" if seconds < 60 else span(length)

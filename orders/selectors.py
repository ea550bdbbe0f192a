"""Reads of orders, each within what a caller may see. Nothing here writes."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from orders.errors import OrderNotFound
from orders.models import Order
from shop.pagination import InvalidCursor
from users.callers import ANONYMOUS_USER_ID, Caller


def visible_orders(caller: Caller | None) -> QuerySet[Order]:
    """Return the orders a caller may see; everything about orders begins here.

    Without a token: those placed without one. With a token: one's own; all for admins where access is closed.
    """
    if caller is None:
        return Order.objects.filter(user_id=ANONYMOUS_USER_ID)
    if caller.is_admin and settings.REQUIRE_AUTH:
        return Order.objects.all()
    return Order.objects.filter(user_id=caller.sub)


def get_order(caller: Caller | None, order_id: str) -> Order:
    """Return one order with its payment.

    Raises:
        OrderNotFound: there is none, or it is another's; nobody can tell which.
    """
    number = int(order_id) if order_id.isascii() and order_id.isdigit() and len(order_id) <= 18 else 0
    order = visible_orders(caller).filter(pk=number).select_related("payment").first()
    if order is None:
        raise OrderNotFound(f"There is no order {order_id!r}.")
    return order


def list_orders(
    caller: Caller | None,
    *,
    limit: int,
    status: str | None = None,
    created_from: datetime | None = None,
    created_to: datetime | None = None,
    after: dict[str, Any] | None = None,
) -> tuple[list[Order], dict[str, Any] | None]:
    """Return a page of orders, newest first. Each page is one walk along an index, however large the table.

    Args:
        caller: see :func:`visible_orders`.
        limit: 1 to 100.
        status: only these.
        created_from: only from this moment on.
        created_to: only before this moment.
        after: where the page before ended.

    Returns:
        The page, and where to go on; None when there is no more.
    """
    orders = visible_orders(caller).select_related("payment").order_by("-created_at", "-id")
    if status is not None:
        orders = orders.filter(status=status)
    if created_from is not None:
        orders = orders.filter(created_at__gte=created_from)
    if created_to is not None:
        orders = orders.filter(created_at__lt=created_to)
    if after is not None:
        moment, number = _position(after)
        # The first condition is implied by the second; alone, it lets MySQL enter the index at the right place.
        orders = orders.filter(created_at__lte=moment).filter(Q(created_at__lt=moment) | Q(id__lt=number))
    page = list(orders[: limit + 1])
    if len(page) <= limit:
        return page, None
    last = page[limit - 1]
    return page[:limit], {"created_at": last.created_at.isoformat(), "id": last.pk}


def _position(after: dict[str, Any]) -> tuple[datetime, int]:
    try:
        return datetime.fromisoformat(after["created_at"]), int(after["id"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidCursor("This cursor is not of this list; start again without one.") from error

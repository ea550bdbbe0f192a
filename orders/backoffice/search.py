"""Finding orders by what staff have at hand: a number, an e-mail address, a product. Each by an index, none by a scan."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from orders.models import Order, OrderItem

MOST = 1_000  # orders that a product's name or an address's beginning leads to, the newest ones
NAMES = 10  # different product names that begin with the same words
MIN_LETTERS = 3  # of an address's beginning: fewer fit too many
MAX_ID = 2**63 - 1


def matching(orders: QuerySet[Order], words: str) -> QuerySet[Order]:
    """Narrow orders down to those that the words may mean.

    A number is an order's; a UUID an order's outside name; anything with an ``@`` the beginning of an address; the
    rest a product's id, the beginning of a product's name or of an address.
    """
    words = words.strip()
    if not words:
        return orders
    if words.isascii() and words.isdigit():
        return orders.filter(pk=int(words)) if int(words) <= MAX_ID else orders.none()
    if (uid := _uuid(words)) is not None:
        return orders.filter(uid=uid)
    if "@" in words:
        return orders.filter(user_email__istartswith=words)
    return orders.filter(pk__in=_by_product(words) | _by_address(words))


def orders_of_product(orders: QuerySet[Order], product_id: str) -> QuerySet[Order]:
    """Return the orders with a line of this product; order them by ``-items__order_id``, the index's own order."""
    return orders.filter(items__product_id=product_id)


def _uuid(words: str) -> UUID | None:
    try:
        return UUID(words)
    except ValueError:
        return None


def _by_product(words: str) -> set[int]:
    # Distinct names by skipping through the index; then for each the newest orders, which the index has in order.
    names = OrderItem.objects.filter(product_name__istartswith=words).values_list("product_name", flat=True)
    found = _newest(OrderItem.objects.filter(product_id=words))
    for name in names.order_by("product_name").distinct()[:NAMES]:
        found |= _newest(OrderItem.objects.filter(product_name=name))
    return _top(found)


def _newest(items: QuerySet[OrderItem]) -> set[int]:
    return set(items.order_by("-order_id").values_list("order_id", flat=True)[:MOST])


def _by_address(words: str) -> set[int]:
    if len(words) < MIN_LETTERS:
        return set()
    orders = Order.objects.filter(user_email__istartswith=words).order_by("-id")
    return set(orders.values_list("pk", flat=True)[:MOST])


def _top(numbers: Iterable[int]) -> set[int]:
    return set(sorted(numbers, reverse=True)[:MOST])

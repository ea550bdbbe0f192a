"""How many orders a user may place, have declined, and look for in vain. Off where anybody may order.

- A unit for an order is spent just before it is recorded: a repeat of a known key never comes that far, and what
  records nothing gets its unit back. The spending is atomic, so requests at the same moment cannot slip past.
- A decline is counted when it is known, by whoever settles the order, after the commit that makes it the order's
  outcome: so at most once, in both processing modes, and never in the order's way. Orders that are under way at the
  same moment can overshoot this limit; the limit of orders bounds by how much.
- Looking for orders is free as long as they are there. Past the limit, one that is not there and another's are
  refused alike.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from shop.deadline import Deadline
from shop.limits import Limit, count, ensure_left, give_back, spend

HOUR = 60 * 60

ORDERS_PER_USER = Limit(setting="LIMIT_ORDERS_PER_USER", window_seconds=HOUR)
DECLINES_PER_USER = Limit(setting="LIMIT_DECLINES_PER_USER", window_seconds=HOUR)
MISSES_PER_USER = Limit(setting="LIMIT_ORDER_MISSES_PER_USER", window_seconds=HOUR)


@contextmanager
def one_order(user_id: str, *, deadline: Deadline) -> Iterator[None]:
    """Spend the unit of one order for what is recorded inside; if that fails, the unit is given back.

    Raises:
        TooManyRequestsError: too many orders, or too many of them declined; the block is not entered.
        LimitsUnavailable: nor then.
    """
    if not settings.REQUIRE_AUTH:
        yield
        return
    ensure_left(DECLINES_PER_USER, user_id, deadline=deadline)
    unit = spend(ORDERS_PER_USER, user_id, deadline=deadline)
    try:
        yield
    except Exception:
        give_back(unit)
        raise


def count_decline(user_id: str) -> None:
    """Count one declined order. Whatever becomes of that, the order goes on as it would."""
    if settings.REQUIRE_AUTH:
        count(DECLINES_PER_USER, user_id)


def spend_miss(user_id: str) -> None:
    """Spend one look for an order that is not there, or not the user's.

    Raises:
        TooManyRequestsError, LimitsUnavailable.
    """
    if settings.REQUIRE_AUTH:
        spend(MISSES_PER_USER, user_id)

"""The design of the order saga, checked by trying everything that can happen, in every order.

One order, two workers that each may stop anywhere and begin again, a customer who cancels early and late, requests
whose reply is lost or that arrive long after their sender gave up, cards that are declined, and a payment provider
that is asked in two steps: make an intent, confirm it. All states that can be reached are visited; in each the
promises must hold, and from each the end must be reachable. docs/saga.md and docs/payments.md say the same in words.

``python -m tests.model.saga_model`` prints the figures; ``--two-orders`` lets two orders compete for one product.

The model takes the worst view: an idempotency key never helps (each "create" makes a new intent), and a declined
intent can still be charged by a late request. It says something about the design, and nothing about the code.
"""

import sys
import time
from collections import deque
from typing import NamedTuple

from tests.model.rules import BROKEN_VARIANTS, Saga
from tests.model.two_orders import check_two_orders
from tests.model.world import World, broken_promise


class Result(NamedTuple):
    """What a check saw.

    Attributes:
        states: how many were visited.
        violation: the first broken promise; empty if none.
        trace: the shortest way to it.
        stuck: states from which the order can never be settled.
    """

    states: int
    violation: str
    trace: list[str]
    stuck: int


def check(broken: str = "", *, stock: int = 1) -> Result:
    """Visit every state that can be reached, the nearest first; stop at the first broken promise."""
    saga = Saga(broken)
    start = World(stock=stock)
    came_from: dict[World, tuple[World, str] | None] = {start: None}
    backwards: dict[World, list[World]] = {}
    queue = deque([start])
    while queue:
        world = queue.popleft()
        if violation := broken_promise(world, stock=stock):
            return Result(len(came_from), violation, _trace(came_from, world), stuck=0)
        for label, after in saga.moves(world):
            if after not in came_from:
                came_from[after] = (world, label)
                queue.append(after)
            backwards.setdefault(after, []).append(world)
    settled = [world for world in came_from if world.status != "PENDING" and world.step == "DONE"]
    return Result(len(came_from), "", [], stuck=len(came_from) - _count_reaching(settled, backwards))


def _trace(came_from: dict[World, tuple[World, str] | None], world: World) -> list[str]:
    labels = []
    while (before := came_from[world]) is not None:
        world, label = before
        labels.append(label)
    return labels[::-1]


def _count_reaching(ends: list[World], backwards: dict[World, list[World]]) -> int:
    """Count the states from which one of the ends can be reached."""
    reaching, stack = set(ends), list(ends)
    while stack:
        for before in backwards.get(stack.pop(), ()):
            if before not in reaching:
                reaching.add(before)
                stack.append(before)
    return len(reaching)


def main() -> int:
    """Check the design, then that each broken variant is found; or two orders at once."""
    if "--two-orders" in sys.argv[1:]:
        return print_two_orders()
    failed = False
    for stock in (1, 0, 5):
        began = time.monotonic()
        result = check(stock=stock)
        failed |= bool(result.violation or result.stuck)
        seconds = time.monotonic() - began
        print(
            f"design, stock {stock}: {result.states} states, {result.violation or 'every promise holds'}, "
            f"{result.stuck} stuck, {seconds:.0f} s"
        )
    for broken in BROKEN_VARIANTS:
        result = check(broken, stock=5)
        failed |= not result.violation
        print(f"{broken}: {result.violation or 'NOT FOUND'} in {len(result.trace)} moves")
    return int(failed)


def print_two_orders() -> int:
    """Check two orders that want the last unit, and that a broken variant would be found."""
    began = time.monotonic()
    states, violation = check_two_orders(stock=1)
    print(
        f"two orders, one unit: {states} states, {violation or 'every promise holds'}, {time.monotonic() - began:.0f} s"
    )
    _, seen = check_two_orders("no_reservation_record", stock=1)
    print(f"no_reservation_record: {seen or 'NOT FOUND'}")
    return int(bool(violation) or not seen)


if __name__ == "__main__":
    sys.exit(main())

"""Two orders that want the same product, one worker each: what happens between orders happens on the shelf.

Only requests about stock may arrive late here; those about money concern one order alone, and are tried there.
"""

from collections import deque

from tests.model.rules import Saga
from tests.model.world import IDLE, World

STOCK_REQUESTS = frozenset({"reserve", "release"})
Pair = tuple[int, int, int]  # two orders by their numbers, and the units on the shelf


class Orders:
    """All states of one order, numbered; what follows each is worked out once."""

    def __init__(self, saga: Saga) -> None:
        self._saga = saga
        self._numbers: dict[World, int] = {}
        self.worlds: list[World] = []
        self._moves: dict[tuple[int, int], list[tuple[int, int]]] = {}

    def number(self, world: World) -> int:
        """Return the number of an order's state; its view of the shelf does not count."""
        world = world._replace(stock=0)
        if world not in self._numbers:
            self._numbers[world] = len(self.worlds)
            self.worlds.append(world)
        return self._numbers[world]

    def moves(self, number: int, stock: int) -> list[tuple[int, int]]:
        """Return (number, stock) after each thing that can happen to one order."""
        key = (number, stock)
        if key not in self._moves:
            world = self.worlds[number]._replace(stock=stock)
            self._moves[key] = [(self.number(after), after.stock) for _, after in self._saga.moves(world)]
        return self._moves[key]


def broken_pair(one: World, other: World, *, left: int, stock: int) -> str:
    """Name the promise that two orders break; empty if all hold."""
    pair = (one, other)
    held = sum(order.reservation == "HELD" for order in pair)
    if left < 0 or left + held != stock:
        return f"{stock} in stock at first, but {left} left and {held} held"
    for order in pair:
        kept = order.intents.count("CAPTURED")
        if order.status == "CANCELLED" and (kept or order.reservation == "HELD"):
            return "CANCELLED, but keeps money or stock"
        paid = order.status == "PROCESSING" and order.step == "DONE"
        if paid and (not kept or order.reservation != "HELD"):
            return "PROCESSING without money or stock"
    return ""


def check_two_orders(broken: str = "", *, stock: int) -> tuple[int, str]:
    """Visit every state of two orders; return how many, and the first broken promise or nothing."""
    orders = Orders(Saga(broken, late=STOCK_REQUESTS))
    begun = orders.number(World(workers=(IDLE,)))
    start: Pair = (begun, begun, stock)
    seen, queue = {start}, deque([start])
    while queue:
        one, other, left = queue.popleft()
        violation = broken_pair(orders.worlds[one], orders.worlds[other], left=left, stock=stock)
        if violation:
            return len(seen), violation
        after = [(moved, other, units) for moved, units in orders.moves(one, left)]
        after += [(one, moved, units) for moved, units in orders.moves(other, left)]
        for first, second, units in after:
            pair = (min(first, second), max(first, second), units)  # the two are alike
            if pair not in seen:
                seen.add(pair)
                queue.append(pair)
    return len(seen), ""

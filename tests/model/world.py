"""The states of the model: one order, and all that concerns it, in three systems and on the wire."""

from typing import Literal, NamedTuple

Status = Literal["PENDING", "PROCESSING", "CANCELLED"]
Step = Literal["CREATED", "CHARGING", "ABORT", "ABORT_UNCHARGED", "DONE"]
Intent = Literal["UNTRIED", "CAPTURED", "DECLINED", "CANCELED", "REFUNDED"]

TOMBSTONE = -1  # in our table: this order can never be charged
MAX_INTENTS = 2  # a third would behave like the second


class Worker(NamedTuple):
    """A request, the reconciler or a canceller: where it is in the saga, and which intent it has in hand."""

    at: str
    intent: int = TOMBSTONE


IDLE = Worker("idle")


class World(NamedTuple):
    """One order and all that concerns it, in three systems and on the wire."""

    # MySQL
    status: Status = "PENDING"
    step: Step = "CREATED"
    cancel_requested: bool = False
    named: int | None = None  # the row of payment_intents: an intent's number, TOMBSTONE, or none
    # DynamoDB
    stock: int = 1
    reservation: Literal["HELD", "RELEASED"] | None = None
    # the payment provider
    intents: tuple[Intent, ...] = ()
    # on the wire: requests that will arrive although nobody waits for them
    late: frozenset[tuple[str, int]] = frozenset()
    # people and processes
    customer_may_cancel: bool = True
    workers: tuple[Worker, ...] = (IDLE, IDLE)


def goes(world: World, me: int, at: str, intent: int = TOMBSTONE) -> World:
    """Move a worker. Workers are alike, so a pair is kept in one order: half the states."""
    workers = [*world.workers[:me], Worker(at, intent), *world.workers[me + 1 :]]
    return world._replace(workers=tuple(sorted(workers)))


def with_intent(world: World, number: int, state: Intent) -> World:
    """Change one intent."""
    return world._replace(intents=(*world.intents[:number], state, *world.intents[number + 1 :]))


def broken_promise(world: World, *, stock: int) -> str:
    """Name the promise that a state breaks; empty if all hold (I2, I4, I5, I6 of docs/saga.md)."""
    captured = sum(state in {"CAPTURED", "REFUNDED"} for state in world.intents)
    kept = world.intents.count("CAPTURED")
    if world.stock < 0:
        return "stock below zero"
    if captured > 1:
        return "charged twice"
    if world.status == "CANCELLED" and (world.reservation == "HELD" or world.stock != stock):
        return (
            "CANCELLED, but holds stock" if world.stock < stock else "CANCELLED, but stock came from nowhere"
        )
    if world.status == "CANCELLED" and kept:
        return "CANCELLED, but kept the money"
    if world.status == "PROCESSING" and world.step == "DONE":
        if not kept:
            return "PROCESSING without money"
        if world.reservation != "HELD" or world.stock != stock - 1:
            return "PROCESSING without stock"
    return ""

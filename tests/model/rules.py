"""The moves of the model: one function for each step of the saga, as orders/saga.py and orders/payments take them."""

from collections.abc import Callable, Iterator

from tests.model.world import MAX_INTENTS, TOMBSTONE, Step, World, goes, with_intent

Move = tuple[str, World]

REQUESTS = frozenset({"reserve", "release", "create", "confirm", "cancel", "refund"})

BROKEN_VARIANTS = {
    "no_reservation_record": "stock is taken without a record that names the order",
    "no_reservation_tombstone": "a release that finds no reservation leaves no mark",
    "release_unconditionally": "a release gives the units back each time",
    "cancel_directly": "the customer's cancellation writes CANCELLED itself",
    "compensate_before_deciding": "void and release begin before the abort is committed",
    "no_final_cas": "PROCESSING is written whatever the step is by now",
    "no_void_tombstone": "a void that finds no intent leaves no mark",
    "confirm_before_naming": "the intent is confirmed before its id is stored",
    "confirm_own_intent": "a charge confirms the intent it made, not the one that is named",
    "name_overwrites": "a later intent takes the place of the named one",
    "void_leaves_untried": "a void refunds what was captured and lets an untried intent be",
    "void_leaves_declined": "a void takes a declined intent for the end of it",
    "void_does_not_look_again": "a refused cancellation counts as done",
    "abort_without_void": "an order that may have been charged is released without a void",
}


class Saga:
    """The rules, or a broken variant of them.

    Args:
        broken: a name of :data:`BROKEN_VARIANTS`; empty for the design itself.
        late: the requests that may arrive late; of the others a reply may be lost, and no more.
    """

    def __init__(self, broken: str = "", *, late: frozenset[str] = REQUESTS) -> None:
        self.broken = broken
        self.late = late
        self.places: dict[str, Callable[[World, int], Iterator[Move]]] = {
            "idle": self.take_up,
            "CREATED": self.reserve,
            "CHARGING": self.look_before_charging,
            "create": self.create_intent,
            "name": self.name_intent,
            "confirm": self.confirm_intent,
            "ABORT": self.look_before_voiding,
            "cancel": self.cancel_intent,
            "refund": self.refund_intent,
            "ABORT_UNCHARGED": self.release,
            "decide_charging": self.decide_charging,
            "decide_done": self.decide_done,
            "abort_created": self.decide_abort_unpaid,
            "abort_charging": self.decide_abort_paid,
            "decide_cancelled": self.decide_cancelled,
        }

    def moves(self, world: World) -> Iterator[Move]:
        """Yield everything that can happen next."""
        for request in world.late:
            arrived = world._replace(late=world.late - {request})
            for _, after in self.arrive(arrived, *request):
                yield f"late {request[0]}", after
        yield from self.customer(world)
        for me, worker in enumerate(world.workers):
            if worker.at != "idle":
                yield f"{me} dies at {worker.at}", goes(world, me, "idle")
            for label, after in self.places[worker.at](world, me):
                yield f"{me} {label}", after

    # ---- the outside systems -------------------------------------------------------------------------------

    def arrive(self, world: World, what: str, intent: int) -> Iterator[tuple[str, World]]:
        """Let a request take effect; yield each possible answer with the world after it."""
        if what == "reserve":
            yield self.reserve_arrives(world)
        elif what == "release":
            yield "released", self.release_arrives(world)
        elif what == "create":
            made = world._replace(intents=(*world.intents, "UNTRIED"))
            yield ("made", made) if len(world.intents) < MAX_INTENTS else ("full", world)
        else:
            yield from self.intent_request_arrives(world, what, intent)

    def reserve_arrives(self, world: World) -> tuple[str, World]:
        """One transaction: the record if it is absent, and the stock if there is enough."""
        if world.reservation is not None and self.broken != "no_reservation_record":
            return world.reservation, world
        if world.stock == 0:
            return "out of stock", world
        return "HELD", world._replace(stock=world.stock - 1, reservation="HELD")

    def release_arrives(self, world: World) -> World:
        """One transaction: HELD becomes RELEASED and the stock comes back; no record becomes RELEASED."""
        if world.reservation == "HELD":
            return world._replace(reservation="RELEASED", stock=world.stock + 1)
        if world.reservation == "RELEASED" and self.broken == "release_unconditionally":
            return world._replace(stock=world.stock + 1)
        if world.reservation is None and self.broken in {"no_reservation_tombstone", "no_reservation_record"}:
            return world
        return world._replace(reservation="RELEASED")

    def intent_request_arrives(self, world: World, what: str, intent: int) -> Iterator[tuple[str, World]]:
        """The provider's own rules: an intent takes money at most once, and never once it is canceled."""
        state = world.intents[intent]
        open_still = state in {"UNTRIED", "DECLINED"}
        if what == "confirm" and open_still:
            yield "CAPTURED", with_intent(world, intent, "CAPTURED")
            yield "DECLINED", with_intent(world, intent, "DECLINED")
        elif what == "cancel" and open_still:
            yield "CANCELED", with_intent(world, intent, "CANCELED")
        elif what == "refund" and state == "CAPTURED":
            yield "REFUNDED", with_intent(world, intent, "REFUNDED")
        else:
            yield "refused", world

    def send(self, world: World, me: int, what: str) -> Iterator[tuple[str, World]]:
        """Send a request: answered, or its reply is lost, or it is on its way when its sender gives up."""
        intent = world.workers[me].intent
        for answer, after in self.arrive(world, what, intent):
            yield answer, after
            yield "no answer", goes(after, me, "idle")
        if what in self.late:
            yield "no answer", goes(world._replace(late=world.late | {(what, intent)}), me, "idle")

    # ---- the customer --------------------------------------------------------------------------------------

    def customer(self, world: World) -> Iterator[Move]:
        """Cancel once while PENDING; turn a paid order around."""
        if world.status == "PENDING" and world.customer_may_cancel:
            asked = world._replace(customer_may_cancel=False, cancel_requested=True)
            if self.broken == "cancel_directly":
                asked = asked._replace(status="CANCELLED", step="DONE")
            yield "customer cancels", asked
        if world.status == "PROCESSING" and world.step == "DONE":
            yield (
                "customer cancels late",
                world._replace(step="ABORT"),
            )  # decided first; the status follows last

    # ---- the steps -----------------------------------------------------------------------------------------

    def take_up(self, world: World, me: int) -> Iterator[Move]:
        """Read the order, and go where its step says."""
        if world.step != "DONE":
            yield f"takes up {world.step}", goes(world, me, world.step)

    def reserve(self, world: World, me: int) -> Iterator[Move]:
        """Ask for the stock, or give the order up."""
        yield "gives up before reserving", goes(world, me, "abort_created")
        for answer, after in self.send(world, me, "reserve"):
            if answer != "no answer":
                after = goes(after, me, "decide_charging" if answer == "HELD" else "abort_created")
            yield f"reserves: {answer}", after

    def look_before_charging(self, world: World, me: int) -> Iterator[Move]:
        """Read which intent is named, and what became of it, before anything is sent."""
        yield "gives up before charging", goes(world, me, "abort_charging")
        if world.named is None:
            yield "has no intent yet", goes(world, me, "create")
        elif world.named == TOMBSTONE:
            yield "finds a tombstone", goes(world, me, "abort_charging")
        else:
            state = world.intents[world.named]
            nxt = {"UNTRIED": "confirm", "CAPTURED": "decide_done"}.get(state, "abort_charging")
            yield f"finds its intent {state}", goes(world, me, nxt, world.named)

    def create_intent(self, world: World, me: int) -> Iterator[Move]:
        """Make an intent that nobody has confirmed."""
        first = "confirm" if self.broken == "confirm_before_naming" else "name"
        for answer, after in self.send(world, me, "create"):
            if answer == "made":
                yield "makes an intent", goes(after, me, first, len(after.intents) - 1)
            elif answer == "no answer":
                yield "makes an intent: no answer", after

    def name_intent(self, world: World, me: int) -> Iterator[Move]:
        """Store the intent's id unless the order has a row; go on with what the row says."""
        mine = world.workers[me].intent
        if world.named is None or self.broken == "name_overwrites":
            world = world._replace(named=mine)
        chosen = mine if self.broken == "confirm_own_intent" else world.named
        if chosen is None or chosen == TOMBSTONE:
            yield "finds a tombstone", goes(world, me, "abort_charging")
        elif self.broken == "confirm_before_naming":
            yield "names its intent too late", goes(world, me, "decide_done")
        else:
            yield "names the intent", goes(world, me, "confirm", chosen)

    def confirm_intent(self, world: World, me: int) -> Iterator[Move]:
        """Take the money."""
        for answer, after in self.send(world, me, "confirm"):
            if answer == "CAPTURED" and self.broken == "confirm_before_naming":
                after = goes(after, me, "name", world.workers[me].intent)
            elif answer != "no answer":
                places = {"CAPTURED": "decide_done", "DECLINED": "abort_charging", "refused": "CHARGING"}
                after = goes(after, me, places[answer])
            yield f"confirms: {answer}", after

    def look_before_voiding(self, world: World, me: int) -> Iterator[Move]:
        """Leave a tombstone where no intent is named; else cancel or refund it, as it is now."""
        if self.broken == "abort_without_void":
            yield "skips the void", goes(world, me, "ABORT_UNCHARGED")
        elif world.named is None:
            named = None if self.broken == "no_void_tombstone" else TOMBSTONE
            yield "leaves a tombstone", goes(world._replace(named=named), me, "ABORT_UNCHARGED")
        elif world.named == TOMBSTONE:
            yield "finds the tombstone", goes(world, me, "ABORT_UNCHARGED")
        else:
            state = world.intents[world.named]
            nxt = {"UNTRIED": "cancel", "DECLINED": "cancel", "CAPTURED": "refund"}.get(state)
            if self.broken == f"void_leaves_{state.lower()}":
                nxt = None
            yield f"finds its intent {state}", goes(world, me, nxt or "ABORT_UNCHARGED", world.named)

    def cancel_intent(self, world: World, me: int) -> Iterator[Move]:
        """Close the intent; refused means that it changed meanwhile: look again."""
        again = "ABORT_UNCHARGED" if self.broken == "void_does_not_look_again" else "ABORT"
        for answer, after in self.send(world, me, "cancel"):
            if answer != "no answer":
                after = goes(after, me, "ABORT_UNCHARGED" if answer == "CANCELED" else again)
            yield f"cancels the intent: {answer}", after

    def refund_intent(self, world: World, me: int) -> Iterator[Move]:
        """Give the money back; refused means that somebody else did: look again."""
        for answer, after in self.send(world, me, "refund"):
            if answer != "no answer":
                after = goes(after, me, "ABORT_UNCHARGED" if answer == "REFUNDED" else "ABORT")
            yield f"refunds: {answer}", after

    def release(self, world: World, me: int) -> Iterator[Move]:
        """Give the stock back."""
        for answer, after in self.send(world, me, "release"):
            if answer != "no answer":
                after = goes(after, me, "decide_cancelled")
            yield f"releases: {answer}", after

    # ---- the decisions: one compare-and-set each; a lost one starts over -------------------------------------

    def decide_charging(self, world: World, me: int) -> Iterator[Move]:
        """CREATED → CHARGING, unless a cancellation was asked for."""
        if world.step == "CREATED" and world.status == "PENDING":
            step: Step = "ABORT_UNCHARGED" if world.cancel_requested else "CHARGING"
            world = world._replace(step=step)
        yield "decides to charge", goes(world, me, "idle")

    def decide_done(self, world: World, me: int) -> Iterator[Move]:
        """CHARGING → DONE and PROCESSING, unless a cancellation was asked for."""
        if self.broken == "no_final_cas":
            if world.status != "PROCESSING":
                world = world._replace(status="PROCESSING", step="DONE")
        elif world.step == "CHARGING" and world.status == "PENDING":
            if world.cancel_requested:
                world = world._replace(step="ABORT")
            else:
                world = world._replace(status="PROCESSING", step="DONE")
        yield "decides that it is paid", goes(world, me, "idle")

    def decide_abort_unpaid(self, world: World, me: int) -> Iterator[Move]:
        """CREATED → ABORT_UNCHARGED: no charge was ever authorised, so there is nothing to void."""
        if self.broken == "compensate_before_deciding":
            yield "compensates undecided", goes(world, me, "ABORT_UNCHARGED")
            return
        if world.step == "CREATED" and world.status == "PENDING":
            world = world._replace(step="ABORT_UNCHARGED")
        yield "decides to abort", goes(world, me, "idle")

    def decide_abort_paid(self, world: World, me: int) -> Iterator[Move]:
        """CHARGING → ABORT."""
        if self.broken == "compensate_before_deciding":
            yield "compensates undecided", goes(world, me, "ABORT")
            return
        if world.step == "CHARGING" and world.status == "PENDING":
            world = world._replace(step="ABORT")
        yield "decides to abort", goes(world, me, "idle")

    def decide_cancelled(self, world: World, me: int) -> Iterator[Move]:
        """Any abort → DONE and CANCELLED: written last."""
        undecided = self.broken == "compensate_before_deciding" and world.status == "PENDING"
        if world.step in {"ABORT", "ABORT_UNCHARGED"} or undecided:
            world = world._replace(status="CANCELLED", step="DONE")
        yield "decides that it is cancelled", goes(world, me, "idle")

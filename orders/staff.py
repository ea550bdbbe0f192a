"""What staff may do to orders by hand: try again, cancel, mark as shipped, release what no order holds.

Each begins with a compare-and-set that keeps who and why in the same commit, so a second click, another member of
the staff or a process at work on the same order finds it lost, and nothing happens twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from orders import record, saga
from orders.invariants import ORPHAN_SECONDS
from orders.models import Order, database_now
from orders.payments.gateway import PaymentGateway
from orders.states import CancelReason, OrderStatus, Step
from products import inventory
from products.books import Hold, read_held_page, read_holds_of
from shop.deadline import Deadline

WAITED_SECONDS = 5  # longer than a statement waits for a row (innodb_lock_wait_timeout, in shop.settings)
ORPHANS_LOOKED_AT = 2_000  # reservations to a page, at 4 kB of reading for about 20 of them


@dataclass(frozen=True, kw_only=True)
class Mandate:
    """Who does it, and why: kept with what was done."""

    by: str  # the user name
    why: str

    def note(self) -> dict[str, str]:
        """Return it as an order's history keeps it."""
        return {"by": self.by, "why": self.why}


class NotDone(Exception):
    """It cannot be done as things are; the message says why. Nothing was changed."""


def retry(order: Order, *, mandate: Mandate, gateway: PaymentGateway, deadline: Deadline) -> Order:
    """Drive an open order on as recovery would, now.

    Returns:
        The order: settled, or still open because a system did not answer again.

    Raises:
        NotDone: it is settled, or somebody is at work on it.
    """
    if order.step == Step.DONE:
        raise NotDone("It is settled; there is nothing to try again.")
    if not _take_over(order, mandate=mandate):
        seconds = settings.ORDER_LEASE_SECONDS
        raise NotDone(f"Somebody is at work on it, or it is about to be tried again: wait {seconds} seconds.")
    order = Order.objects.get(pk=order.pk)
    return saga.advance_until_settled(order, gateway=gateway, deadline=deadline)


@record.again_after_a_deadlock
def _take_over(order: Order, *, mandate: Mandate) -> bool:
    """Take an open order whose lease is over, or reaches further than any that a living process can have set.

    A lease in between may be somebody's who is at work. Driving the order beside them would do no harm (every step
    may run twice), but it would help nobody.
    """
    with record.commit("retried_by_staff"):
        now = database_now()
        # Whoever had the row first may have set theirs after our "now".
        longest = timedelta(
            seconds=max(settings.ORDER_LEASE_SECONDS, record.MAX_BACKOFF_SECONDS) + WAITED_SECONDS
        )
        nobodys = Q(lease_until__lte=now) | Q(lease_until__gt=now + longest) | Q(lease_until=None)
        mine = now + timedelta(seconds=settings.ORDER_LEASE_SECONDS)
        if not Order.objects.filter(nobodys, pk=order.pk).exclude(step=Step.DONE).update(lease_until=mine):
            return False
        _add_event(order, kind="retried_by_staff", detail=mandate.note())
    return True


def cancel(order: Order, *, mandate: Mandate, gateway: PaymentGateway, deadline: Deadline) -> Order:
    """Cancel an order, whatever its age: its money goes back, its units return to the shelf.

    Returns:
        The order: CANCELLED, or (a system did not answer) one that can only end so.

    Raises:
        NotDone: it is cancelled already.
        OrderNotCancellable: it was shipped.
    """
    if order.status == OrderStatus.CANCELLED:
        raise NotDone("It is cancelled already.")
    return saga.cancel_order(
        order,
        reason=CancelReason.CANCELLED_BY_STAFF,
        gateway=gateway,
        deadline=deadline,
        note=mandate.note(),
    )


@record.again_after_a_deadlock
def ship(order: Order, *, tracking_number: str, mandate: Mandate) -> Order:
    """Note that a paid order has left: from here on nobody can cancel it. It stays PROCESSING.

    Raises:
        NotDone: it is not paid, is being cancelled, or was shipped before.
    """
    with record.commit("shipped"):
        paid = Order.objects.filter(
            pk=order.pk, status=OrderStatus.PROCESSING, step=Step.DONE, shipped_at=None
        )
        if not paid.update(shipped_at=Now(), tracking_number=tracking_number, updated_at=Now()):
            raise NotDone("Only a paid order that is not shipped and not being cancelled can be shipped.")
        _add_event(order, kind="shipped", detail={"trackingNumber": tracking_number, **mandate.note()})
    return Order.objects.get(pk=order.pk)


def find_orphans(*, after: str | None = None) -> tuple[dict[str, Hold], str | None]:
    """Look for units that are held for no order, in the next part of the reservations.

    Returns:
        What was found, by the UUID that it is held under; and where to go on, None at the end.

    Raises:
        CatalogueUnavailable: DynamoDB did not answer.
    """
    held, position = read_held_page(most=ORPHANS_LOOKED_AT, after=after)
    old = database_now() - timedelta(seconds=ORPHAN_SECONDS)
    suspects = {uid: hold for uid, hold in held.items() if hold.created_at < old}
    known = Order.objects.filter(uid__in=[UUID(uid) for uid in suspects]).values_list("uid", flat=True)
    owned = {str(uid) for uid in known}
    return {uid: hold for uid, hold in suspects.items() if uid not in owned}, position


def release_orphan(uid: str, *, deadline: Deadline) -> None:
    """Give units back that are held for no order. An order is recorded before it holds anything, so none can follow.

    Raises:
        NotDone: nothing is held under this UUID, or an order holds it, or it is too young to tell.
        CatalogueUnavailable: DynamoDB did not answer; try again.
    """
    hold = read_holds_of([uid]).get(uid)
    if hold is None or not hold.held:
        raise NotDone("Nothing is held under this number any more.")
    if hold.created_at > database_now() - timedelta(seconds=ORPHAN_SECONDS):
        raise NotDone(f"It is younger than {ORPHAN_SECONDS} seconds; look again in a minute.")
    if Order.objects.filter(uid=uid).exists():
        raise NotDone("An order holds it; cancel the order instead.")
    inventory.release(uid, deadline=deadline)


def _add_event(order: Order, *, kind: str, detail: Mapping[str, str]) -> None:
    """Write a line of history that changes no state; the change before it has locked the order's row."""
    status, step = Order.objects.values_list("status", "step").get(pk=order.pk)
    record.add_event(order.pk, kind=kind, status=OrderStatus(status), step=Step(step), detail=detail)

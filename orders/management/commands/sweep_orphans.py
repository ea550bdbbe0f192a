"""After orders were lost with a restored database: give back the stock and the money that other systems keep for them."""

from argparse import ArgumentParser
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from orders.models import Order
from orders.payments.choice import payment_gateway
from orders.payments.gateway import PaymentGateway, PaymentOutcomeUnknown
from products import inventory
from products.books import read_holds
from products.errors import CatalogueUnavailable
from shop.deadline import Deadline

SECONDS = 30.0
"""For one payment's answer, and for one release."""


class Command(BaseCommand):
    """List what belongs to no order; with ``--apply`` and their number, undo it."""

    help = (
        "List reservations and payments that belong to no order (a database restored to an earlier time has lost "
        "orders). With --apply and the number listed: refund the payments and put the units back."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the number."""
        parser.add_argument(
            "--apply",
            type=int,
            metavar="COUNT",
            help="undo them; COUNT is how many were listed, so that a wrong database cannot be swept by mistake",
        )

    def handle(self, *_args: Any, apply: int | None, **_options: Any) -> None:
        """List, or undo."""
        gateway = payment_gateway()
        orphans = find_orphans(gateway)
        for uid, what in sorted(orphans.items()):
            self.stdout.write(f"{uid}  {what}")
        if apply is None:
            self.stdout.write(f"{len(orphans)} belong to no order; nothing was changed")
            return
        if apply != len(orphans):
            raise CommandError(f"there are {len(orphans)}, not {apply}; nothing was changed")
        unanswered = [uid for uid in sorted(orphans) if not _undo(uid, gateway)]
        if unanswered:
            raise CommandError(
                f"{len(unanswered)} of {len(orphans)} got no answer: {', '.join(map(str, unanswered))}. Run again later"
            )
        self.stdout.write(f"{len(orphans)} undone")


def find_orphans(gateway: PaymentGateway) -> Mapping[UUID, str]:
    """Return what is kept for orders that are not there, by the order's UUID.

    The orders are looked up last: each is saved before anything is kept for it, so none that is new can be missing.
    """
    kept: dict[UUID, list[str]] = {}
    for key, hold in read_holds().items():
        if hold.held:
            units = ", ".join(f"{count} × {product}" for product, count in sorted(hold.quantities.items()))
            kept.setdefault(UUID(key), []).append(f"holds {units}")
    for charge in gateway.ledger():
        amount: Decimal = charge.amount - charge.refunded
        if charge.status == "CAPTURED" and amount:
            kept.setdefault(charge.uid, []).append(f"paid {amount} {charge.currency}")
    known = set(Order.objects.values_list("uid", flat=True).iterator())
    return {uid: ", ".join(parts) for uid, parts in kept.items() if uid not in known}


def _undo(uid: UUID, gateway: PaymentGateway) -> bool:
    """Refund, then put back, as the saga does; tell whether both answered. Both leave a mark that refuses latecomers."""
    try:
        gateway.void(uid=uid, timeout_seconds=SECONDS)
        inventory.release(str(uid), deadline=Deadline(SECONDS))
    except (PaymentOutcomeUnknown, CatalogueUnavailable):
        return False
    return True

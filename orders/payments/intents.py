"""Which Stripe PaymentIntent stands for which order: written once per order, before any money can move.

The one place that decides: only an intent named here is ever confirmed, and a row without one is a tombstone.
"""

import contextlib
import uuid
from uuid import UUID

from django.db import IntegrityError, models, transaction
from django.db.models.functions import Now


class StripeIntent(models.Model):
    """The intent of one order. Never changed once it is written."""

    order_uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    intent_id = models.CharField(max_length=255, blank=True)  # pi_…; empty: voided before there was one
    decline_code = models.CharField(max_length=40, blank=True)  # of a tombstone: why there is no intent
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "orders"
        db_table = "payment_intents"

    def __str__(self) -> str:
        return f"{self.order_uid} {self.intent_id or 'tombstone'}"

    @property
    def is_tombstone(self) -> bool:
        """Whether this order can never be charged."""
        return not self.intent_id


def find_intent(uid: UUID) -> StripeIntent | None:
    """Return what stands for an order, if anything does."""
    return StripeIntent.objects.filter(order_uid=uid).first()


def store_intent(uid: UUID, *, intent_id: str = "", decline_code: str = "") -> StripeIntent:
    """Write the row of an order unless it has one; return the one it has. Committed when this returns.

    Args:
        uid: the order's UUID.
        intent_id: Stripe's id of the intent; empty writes a tombstone.
        decline_code: why a tombstone is written.
    """
    # An IntegrityError says that somebody was faster: theirs counts.
    with contextlib.suppress(IntegrityError), transaction.atomic(durable=True):
        StripeIntent.objects.create(order_uid=uid, intent_id=intent_id, decline_code=decline_code[:40])
    return StripeIntent.objects.get(order_uid=uid)

"""What the shop asks of a payment provider, whoever it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from orders.states import PaymentStatus


@dataclass(frozen=True, kw_only=True)
class Charge:
    """What a provider knows of one order's money.

    Attributes:
        uid: the order's UUID, the key of everything.
        reference: the provider's own name for it.
        status: CAPTURED (the money is ours), REFUNDED (it was, and is back), DECLINED, VOIDED (never will be).
        amount: asked for, in ``currency``.
        refunded: given back, in ``currency``.
        decline_code: why it was declined; empty otherwise.
        created_at: when the provider first heard of it.
    """

    uid: UUID
    reference: str
    status: PaymentStatus
    amount: Decimal
    refunded: Decimal
    currency: str
    decline_code: str
    created_at: datetime


class PaymentDeclined(Exception):
    """The provider says no, for good. Nothing was taken."""

    def __init__(self, charge: Charge) -> None:
        super().__init__(charge.decline_code or "declined")
        self.charge = charge


class PaymentOutcomeUnknown(Exception):
    """The provider did not answer: the money may have been taken or not. Ask again; the key makes that safe."""


class PaymentGateway(Protocol):
    """A payment provider. Every call is keyed by the order's UUID and acts once, however often it is made."""

    name: str
    needs_payment_method: bool  # whether `charge` is pointless without one

    def available(self) -> bool:
        """Tell, without asking the provider, whether a new order is worth beginning."""
        ...

    def charge(
        self,
        *,
        uid: UUID,
        amount: Decimal,
        currency: str,
        email: str,
        payment_method: str,
        timeout_seconds: float,
    ) -> Charge:
        """Take the money.

        Args:
            uid: the order's UUID.
            amount: in ``currency``, two decimals.
            currency: ISO 4217, three letters.
            email: the customer's, for the receipt.
            payment_method: the provider's name for the card; empty for providers that need none.
            timeout_seconds: how long it may take.

        Returns:
            The CAPTURED charge: of this call, or of an earlier one with this key.

        Raises:
            PaymentDeclined: final; also when the key was voided before.
            PaymentOutcomeUnknown: no answer.
        """
        ...

    def find(self, *, uid: UUID, timeout_seconds: float) -> Charge | None:
        """Return what is known under this key, or None. Raises PaymentOutcomeUnknown."""
        ...

    def void(self, *, uid: UUID, timeout_seconds: float) -> Charge:
        """Make sure that no money is kept: refund once what was captured, refuse what may still arrive.

        Returns:
            The charge as it is now: REFUNDED, DECLINED or VOIDED.

        Raises:
            PaymentOutcomeUnknown: no answer; call again.
        """
        ...

    def ledger(self, *, since: datetime | None = None) -> Iterator[Charge]:
        """Yield everything the provider knows of this shop: the truth about money.

        Args:
            since: only what it first heard of at that time or later.
        """
        ...

"""A payment provider that takes no money: decides by a hash of the key, and keeps durable books.

A plus tag in the customer's address decides instead: ``+approve``, ``+decline``, ``+slow`` (two seconds, then
yes), ``+timeout`` (the money is taken, and the first answer is lost).
"""

import hashlib
import random
import re
import time
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from orders.payments.gateway import Charge, PaymentDeclined, PaymentOutcomeUnknown
from orders.payments.ledger import MockLedgerEntry
from orders.states import PaymentStatus

SLOW_SECONDS = 2.0
_TAG = re.compile(r"\+(approve|decline|slow|timeout)@")


def approves(key: UUID, *, success_rate: Decimal) -> bool:
    """Decide by a hash, so that an order always gets the same answer, from every process.

    Args:
        key: the order's UUID.
        success_rate: share of keys that are approved, 0 to 1.
    """
    share = Decimal(int.from_bytes(hashlib.sha256(key.bytes).digest()[:8])) / Decimal(2**64)
    return share < success_rate


class MockGateway:
    """The mock provider (see :class:`orders.payments.gateway.PaymentGateway`)."""

    name = "mock"
    needs_payment_method = False

    def available(self) -> bool:
        """Return True: it is in this process."""
        return True

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
        """Take pretended money, once per key."""
        tag = _TAG.search(email)
        wish = tag.group(1) if tag else ""
        self._travel(timeout_seconds, extra_seconds=SLOW_SECONDS if wish == "slow" else 0.0)
        approved = wish in {"approve", "slow", "timeout"} or (
            wish != "decline" and approves(uid, success_rate=settings.MOCK_PAYMENT_SUCCESS_RATE)
        )
        entry, first = self._write_once(
            uid,
            status=PaymentStatus.CAPTURED if approved else PaymentStatus.DECLINED,
            amount=amount,
            currency=currency,
            decline_code="" if approved else "card_declined",
        )
        if wish == "timeout" and first:
            raise PaymentOutcomeUnknown("the mock provider took the money and did not answer")
        charge = _as_charge(entry)
        if charge.status is not PaymentStatus.CAPTURED:
            raise PaymentDeclined(charge)
        return charge

    def find(self, *, uid: UUID, timeout_seconds: float) -> Charge | None:
        """Look a key up."""
        self._travel(timeout_seconds)
        entry = MockLedgerEntry.objects.filter(key=uid).first()
        return _as_charge(entry) if entry else None

    def void(self, *, uid: UUID, timeout_seconds: float) -> Charge:
        """Refund what was captured; leave a tombstone where nothing was."""
        self._travel(timeout_seconds)
        self._write_once(
            uid,
            status=PaymentStatus.VOIDED,
            amount=Decimal(0),
            currency=settings.CURRENCY,
            decline_code="voided",
        )
        with transaction.atomic(durable=True):
            entry = MockLedgerEntry.objects.select_for_update().get(key=uid)
            if entry.status == PaymentStatus.CAPTURED:
                entry.status, entry.refunded, entry.refunded_at = (
                    PaymentStatus.REFUNDED,
                    entry.amount,
                    timezone.now(),
                )
                entry.save(update_fields=["status", "refunded", "refunded_at"])
        return _as_charge(entry)

    def ledger(self, *, since: datetime | None = None) -> Iterator[Charge]:
        """Yield the books in the order they were written."""
        entries = MockLedgerEntry.objects.order_by("pk")
        for entry in (entries.filter(created_at__gte=since) if since else entries).iterator():
            yield _as_charge(entry)

    @staticmethod
    def _travel(timeout_seconds: float, *, extra_seconds: float = 0.0) -> None:
        """Be as slow and as unreliable as the settings say."""
        seconds = settings.MOCK_PAYMENT_LATENCY_MS / 1000 + extra_seconds
        time.sleep(min(seconds, timeout_seconds))
        if seconds > timeout_seconds:
            raise PaymentOutcomeUnknown("the mock provider was too slow")
        if random.random() < settings.MOCK_PAYMENT_FAILURE_RATE:  # noqa: S311 (chance, not a secret)
            raise PaymentOutcomeUnknown("the mock provider failed, as it was told to")

    @staticmethod
    def _write_once(
        key: UUID, *, status: PaymentStatus, amount: Decimal, currency: str, decline_code: str
    ) -> tuple[MockLedgerEntry, bool]:
        """Write the entry unless the key has one; return the one it has, and whether it is new. Then it is committed."""
        try:
            with transaction.atomic(durable=True):
                entry = MockLedgerEntry.objects.create(
                    key=key, status=status, amount=amount, currency=currency, decline_code=decline_code
                )
        except IntegrityError:
            return MockLedgerEntry.objects.get(key=key), False
        return entry, True


def _as_charge(entry: MockLedgerEntry) -> Charge:
    return Charge(
        uid=entry.key,
        reference=f"mock_{entry.key.hex}",
        status=PaymentStatus(entry.status),
        amount=entry.amount,
        refunded=entry.refunded,
        currency=entry.currency,
        decline_code=entry.decline_code,
        created_at=entry.created_at,
    )

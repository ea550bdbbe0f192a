"""Stripe as a payment provider: an intent per order is made, named in our table, and only then confirmed.

What each order of crashes and late requests leads to is argued in docs/payments.md.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import stripe
import structlog
from django.conf import settings

from orders.payments.gateway import Charge, PaymentDeclined, PaymentOutcomeUnknown
from orders.payments.intents import StripeIntent, find_intent, store_intent
from orders.payments.stripe_api import READ_SECONDS, Refused, StripeCalls
from orders.states import PaymentStatus

log = structlog.get_logger("orders.payments.stripe")

MINOR_UNITS = 100  # all our currencies have two decimals; shop.checks refuses the others
VOID_ROUNDS = 3  # a charge may overtake a void once; more is somebody else's mischief


class StripeGateway:
    """Stripe (see :class:`orders.payments.gateway.PaymentGateway`)."""

    name = "stripe"
    needs_payment_method = True

    def available(self) -> bool:
        """Return True: whether Stripe is well is for the circuit breaker to know."""
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
        """Take the money, once: whatever an earlier call left behind is looked at before anything is sent."""
        calls = StripeCalls(seconds=timeout_seconds)
        row = find_intent(uid)
        if row is None:
            row = self._begin(
                calls, uid, amount=amount, currency=currency, email=email, payment_method=payment_method
            )
        elif not row.is_tombstone:
            intent = calls.retrieve(row.intent_id)
            if not _is_untried(intent):
                return self._outcome(calls, uid, intent)
        if row.is_tombstone:
            raise PaymentDeclined(_tombstone(row))
        return self._confirm(calls, uid, intent_id=row.intent_id, payment_method=payment_method)

    def find(self, *, uid: UUID, timeout_seconds: float) -> Charge | None:
        """Look an order's intent up. One that was never confirmed is nothing yet."""
        row = find_intent(uid)
        if row is None:
            return None
        if row.is_tombstone:
            return _tombstone(row)
        return _as_charge(uid, StripeCalls(seconds=timeout_seconds).retrieve(row.intent_id))

    def void(self, *, uid: UUID, timeout_seconds: float) -> Charge:
        """Cancel the intent, refund it if it took money, or leave a tombstone where there is none."""
        row = find_intent(uid) or store_intent(uid, decline_code="voided")
        if row.is_tombstone:
            return _tombstone(row)
        calls = StripeCalls(seconds=timeout_seconds)
        for _ in range(VOID_ROUNDS):
            intent = calls.retrieve(row.intent_id)
            try:
                return self._undo(calls, uid, intent)
            except Refused as refusal:  # it was captured, cancelled or refunded meanwhile: look again
                log.info("an intent changed while it was undone", intent=row.intent_id, code=refusal.code)
        raise PaymentOutcomeUnknown("the intent could neither be cancelled nor refunded")

    def ledger(self, *, since: datetime | None = None) -> Iterator[Charge]:
        """Yield what Stripe knows of our orders' money, newest first. Intents that were never tried hold none."""
        for intent in StripeCalls(seconds=READ_SECONDS).all_intents(since=since):
            uid = _uid_of(intent)
            if uid is None or intent.cancellation_reason == "duplicate":
                continue
            charge = _as_charge(uid, intent)
            if charge is not None:
                yield charge

    # ---- parts of a charge ---------------------------------------------------------------------------------

    @staticmethod
    def _begin(
        calls: StripeCalls, uid: UUID, *, amount: Decimal, currency: str, email: str, payment_method: str
    ) -> StripeIntent:
        """Make the intent and name it in our table; from then on it may be confirmed."""
        if not payment_method:
            return store_intent(uid, decline_code="payment_method_missing")
        try:
            made = calls.create(uid, amount=int(amount * MINOR_UNITS), currency=currency, email=email)
        except Refused as refusal:
            return store_intent(uid, decline_code=refusal.code)
        row = store_intent(uid, intent_id=made.id)
        if row.intent_id != made.id:
            try:
                calls.cancel_duplicate(made.id)
            except (Refused, PaymentOutcomeUnknown) as error:
                log.info("an unused intent stays open; it takes no money", intent=made.id, cause=repr(error))
        return row

    def _confirm(self, calls: StripeCalls, uid: UUID, *, intent_id: str, payment_method: str) -> Charge:
        try:
            return self._outcome(
                calls, uid, calls.confirm(uid, intent_id=intent_id, payment_method=payment_method)
            )
        except Refused as refusal:
            intent = calls.retrieve(intent_id)
            if not _is_untried(intent):  # declined, or voided or charged by somebody else meanwhile
                return self._outcome(calls, uid, intent)
            # The request itself was refused (an unknown card, say). Close the intent, so that "no" stays "no".
            raise PaymentDeclined(self._close(calls, uid, intent_id, code=refusal.code)) from refusal

    @staticmethod
    def _close(calls: StripeCalls, uid: UUID, intent_id: str, *, code: str) -> Charge:
        try:
            closed = _as_charge(uid, calls.cancel(intent_id))
        except Refused as refusal:
            raise PaymentOutcomeUnknown("the intent changed while it was closed") from refusal
        return _declined(closed or _voided(uid), code=code)

    @staticmethod
    def _outcome(calls: StripeCalls, uid: UUID, intent: stripe.PaymentIntent) -> Charge:
        """Turn an intent that was tried into the answer of a charge."""
        if intent.status == "requires_action":
            try:
                intent = calls.cancel(intent.id, abandoned=True)
            except Refused as refusal:
                raise PaymentOutcomeUnknown("the intent changed while it was given up") from refusal
        charge = _as_charge(uid, intent)
        if charge is None:
            raise PaymentOutcomeUnknown(f"Stripe is still at work: {intent.status}")
        if charge.status is not PaymentStatus.CAPTURED:
            raise PaymentDeclined(charge)
        return charge

    @staticmethod
    def _undo(calls: StripeCalls, uid: UUID, intent: stripe.PaymentIntent) -> Charge:
        """Cancel or refund; Refused if the intent is no longer what it was when it was read."""
        charge = _as_charge(uid, intent)
        if intent.status == "canceled" and charge:
            return charge
        if charge is None or charge.status is PaymentStatus.DECLINED:
            if intent.status == "processing":
                raise PaymentOutcomeUnknown("Stripe is still at work: processing")
            return _as_charge(uid, calls.cancel(intent.id)) or _voided(uid)
        if charge.status is PaymentStatus.REFUNDED:
            return charge
        refund = calls.refund(uid, intent_id=intent.id)
        if refund.status not in {"succeeded", "pending"}:
            log.error("a refund failed; a person must see to it", intent=intent.id, status=refund.status)
            raise PaymentOutcomeUnknown(f"the refund is {refund.status}")
        refunded = charge.refunded + _money(refund.amount)
        return replace(charge, status=PaymentStatus.REFUNDED, refunded=refunded)


# ---- reading an intent -------------------------------------------------------------------------------------


def _money(minor_units: int) -> Decimal:
    return Decimal(minor_units).scaleb(-2)


def _is_untried(intent: stripe.PaymentIntent) -> bool:
    """Tell whether an intent still waits for its one try."""
    return intent.status == "requires_confirmation" or (
        intent.status == "requires_payment_method" and not intent.last_payment_error
    )


def _status_of(intent: stripe.PaymentIntent, *, refunded: int) -> PaymentStatus | None:
    if intent.status == "succeeded":
        return PaymentStatus.REFUNDED if 0 < intent.amount_received <= refunded else PaymentStatus.CAPTURED
    if intent.status == "canceled":
        declined = intent.last_payment_error or intent.cancellation_reason == "abandoned"
        return PaymentStatus.DECLINED if declined else PaymentStatus.VOIDED
    if intent.status == "requires_payment_method" and intent.last_payment_error:
        return PaymentStatus.DECLINED
    return None


def _as_charge(uid: UUID, intent: stripe.PaymentIntent) -> Charge | None:
    """Return what an intent says about money; None while it was not tried, or has no outcome yet."""
    taken = intent.latest_charge
    refunded = taken.amount_refunded if isinstance(taken, stripe.Charge) else 0
    status = _status_of(intent, refunded=refunded)
    if status is None:
        return None
    return Charge(
        uid=uid,
        reference=intent.id,
        status=status,
        amount=_money(intent.amount_received if intent.status == "succeeded" else intent.amount),
        refunded=_money(refunded),
        currency=intent.currency.upper(),
        decline_code=_decline_code(intent, status=status),
        created_at=datetime.fromtimestamp(intent.created, tz=UTC),
    )


def _decline_code(intent: stripe.PaymentIntent, *, status: PaymentStatus) -> str:
    if status is PaymentStatus.VOIDED:
        return "voided"
    if status is not PaymentStatus.DECLINED:
        return ""
    error = intent.last_payment_error
    if error is None:
        return "authentication_required"
    code = getattr(error, "decline_code", None) or getattr(error, "code", None)
    return str(code or "card_declined")[:40]


def _declined(charge: Charge, *, code: str) -> Charge:
    return replace(charge, status=PaymentStatus.DECLINED, decline_code=code[:40])


def _voided(uid: UUID) -> Charge:
    """Return a charge of which nothing is known but that it can never be made."""
    return Charge(
        uid=uid,
        reference="",
        status=PaymentStatus.VOIDED,
        amount=Decimal(0),
        refunded=Decimal(0),
        currency=settings.CURRENCY,
        decline_code="voided",
        created_at=datetime.now(tz=UTC),
    )


def _tombstone(row: StripeIntent) -> Charge:
    charge = replace(_voided(row.order_uid), created_at=row.created_at)
    return charge if row.decline_code == "voided" else _declined(charge, code=row.decline_code)


def _uid_of(intent: stripe.PaymentIntent) -> UUID | None:
    try:
        return UUID(getattr(intent.metadata, "order_uid", ""))
    except ValueError:
        return None

"""What each call does to the books, and its answer in Stripe's shapes. Knows no HTTP but the status codes."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from shop.local.payment_provider.books import Books, Intent, new_id
from shop.local.payment_provider.faults import Fault

Params = Mapping[str, str]
Answer = tuple[int, dict[str, Any]]

# Stripe's own test cards: payment method -> why it is declined.
DECLINED_CARDS = {
    "pm_card_chargeDeclined": "generic_decline",
    "pm_card_visa_chargeDeclined": "generic_decline",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "insufficient_funds",
    "pm_card_chargeDeclinedExpiredCard": "expired_card",
}
CARD_THAT_NEEDS_ACTION = "pm_card_authenticationRequired"
GOOD_CARD = "pm_card_mastercard"  # always approved; pm_card_visa and others by the hash
CANCELLABLE = {"requires_payment_method", "requires_confirmation", "requires_action"}


class Invalid(Exception):
    """The parameters are wrong: nothing was begun, and no answer is saved."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.answer = status, error("invalid_request_error", code=code, message=message)


def error(kind: str, **details: Any) -> dict[str, Any]:
    """Return an error's body."""
    return {"error": {"type": kind, **details}}


def approves(key: str, *, rate: float) -> bool:
    """Decide by a hash of the order's UUID; the in-process mock decides the same."""
    try:
        seed = UUID(key).bytes
    except ValueError:
        seed = key.encode()
    return int.from_bytes(hashlib.sha256(seed).digest()[:8]) / 2**64 < rate


def shown(intent: Intent, *, expand: bool) -> dict[str, Any]:
    """Return an intent as Stripe shows it: what is not there is null."""
    charge: Any = intent.charge_id or None
    if charge and expand:
        charge = {
            "id": intent.charge_id,
            "object": "charge",
            "amount": intent.amount_received or intent.amount,
            "amount_refunded": intent.amount_refunded,
            "refunded": 0 < intent.amount_received <= intent.amount_refunded,
            "paid": intent.captures > 0,
            "status": "succeeded" if intent.captures else "failed",
            "payment_intent": intent.id,
        }
    fields = asdict(intent) | {
        "object": "payment_intent",
        "livemode": False,
        "latest_charge": charge,
        "last_payment_error": intent.error or None,
        "cancellation_reason": intent.cancellation_reason or None,
        "payment_method": intent.payment_method or None,
        "receipt_email": intent.receipt_email or None,
        "payment_method_types": ["card"],
        "capture_method": "automatic_async",
    }
    return {name: value for name, value in fields.items() if name not in {"error", "charge_id"}}


def _expands(params: Params) -> bool:
    return any(name.startswith("expand[") and "latest_charge" in value for name, value in params.items())


def _known(books: Books, intent_id: str, *, param: str = "intent", status: int = 404) -> Intent:
    intent = books.get(intent_id)
    if intent is None:
        raise Invalid("resource_missing", f"No such payment_intent: '{intent_id}' ({param})", status=status)
    return intent


def _unexpected_state(intent: Intent, verb: str) -> Answer:
    return 400, error(
        "invalid_request_error",
        code="payment_intent_unexpected_state",
        message=f"You cannot {verb} this PaymentIntent because it has a status of {intent.status}.",
        payment_intent=shown(intent, expand=False),
    )


def create(books: Books, params: Params) -> Answer:
    """Make an intent."""
    if any(name.startswith("payment_method_types") for name in params):
        raise Invalid("payment_method_types_no_longer_supported", "payment_method_types cannot be set.")
    try:
        amount = int(params["amount"])
        currency = params["currency"]
    except (KeyError, ValueError) as wrong:
        raise Invalid("parameter_missing", "amount and currency are required.") from wrong
    if amount < 50:
        raise Invalid("amount_too_small", "Amount must be at least $0.50 usd.")
    metadata = {
        name[len("metadata[") : -1]: value for name, value in params.items() if name.startswith("metadata[")
    }
    intent = Intent(
        id=new_id("pi"),
        amount=amount,
        currency=currency,
        metadata=metadata,
        receipt_email=params.get("receipt_email", ""),
    )
    books.put(intent)
    return 200, shown(intent, expand=False)


def retrieve(books: Books, intent_id: str, params: Params) -> Answer:
    """Show an intent."""
    return 200, shown(_known(books, intent_id), expand=_expands(params))


def list_intents(books: Books, params: Params) -> Answer:
    """Show a page of intents, newest first; with ``created[gte]`` none that is older."""
    since = int(params.get("created[gte]", "0"))
    limit = min(int(params.get("limit", "10")), 100)
    page, has_more = books.newest(limit=limit, after=params.get("starting_after", ""))
    young = [intent for intent in page if intent.created >= since]
    data = [shown(intent, expand=_expands(params)) for intent in young]
    has_more = has_more and len(young) == len(page)
    return 200, {"object": "list", "url": "/v1/payment_intents", "has_more": has_more, "data": data}


def _decline_code(intent: Intent, params: Params, *, rate: float, fault: Fault | None) -> str:
    """Return why the card is declined; empty if it is good."""
    card = params["payment_method"]
    if fault and fault.fault == "decline":
        return fault.code
    if card in DECLINED_CARDS:
        return DECLINED_CARDS[card]
    if card == GOOD_CARD or approves(intent.metadata.get("order_uid", intent.id), rate=rate):
        return ""
    return "generic_decline"


def _decline(books: Books, intent: Intent, *, code: str, decline_code: str) -> Answer:
    intent.status = "requires_payment_method"
    intent.charge_id = new_id("ch")
    intent.error = {"type": "card_error", "code": code, "message": "Your card was declined."}
    if decline_code:
        intent.error["decline_code"] = decline_code
    books.put(intent)
    return 402, {"error": {**intent.error, "payment_intent": shown(intent, expand=False)}}


def confirm(books: Books, intent_id: str, params: Params, *, rate: float, fault: Fault | None) -> Answer:
    """Take the money, or decline the card."""
    intent = _known(books, intent_id)
    if intent.status not in {"requires_payment_method", "requires_confirmation"}:
        return _unexpected_state(intent, "confirm")
    card = params.get("payment_method", "")
    if not card.startswith("pm_"):
        return 400, error(
            "invalid_request_error", code="resource_missing", message=f"No such PaymentMethod: '{card}'"
        )
    intent.payment_method = card
    if card == CARD_THAT_NEEDS_ACTION or (fault and fault.fault == "requires_action"):
        if params.get("error_on_requires_action") == "true":
            return _decline(books, intent, code="authentication_required", decline_code="")
        intent.status = "requires_action"
        books.put(intent)
        return 200, shown(intent, expand=_expands(params))
    if decline_code := _decline_code(intent, params, rate=rate, fault=fault):
        return _decline(books, intent, code="card_declined", decline_code=decline_code)
    extra = fault.amount if fault and fault.fault == "wrong_amount" else 0
    intent.status, intent.amount_received = "succeeded", intent.amount + extra
    intent.charge_id, intent.error = new_id("ch"), {}
    intent.captures += 1
    books.put(intent)
    return 200, shown(intent, expand=_expands(params))


def cancel(books: Books, intent_id: str, params: Params) -> Answer:
    """Close an intent for good."""
    intent = _known(books, intent_id)
    if intent.status not in CANCELLABLE:
        return _unexpected_state(intent, "cancel")
    intent.status = "canceled"
    intent.cancellation_reason = params.get("cancellation_reason", "")
    books.put(intent)
    return 200, shown(intent, expand=_expands(params))


def refund(books: Books, params: Params) -> Answer:
    """Give back what is left."""
    intent = _known(books, params.get("payment_intent", ""), param="payment_intent", status=400)
    left = intent.amount_received - intent.amount_refunded
    if intent.captures and left <= 0:
        message = f"Charge {intent.charge_id} has already been refunded."
        return 400, error("invalid_request_error", code="charge_already_refunded", message=message)
    amount = int(params.get("amount", left))
    if not 0 < amount <= left:
        message = f"This PaymentIntent ({intent.id}) does not have a successful charge to refund."
        return 400, error("invalid_request_error", code="payment_intent_unexpected_state", message=message)
    intent.amount_refunded += amount
    books.put(intent)
    return 200, {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "currency": intent.currency,
        "payment_intent": intent.id,
        "status": "succeeded",
    }

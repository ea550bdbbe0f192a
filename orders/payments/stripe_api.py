"""The calls of Stripe's API that we make, one at a time, each with its time-outs; "no" and "no answer" told apart.

The only module that talks to Stripe. It repeats nothing by itself: repeating is the saga's.
"""

import logging
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import requests
import stripe
from django.conf import settings

from orders.payments.gateway import PaymentOutcomeUnknown
from shop.deadline import Deadline

if TYPE_CHECKING:
    from stripe.params import PaymentIntentListParams

CONNECT_SECONDS = 1.0
READ_SECONDS = 5.0
MIN_SECONDS = 0.05  # with less time left, no call begins
REPLAYED = "Idempotent-Replayed"  # Stripe's header on an answer that it had saved

# Below WARNING the library logs whole requests, the customer's address included.
logging.getLogger("stripe").setLevel(logging.WARNING)

Answer = TypeVar("Answer")
_threads = threading.local()


class Refused(Exception):
    """Stripe says no: this request changed nothing, and never will.

    Attributes:
        code: Stripe's error code, the issuer's decline code where there is one.
    """

    def __init__(self, error: stripe.StripeError) -> None:
        details = error.error
        decline_code = getattr(details, "decline_code", None) if details else None
        self.code = str(decline_code or error.code or "refused")
        super().__init__(self.code)


class _KeySpoiled(Exception):
    """The idempotency key itself stands in the way: a saved 5xx, or other parameters than at its first use."""


class StripeCalls:
    """Calls that share one time limit; made anew for each call of the gateway."""

    def __init__(self, *, seconds: float) -> None:
        self._deadline = Deadline(seconds)

    def create(self, uid: uuid.UUID, *, amount: int, currency: str, email: str) -> stripe.PaymentIntent:
        """Make an intent that nobody has confirmed: no money moves (amount in minor units)."""
        return self._post(
            lambda client, key: client.v1.payment_intents.create(
                {
                    "amount": amount,
                    "currency": currency.lower(),
                    "allowed_payment_method_types": ["card"],  # answers at once; others take days
                    "metadata": {"order_uid": str(uid)},
                    "receipt_email": email,
                },
                {"idempotency_key": key},
            ),
            key=f"{uid}:create",
        )

    def confirm(self, uid: uuid.UUID, *, intent_id: str, payment_method: str) -> stripe.PaymentIntent:
        """Take the money; an intent lets that happen once, whatever the key."""
        return self._post(
            lambda client, key: client.v1.payment_intents.confirm(
                intent_id,
                {
                    "payment_method": payment_method,
                    "error_on_requires_action": True,  # nobody is there to act: it is a decline
                    "expand": ["latest_charge"],
                },
                {"idempotency_key": key},
            ),
            key=f"{uid}:confirm",
        )

    def refund(self, uid: uuid.UUID, *, intent_id: str) -> stripe.Refund:
        """Give back all that is left of an intent; a second refund finds nothing left and is refused."""
        return self._post(
            lambda client, key: client.v1.refunds.create(
                {"payment_intent": intent_id, "metadata": {"order_uid": str(uid)}},
                {"idempotency_key": key},
            ),
            key=f"{uid}:refund",
        )

    def cancel(self, intent_id: str, *, abandoned: bool = False) -> stripe.PaymentIntent:
        """Make sure that an intent never takes money. Repeats are refused, so it needs no key of ours."""
        return self._ask(
            lambda client: client.v1.payment_intents.cancel(
                intent_id,
                {
                    "cancellation_reason": "abandoned" if abandoned else "requested_by_customer",
                    "expand": ["latest_charge"],
                },
            )
        )

    def cancel_duplicate(self, intent_id: str) -> None:
        """Tidy an intent away that stands for no order; it could not take money anyway."""
        self._ask(
            lambda client: client.v1.payment_intents.cancel(intent_id, {"cancellation_reason": "duplicate"})
        )

    def retrieve(self, intent_id: str) -> stripe.PaymentIntent:
        """Read an intent as it is now. One that Stripe does not know is no answer: the account must be wrong."""
        try:
            return self._ask(
                lambda client: client.v1.payment_intents.retrieve(intent_id, {"expand": ["latest_charge"]})
            )
        except Refused as refusal:
            raise PaymentOutcomeUnknown(f"Stripe does not show the intent: {refusal.code}") from refusal

    def all_intents(self, *, since: datetime | None = None) -> Iterator[stripe.PaymentIntent]:
        """Yield every intent of the account, or those made since a time, newest first; the time limit holds for each page."""
        client = self._client()
        wanted: PaymentIntentListParams = {"limit": 100, "expand": ["data.latest_charge"]}
        if since is not None:
            wanted["created"] = {"gte": int(since.timestamp())}
        pages = self._asked(lambda: client.v1.payment_intents.list(wanted)).auto_paging_iter()
        while (intent := self._asked(lambda: next(pages, None))) is not None:
            yield intent

    # ---- one request ---------------------------------------------------------------------------------------

    def _post(self, call: Callable[[stripe.StripeClient, str], Answer], *, key: str) -> Answer:
        """Send under our key; under a fresh one where ours only brings back an old failure.

        The fixed key spares Stripe duplicates. That money moves once does not hang on it: see docs/payments.md.
        """
        try:
            return self._ask(lambda client: call(client, key))
        except _KeySpoiled:
            fresh = f"{key}:{uuid.uuid4()}"
        try:
            return self._ask(lambda client: call(client, fresh))
        except _KeySpoiled as error:
            raise PaymentOutcomeUnknown("Stripe refuses a fresh idempotency key") from error

    def _ask(self, call: Callable[[stripe.StripeClient], Answer]) -> Answer:
        client = self._client()
        return self._asked(lambda: call(client))

    def _client(self) -> stripe.StripeClient:
        left = self._deadline.remaining()
        if left < MIN_SECONDS:
            raise PaymentOutcomeUnknown("too little time is left to ask Stripe")
        timeout = (min(CONNECT_SECONDS, left), min(READ_SECONDS, left))
        return stripe.StripeClient(
            settings.STRIPE_SECRET_KEY,
            base_addresses={"api": settings.STRIPE_API_BASE} if settings.STRIPE_API_BASE else {},
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=timeout, session=_session()),
        )

    @staticmethod
    def _asked(call: Callable[[], Answer]) -> Answer:
        try:
            return call()
        except (stripe.CardError, stripe.InvalidRequestError) as error:
            raise Refused(error) from error
        except stripe.IdempotencyError as error:
            raise _KeySpoiled from error
        except stripe.StripeError as error:
            if (error.http_status or 0) >= 500 and (error.headers or {}).get(REPLAYED) == "true":
                raise _KeySpoiled from error
            what = f"{type(error).__name__} {error.http_status or ''} {error.code or ''}".rstrip()
            raise PaymentOutcomeUnknown(f"Stripe gave no answer: {what}") from error


def _session() -> requests.Session:
    """Return this thread's connections: they are kept between calls, and not shared between threads."""
    session: requests.Session | None = getattr(_threads, "session", None)
    if session is None:
        session = _threads.session = requests.Session()
    return session

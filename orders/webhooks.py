"""Stripe's signed events. An event changes nothing by itself: it only makes the saga look again at its order."""

from typing import Any
from uuid import UUID

import stripe
import structlog
from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from orders import record, saga
from orders.errors import InvalidSignature
from orders.models import Order
from orders.payments.choice import payment_gateway
from orders.states import Step
from shop.deadline import Deadline
from shop.errors import NotFoundError

log = structlog.get_logger("orders.webhooks")


class StripeWebhookView(APIView):
    """Where Stripe reports. Anyone may call; only what Stripe has signed is listened to."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    # Not in the schema: its one caller is Stripe, and the body is Stripe's, not ours to promise.
    @extend_schema(exclude=True)
    def post(self, request: Request) -> Response:
        """Take one event; 200 says that it need not be sent again."""
        if settings.PAYMENT_GATEWAY != "stripe" or not settings.STRIPE_WEBHOOK_SECRET:
            raise NotFoundError("There is nothing at this address.")
        signature = request.headers.get("Stripe-Signature", "")
        if not signature.isascii():  # the library compares it with one that is, and fails on others
            raise InvalidSignature("This event is not signed by Stripe, or too old.")
        try:
            event = stripe.Webhook.construct_event(request.body, signature, settings.STRIPE_WEBHOOK_SECRET)
        except (stripe.SignatureVerificationError, ValueError) as error:
            raise InvalidSignature("This event is not signed by Stripe, or too old.") from error
        looked = _look_again(_order_uid_of(event))
        log.info("stripe event", event_id=event.id, type=event.type, looked=looked)
        return Response({"success": True})


def _order_uid_of(event: Any) -> UUID | None:
    """Return the order that an event is about: payment intents, charges and refunds all carry its UUID."""
    metadata = getattr(event.data.object, "metadata", None)
    try:
        return UUID(getattr(metadata, "order_uid", ""))
    except (ValueError, TypeError, AttributeError):
        return None


def _look_again(uid: UUID | None) -> bool:
    """Advance an order that is open and in nobody's hands, as recovery would; it asks Stripe what is true."""
    order = Order.objects.filter(uid=uid).exclude(step=Step.DONE).first() if uid else None
    if order is None or not record.claim(order):
        return False
    order = saga.advance_until_settled(
        order, gateway=payment_gateway(), deadline=Deadline(settings.ORDER_BUDGET_SECONDS)
    )
    return order.step == Step.DONE

"""The configured payment provider, behind its circuit breaker."""

from collections.abc import Callable, Mapping
from functools import cache

from django.conf import settings

from orders.payments.breaker import BreakerGateway
from orders.payments.gateway import PaymentGateway
from orders.payments.mock import MockGateway
from orders.payments.stripe import StripeGateway

GATEWAYS: Mapping[str, Callable[[], PaymentGateway]] = {"mock": MockGateway, "stripe": StripeGateway}


@cache
def payment_gateway() -> BreakerGateway:
    """Return the provider that ``PAYMENT_GATEWAY`` names, one per process."""
    return BreakerGateway(GATEWAYS[settings.PAYMENT_GATEWAY]())

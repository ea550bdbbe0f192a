"""The configured payment provider."""

from collections.abc import Callable, Mapping
from functools import cache

from django.conf import settings

from orders.payments.gateway import PaymentGateway
from orders.payments.mock import MockGateway

GATEWAYS: Mapping[str, Callable[[], PaymentGateway]] = {"mock": MockGateway}


@cache
def payment_gateway() -> PaymentGateway:
    """Return the provider that ``PAYMENT_GATEWAY`` names, one per process."""
    return GATEWAYS[settings.PAYMENT_GATEWAY]()

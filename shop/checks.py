"""What ``manage.py check --deploy`` refuses to put before real customers."""

import os
import re
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 (Django's own name)

from shop.browsers import LOCAL_ORIGIN

# Stripe counts these in other units than hundredths (docs.stripe.com/currencies).
_WHOLE = (
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "JPY",
    "KMF",
    "KRW",
    "MGA",
    "PYG",
    "RWF",
    "UGX",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
)
_THOUSANDTHS = ("BHD", "JOD", "KWD", "OMR", "TND")
NOT_IN_HUNDREDTHS = frozenset(_WHOLE + _THOUSANDTHS)


def _check_stripe() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.STRIPE_API_BASE:
        found.append(Error("STRIPE_API_BASE sends cards and keys to another host.", id="shop.E005"))
    if "_test_" in settings.STRIPE_SECRET_KEY:
        found.append(Error("STRIPE_SECRET_KEY is a test key: it takes no money.", id="shop.E006"))
    if settings.CURRENCY in NOT_IN_HUNDREDTHS:
        found.append(
            Error("CURRENCY has not two decimals at Stripe: amounts would be wrong.", id="shop.E007")
        )
    if not settings.STRIPE_WEBHOOK_SECRET:
        found.append(
            Warning("STRIPE_WEBHOOK_SECRET is unset: Stripe's events are not taken.", id="shop.W002")
        )
    return found


@register(Tags.security, deploy=True)
def check_no_faults(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Refuse a shop that is told to fail."""
    if os.environ.get("SHOP_FAILPOINTS"):
        return [Error("SHOP_FAILPOINTS makes this shop fail on purpose.", id="shop.E009")]
    return []


def _check_database() -> list[CheckMessage]:
    database = settings.DATABASES["default"]
    if database["ENGINE"] != "shop.mysql":
        return [Error("Orders must be in MySQL: other databases take no row locks.", id="shop.E004")]
    if database["OPTIONS"].get("ssl_mode") != "VERIFY_IDENTITY":
        return [
            Warning("DATABASE_SSL_CA is unset: the connection to MySQL is not verified TLS.", id="shop.W001")
        ]
    return []


def _is_weak(key: str) -> bool:
    """Tell whether a key can be guessed: Django's measure (50 characters), and more than a few different ones."""
    return len(key) < 50 or len(set(key)) < 10 or key.startswith("django-insecure-")


def _check_keys() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if _is_weak(settings.SECRET_KEY):
        found.append(Error("DJANGO_SECRET_KEY can be guessed: take 50 random characters.", id="shop.E012"))
    if any(_is_weak(key) for key in settings.SECRET_KEY_FALLBACKS):
        found.append(Error("DJANGO_SECRET_KEY_FALLBACKS has a key that can be guessed.", id="shop.E013"))
    return found


def _check_origins() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.CORS_ALLOW_LOCAL_ORIGINS or any(
        re.fullmatch(LOCAL_ORIGIN, origin) for origin in settings.CORS_ALLOWED_ORIGINS
    ):
        found.append(Error("CORS lets pages of anyone's own machine call the shop.", id="shop.E015"))
    elif not all(origin.startswith("https://") for origin in settings.CORS_ALLOWED_ORIGINS):
        found.append(
            Error("CORS_ALLOWED_ORIGINS has an http origin: anyone on the way can be it.", id="shop.E016")
        )
    if not all(re.fullmatch(r"https://[^*]+", origin) for origin in settings.CSRF_TRUSTED_ORIGINS):
        found.append(
            Error("DJANGO_CSRF_TRUSTED_ORIGINS must hold https origins without wildcards.", id="shop.E017")
        )
    return found


def _check_limits() -> list[CheckMessage]:
    limits = [name for name in dir(settings) if name.startswith("LIMIT_")]
    found: list[CheckMessage] = [
        Warning(f"{name} is 0: there is no such limit.", id="shop.W003")
        for name in limits
        if not getattr(settings, name)
    ]
    if settings.BEHIND_TLS_PROXY and not settings.TRUSTED_PROXY_HOPS:
        found.append(
            Warning("TRUSTED_PROXY_HOPS is 0: all who come by the proxy share one limit.", id="shop.W004")
        )
    return found


@register(Tags.security, deploy=True)
def check_surface(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Refuse debugging, keys that can be guessed, and doors wider than they need be; warn where nothing limits."""
    found: list[CheckMessage] = []
    if settings.DEBUG:
        found.append(Error("DJANGO_DEBUG shows source and settings to strangers.", id="shop.E011"))
    if any(host.startswith((".", "*")) for host in settings.ALLOWED_HOSTS):
        found.append(Error("DJANGO_ALLOWED_HOSTS has a wildcard: name each host.", id="shop.E014"))
    found += [
        Error(f"{name} is not https: its keys could be anyone's.", id="shop.E018")
        for name in ("COGNITO_ISSUER", "COGNITO_JWKS_URL")
        if not getattr(settings, name).startswith("https://")
    ]
    if not settings.COGNITO_JWKS_URL.startswith(f"{settings.COGNITO_ISSUER}/"):
        found.append(Error("COGNITO_JWKS_URL is not the pool's: others' tokens would count.", id="shop.E019"))
    if settings.STAFF_LOCAL_ACCOUNTS:
        found.append(
            Warning(
                "STAFF_LOCAL_ACCOUNTS lets accounts into the back office that the user pool knows nothing of.",
                id="shop.W005",
            )
        )
    return found + _check_keys() + _check_origins() + _check_limits()


@register(Tags.security, deploy=True)
def check_production(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Refuse open access, emulators and play money."""
    found: list[CheckMessage] = []
    if not settings.REQUIRE_AUTH:
        found.append(Error("REQUIRE_AUTH is false: anyone may change the catalogue.", id="shop.E001"))
    if any(name.startswith("AWS_ENDPOINT_URL") and value for name, value in os.environ.items()):
        found.append(Error("AWS_ENDPOINT_URL… names an emulator.", id="shop.E002"))
    if settings.PAYMENT_GATEWAY == "mock" and not settings.PAYMENTS_ARE_MOCK:
        found.append(
            Error(
                "PAYMENT_GATEWAY=mock takes no money; say PAYMENTS_ARE_MOCK=yes if that is meant.",
                id="shop.E003",
            )
        )
    if settings.PAYMENT_GATEWAY == "stripe":
        found += _check_stripe()
    if settings.ORDER_LEASE_SECONDS <= settings.ORDER_BUDGET_SECONDS:
        slow = "ORDER_LEASE_SECONDS must exceed ORDER_BUDGET_SECONDS: slow orders would be worked on twice."
        found.append(Error(slow, id="shop.E010"))
    if settings.ORDER_PROCESSING == "async" and not settings.ORDER_QUEUE_URL.startswith("https://sqs."):
        found.append(Error("ORDER_QUEUE_URL is not the address of an SQS queue.", id="shop.E008"))
    return found + _check_database()

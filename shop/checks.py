"""What ``manage.py check --deploy`` refuses to put before real customers."""

import os
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 (Django's own name)


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
    database = settings.DATABASES["default"]
    if database["ENGINE"] != "django.db.backends.mysql":
        found.append(Error("Orders must be in MySQL: other databases take no row locks.", id="shop.E004"))
    elif database["OPTIONS"].get("ssl_mode") != "VERIFY_IDENTITY":
        found.append(
            Warning("DATABASE_SSL_CA is unset: the connection to MySQL is not verified TLS.", id="shop.W001")
        )
    return found

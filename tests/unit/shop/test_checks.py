"""`manage.py check --deploy` refuses, one by one, what must not meet customers."""

import secrets
from types import SimpleNamespace

import pytest

from shop.checks import check_no_faults, check_production, check_surface

MYSQL = {
    "default": {"ENGINE": "shop.mysql", "OPTIONS": {"ssl_mode": "VERIFY_IDENTITY"}},
}
PRODUCTION = {
    "DEBUG": False,
    "SECRET_KEY": secrets.token_urlsafe(48),
    "SECRET_KEY_FALLBACKS": [],
    "ALLOWED_HOSTS": ["shop.example.com"],
    "CSRF_TRUSTED_ORIGINS": [],
    "CORS_ALLOWED_ORIGINS": [],
    "CORS_ALLOW_LOCAL_ORIGINS": False,
    "COGNITO_ISSUER": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Pool",
    "COGNITO_JWKS_URL": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Pool/.well-known/jwks.json",
    "REQUIRE_AUTH": True,
    "PAYMENT_GATEWAY": "stripe",
    "PAYMENTS_ARE_MOCK": False,
    "STRIPE_API_BASE": "",
    "STRIPE_SECRET_KEY": "sk_live_x",
    "STRIPE_WEBHOOK_SECRET": "whsec_x",
    "CURRENCY": "USD",
    "ORDER_BUDGET_SECONDS": 8,
    "ORDER_LEASE_SECONDS": 15,
    "ORDER_PROCESSING": "sync",
    "ORDER_QUEUE_URL": "",
    "DATABASES": MYSQL,
    "BEHIND_TLS_PROXY": True,
    "TRUSTED_PROXY_HOPS": 1,
    "LIMIT_LOGIN_PER_ACCOUNT": 10,
    "STAFF_LOCAL_ACCOUNTS": False,
    "LIMIT_ORDERS_PER_USER": 30,
}


@pytest.fixture
def found(monkeypatch):
    """The ids of what the checks find with production's settings, but for these."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SQS", "SHOP_FAILPOINTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", raising=False)

    def ids(**changes):
        monkeypatch.setattr("shop.checks.settings", SimpleNamespace(**PRODUCTION | changes))
        checks = (check_no_faults, check_production, check_surface)
        return [message.id for check in checks for message in check(None)]

    return ids


def test_production_as_it_should_be_has_nothing_to_find(found):
    assert found() == []


@pytest.mark.parametrize(
    ("changes", "ids"),
    [
        ({"REQUIRE_AUTH": False}, ["shop.E001"]),
        ({"PAYMENT_GATEWAY": "mock"}, ["shop.E003"]),
        ({"PAYMENT_GATEWAY": "mock", "PAYMENTS_ARE_MOCK": True}, []),
        ({"DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "OPTIONS": {}}}}, ["shop.E004"]),
        ({"DATABASES": {"default": {"ENGINE": "shop.mysql", "OPTIONS": {}}}}, ["shop.W001"]),
        ({"STRIPE_API_BASE": "http://localhost:1"}, ["shop.E005"]),
        ({"STRIPE_SECRET_KEY": "sk_test_x"}, ["shop.E006"]),
        ({"CURRENCY": "JPY"}, ["shop.E007"]),
        ({"STRIPE_WEBHOOK_SECRET": ""}, ["shop.W002"]),
        ({"ORDER_PROCESSING": "async", "ORDER_QUEUE_URL": "http://localhost/q"}, ["shop.E008"]),
        ({"ORDER_LEASE_SECONDS": 8}, ["shop.E010"]),
        ({"DEBUG": True}, ["shop.E011"]),
        ({"SECRET_KEY": secrets.token_urlsafe(24)}, ["shop.E012"]),
        ({"SECRET_KEY": "ab" * 40}, ["shop.E012"]),
        ({"SECRET_KEY": "django-insecure-" + secrets.token_urlsafe(48)}, ["shop.E012"]),
        ({"SECRET_KEY_FALLBACKS": [secrets.token_urlsafe(48)]}, []),
        ({"SECRET_KEY_FALLBACKS": [secrets.token_urlsafe(48), "short"]}, ["shop.E013"]),
        ({"ALLOWED_HOSTS": ["shop.example.com", "*"]}, ["shop.E014"]),
        ({"ALLOWED_HOSTS": [".example.com"]}, ["shop.E014"]),
        ({"CORS_ALLOW_LOCAL_ORIGINS": True}, ["shop.E015"]),
        ({"CORS_ALLOWED_ORIGINS": ["https://app.example.com"]}, []),
        ({"CORS_ALLOWED_ORIGINS": ["http://localhost:5173"]}, ["shop.E015"]),
        ({"CORS_ALLOWED_ORIGINS": ["https://127.0.0.1"]}, ["shop.E015"]),
        ({"CORS_ALLOWED_ORIGINS": ["http://[::1]:3000"]}, ["shop.E015"]),
        ({"CORS_ALLOWED_ORIGINS": ["https://app.example.com", "http://app.example.com"]}, ["shop.E016"]),
        ({"CSRF_TRUSTED_ORIGINS": ["https://admin.example.com"]}, []),
        ({"CSRF_TRUSTED_ORIGINS": ["http://admin.example.com"]}, ["shop.E017"]),
        ({"CSRF_TRUSTED_ORIGINS": ["https://*.example.com"]}, ["shop.E017"]),
        ({"COGNITO_ISSUER": "http://localhost:4566/pool"}, ["shop.E018", "shop.E019"]),
        ({"COGNITO_JWKS_URL": "http://localhost:4566/pool/keys"}, ["shop.E018", "shop.E019"]),
        ({"COGNITO_JWKS_URL": f"{PRODUCTION['COGNITO_ISSUER']}2/jwks.json"}, ["shop.E019"]),
        ({"LIMIT_ORDERS_PER_USER": 0}, ["shop.W003"]),
        ({"LIMIT_LOGIN_PER_ACCOUNT": 0, "LIMIT_ORDERS_PER_USER": 0}, ["shop.W003", "shop.W003"]),
        ({"TRUSTED_PROXY_HOPS": 0}, ["shop.W004"]),
        ({"TRUSTED_PROXY_HOPS": 0, "BEHIND_TLS_PROXY": False}, []),
        ({"STAFF_LOCAL_ACCOUNTS": True}, ["shop.W005"]),
    ],
)
def test_each_setting_is_found_by_its_own_check(found, changes, ids):
    assert found(**changes) == ids


@pytest.mark.parametrize(
    ("name", "check"), [("AWS_ENDPOINT_URL_SQS", "shop.E002"), ("SHOP_FAILPOINTS", "shop.E009")]
)
def test_emulators_and_faults_on_purpose_are_found_in_the_environment(found, monkeypatch, name, check):
    assert found() == []
    monkeypatch.setenv(name, "http://localhost:4566")

    assert [message.id for message in [*check_no_faults(None), *check_production(None)]] == [check]

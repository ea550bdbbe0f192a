"""A client whose every answer is held against the OpenAPI document, and callers to call as."""

import json
import re
import time
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.apps import apps
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

from orders.models import IdempotencyKey, Order, database_now
from orders.payments.ledger import MockLedgerEntry
from products import services
from products.models import TABLES
from products.sample import load_sample_catalogue
from shop import limits
from tests.conftest import Api
from tests.tokens import CLIENT, ISSUER, SigningKey, jwks, make_token
from users import cognito
from users.callers import Caller
from users.emails import EmailCache
from users.jwks import KeyCache
from users.tokens import Claims

ANN = Caller(sub="a0000000-0000-4000-8000-00000000000a")
BOB = Caller(sub="b0000000-0000-4000-8000-00000000000b")
ADMIN = Caller(sub="c0000000-0000-4000-8000-00000000000c", groups=frozenset({"admin"}))
SAMPLE = {
    "email": "customer@example.com",
    "items": [
        {"productId": "prod_001", "productName": 'MacBook Pro 16"', "quantity": 1, "price": 2499.99},
        {"productId": "prod_002", "productName": "iPhone 15 Pro", "quantity": 2, "price": 1299.99},
    ],
}

NOON = 1_800_014_400  # the start of an hour, and so of every window of a limit
LAMP = {"name": "Desk lamp", "price": 39.9, "stock": 25, "category": "Home", "description": "Warm light."}


class Contract:
    """The OpenAPI document, as a judge of answers."""

    def __init__(self, document):
        self.document = json.loads(json.dumps(document, default=str))
        self.paths = {
            re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))): operations
            for path, operations in self.document["paths"].items()
        }

    def judge(self, method, path, response):
        """Fail unless status, media type and body are as documented (for what is documented at all)."""
        found = [
            operations for pattern, operations in self.paths.items() if pattern.fullmatch(path.split("?")[0])
        ]
        operation = found[0].get(method.lower()) if found else None
        if operation is None:
            return
        documented = operation["responses"].get(str(response.status_code))
        assert documented, f"{method} {path} answered {response.status_code}, which is not documented"
        if not response.content:
            return
        media = response["Content-Type"].split(";")[0]
        if media == "text/html":  # a page for people is no part of the API
            return
        assert media in documented["content"], f"{method} {path} {response.status_code} answered {media}"
        shape = documented["content"][media]["schema"]
        body = json.loads(response.content)
        Draft202012Validator({**shape, "components": self.document["components"]}).validate(body)
        if media == "application/problem+json":
            assert f"`{body['code']}`" in documented["description"], f"{body['code']} is not documented here"


class CheckedApi(Api):
    """The client of :mod:`tests.conftest`, whose answers are judged and parsed."""

    contract: Contract

    def send(self, method, path, body=None, **headers):
        response = super().send(method, path, body, **headers)
        if not getattr(response, "streaming", False):
            self.contract.judge(method, path, response)
            is_json = "json" in response.headers.get("Content-Type", "") and response.content
            response.body = json.loads(response.content) if is_json else None
        return response

    def signed_in(self, caller):
        """Call as this caller from here on; None calls without a token."""
        claims = caller and Claims(
            sub=caller.sub,
            groups=caller.groups,
            client_id="c",
            username=caller.sub,
            issued_at=0,
            expires_at=0,
            access_token="the-token",
        )
        self.force_authenticate(user=caller, token=cast(Any, claims))
        return self


@pytest.fixture(scope="session")
def contract():
    return Contract(SchemaGenerator().get_schema(request=None, public=True))


@pytest.fixture
def api(contract):
    client = CheckedApi()
    client.contract = contract
    return client


@pytest.fixture
def sample_catalogue(tables):
    """prod_001 and prod_002 as they are when the shop opens."""
    load_sample_catalogue()
    for product_id, stock in (("prod_001", 50), ("prod_002", 100)):
        services.update_product(product_id, changes={"stock": stock}, expected_version=None)


@pytest.fixture(autouse=True)
def _every_card_is_good(settings):
    settings.MOCK_PAYMENT_SUCCESS_RATE = Decimal(1)


@pytest.fixture
def orders_of():
    """Record orders without driving the saga: (user id, how many) → orders, oldest first."""

    def make(user_id, count=1, **fields):
        return [
            Order.objects.create(
                **{"created_at": database_now(), **fields},
                user_id=user_id,
                user_email="ann@example.com",
                total=Decimal("12.50"),
                currency="USD",
                item_count=1,
            )
            for _ in range(count)
        ]

    return make


def assert_problem(response, status, code, *faults):
    """Assert the one shape of every failure; ``faults`` are (pointer, code) pairs."""
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    body = response.body
    assert list(body) == [
        "type", "title", "status", "detail", "instance", "success", "code", "errors", "requestId",
    ]  # fmt: skip
    assert (body["status"], body["code"], body["success"]) == (status, code, False)
    assert body["type"] == f"/docs/errors#{code}"
    assert body["requestId"] == response["X-Request-ID"]
    assert [(fault["field"], fault["code"]) for fault in body["errors"]] == list(faults)


def body_for(shelf, quantity=1, **more):
    return {
        "email": "ann@example.com",
        "items": [{"productId": shelf.product_id, "quantity": quantity}],
        **more,
    }


def assert_nothing_was_saved():
    assert not Order.objects.exists()
    assert not IdempotencyKey.objects.exists()
    assert not MockLedgerEntry.objects.exists()


# ---- callers with tokens, and a pool that only listens -----------------------------------------------------------

TOKENS = {"AccessToken": "a", "IdToken": "i", "RefreshToken": "r", "ExpiresIn": 900}


class SilentPool:
    """Cognito's client as the service sees it: every call works, none has an effect, all are written down."""

    answers = {
        "sign_up": {"UserSub": ANN.sub, "UserConfirmed": False},
        "initiate_auth": {"AuthenticationResult": TOKENS},
        "get_tokens_from_refresh_token": {"AuthenticationResult": TOKENS},
        "get_user": {
            "Username": ANN.sub,
            "UserAttributes": [
                {"Name": "email", "Value": "ann@example.com"},
                {"Name": "name", "Value": "Ann"},
            ],
        },
    }

    def __init__(self):
        self.calls = []

    def __getattr__(self, operation):
        def call(**arguments):
            self.calls.append((operation, arguments))
            return self.answers.get(operation, {})

        return call

    @property
    def changes(self):
        """What it was asked to do, beyond telling."""
        return [operation for operation, _ in self.calls if operation != "get_user"]


@pytest.fixture
def pool(monkeypatch):
    """A user pool that answers well, and nobody behind it."""
    silent = SilentPool()
    monkeypatch.setattr(cognito, "cognito_client", lambda: silent)
    monkeypatch.setattr(cognito, "_emails", EmailCache(max_age_seconds=300, max_size=10))
    return silent


@pytest.fixture(scope="session")
def pool_key():
    return SigningKey("pool-key=")


@pytest.fixture
def bearer(pool_key, monkeypatch, settings):
    """The Authorization header of a caller: a token that the service verifies as any other."""
    settings.COGNITO_ISSUER, settings.COGNITO_CLIENT_ID = ISSUER, CLIENT
    keys = KeyCache(fetch=lambda: jwks(pool_key))
    monkeypatch.setattr("users.tokens.signing_keys", lambda: keys)
    issued = int(time.time()) - 5

    def header(caller):
        if caller is None:
            return {}
        token = make_token(
            pool_key,
            sub=caller.sub,
            username=caller.sub,
            groups=sorted(caller.groups),
            iat=issued,
            exp=issued + 900,
        )
        return {"Authorization": f"Bearer {token}"}

    return header


def everything_kept():
    """Every row of MySQL and every item of the catalogue and the stock, to tell that nothing has changed."""
    rows = {
        model.__name__: list(model._default_manager.order_by("pk").values())
        for model in apps.get_models()
        if model._meta.managed
    }
    items = {
        table.__name__: sorted(
            json.dumps(item.to_dynamodb_dict(), sort_keys=True) for item in table.scan(consistent_read=True)
        )
        for table in TABLES
    }
    return rows | items


@pytest.fixture
def clock(monkeypatch):
    """The limits' clock; it stands ten minutes after noon until it is set."""
    clock = SimpleNamespace(now=NOON + 600)
    monkeypatch.setattr(limits, "time", SimpleNamespace(time=lambda: clock.now))
    return clock

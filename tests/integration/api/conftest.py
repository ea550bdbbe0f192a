"""A client whose every answer is held against the OpenAPI document, and callers to call as."""

import json
import re
from decimal import Decimal
from typing import Any, cast

import pytest
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

from orders.models import IdempotencyKey, Order, database_now
from orders.payments.ledger import MockLedgerEntry
from products import services
from products.sample import load_sample_catalogue
from tests.conftest import Api
from users.callers import Caller
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

"""In the API browser, each prefilled example succeeds when pressed, from top to bottom."""

import uuid
from dataclasses import replace

import pytest
from django.db import connection

from tests.journeys.conftest import Shop, make_account, sign_in

pytestmark = [pytest.mark.journey, pytest.mark.dynamodb, pytest.mark.cognito]

# These need something that only the person pressing has.
NOT_PRESSED = {
    "refresh_tokens": "one's own refresh token",
    "confirm_new_email": "a code that Cognito sends to a new address; the stand-in sends none",
}
METHODS = ("get", "post", "put", "patch", "delete")


def example_of(described):
    return next(iter(described["examples"].values()))["value"]


def press(shop: Shop, path: str, method: str, operation: dict):
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", str(example_of(parameter)))
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return shop.send(method.upper(), path, example_of(content) if content else None)


def with_an_account(shop: Shop) -> Shop:
    """Sign someone new in: a call may have signed out, or deleted, whoever made the one before."""
    make_account(email := f"{uuid.uuid4().hex}@example.com")
    return replace(shop, token=sign_in(shop, email))


def test_each_example_succeeds_in_the_order_of_the_page(open_shop):
    schema = open_shop.send("GET", "/schema").body
    if connection.vendor == "mysql":  # the order of the examples is the first of a fresh shop
        connection.cursor().execute("ALTER TABLE orders AUTO_INCREMENT = 1")
    answers = {}

    for path, operations in schema["paths"].items():
        for method in METHODS:
            if (operation := operations.get(method)) is None or operation["operationId"] in NOT_PRESSED:
                continue
            own_account = path.startswith("/users/") and operation.get("security")
            shop = with_an_account(open_shop) if own_account else open_shop
            answers[operation["operationId"]] = press(shop, path, method, operation)

    assert {name: answer.body for name, answer in answers.items() if answer.status >= 300} == {}
    assert len(answers) + len(NOT_PRESSED) == sum(
        method in operations for operations in schema["paths"].values() for method in METHODS
    )

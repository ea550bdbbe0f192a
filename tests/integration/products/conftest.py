"""The catalogue's tests run twice: with reads by the short way, and with all calls by botocore."""

from collections.abc import Iterator
from typing import Any

import pytest

from shop import aws
from shop.aws import dynamodb_connection
from shop.dynamo_reads import LeanReads


@pytest.fixture(autouse=True, params=[True, False], ids=["lean reads", "botocore alone"])
def transport(request: pytest.FixtureRequest, settings: Any) -> Iterator[None]:
    """Which way DynamoDB's reads go."""
    settings.DYNAMODB_LEAN_READS = request.param
    aws._dynamodb_connection.cache_clear()
    assert isinstance(dynamodb_connection(), LeanReads) is request.param
    yield
    aws._dynamodb_connection.cache_clear()

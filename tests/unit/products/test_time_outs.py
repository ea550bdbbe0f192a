"""Silence from DynamoDB, as botocore and PynamoDB report it, is a passing failure and never a crash."""

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from pynamodb.exceptions import GetError, TableError, TransactWriteError, UpdateError

from shop.dynamo import codes_of, is_passing

SILENCES = [
    ReadTimeoutError(endpoint_url="http://dynamodb"),
    ConnectTimeoutError(endpoint_url="http://dynamodb"),
    EndpointConnectionError(endpoint_url="http://dynamodb"),
]


@pytest.mark.parametrize("silence", SILENCES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("kind", [GetError, UpdateError, TableError, TransactWriteError])
def test_silence_is_passing_and_has_no_code(kind, silence):
    error = kind("no answer", silence)

    assert codes_of(error) == set()
    assert is_passing(error)
    assert is_passing(silence)


@pytest.mark.parametrize("code", ["TransactionCanceledException", "500", "502", "503", "504"])
def test_a_failure_that_does_not_say_what_was_refused_is_passing(code):
    cause = ClientError({"Error": {"Code": code}}, "TransactWriteItems")

    assert is_passing(TransactWriteError("cancelled", cause))

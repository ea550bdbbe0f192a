"""Unit tests reach no server: a socket is an error, and DynamoDB's answers are put into botocore's mouth."""

import json
from collections import Counter
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from shop.aws import dynamodb_connection


@pytest.fixture(autouse=True)
def _no_sockets(socket_disabled):
    pass


class Raw:
    """The body of a canned answer, read as botocore reads it."""

    def __init__(self, content):
        self.content = content

    def stream(self, **_):
        yield self.content


class Script:
    """What DynamoDB answers, call by call; a call without an answer left is a failure of the test."""

    def __init__(self):
        self.calls: Counter[str] = Counter()
        self.requests: list[tuple[str, Any]] = []
        self._answers: list[tuple[int, Any]] = []

    def then(self, status, body):
        """Answer the next call with this."""
        self._answers.append((status, body))
        return self

    def then_raise(self, error):
        """Fail the next call before it leaves."""
        self._answers.append((0, error))
        return self

    def then_refuse(self, code, status=400):
        """Refuse the next call with an error code."""
        return self.then(
            status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "in words"}
        )

    def then_cancel(self, *codes):
        """Cancel the next transaction: one code per action, or None."""
        reasons = [{"Code": code or "None", **({"Message": "in words"} if code else {})} for code in codes]
        return self.then(
            400,
            {
                "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                "Message": "Transaction cancelled",
                "CancellationReasons": reasons,
            },
        )

    @property
    def is_over(self):
        return not self._answers

    def __call__(self, request, **_):
        operation = request.headers["X-Amz-Target"].decode().split(".")[-1]
        self.calls[operation] += 1
        self.requests.append((operation, json.loads(request.body)))
        assert self._answers, f"nobody said what {operation} answers"
        status, body = self._answers.pop(0)
        if isinstance(body, Exception):
            raise body
        headers = HTTPHeaders.from_dict(
            {"x-amzn-requestid": "r", "content-type": "application/x-amz-json-1.0"}
        )
        return AWSResponse(request.url, status, headers, Raw(json.dumps(body).encode()))


@pytest.fixture
def dynamodb():
    """A DynamoDB that answers as told, and only what it is asked for."""
    script = Script()
    events = dynamodb_connection().client.meta.events
    events.register_first("before-send.dynamodb", script)
    yield script
    events.unregister("before-send.dynamodb", script)
    assert script.is_over, "not every answer was asked for"


@pytest.fixture
def naps(monkeypatch):
    """How long each pause between two tries would have been, in seconds; nobody sleeps."""
    slept: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", slept.append)
    return slept

"""What gunicorn refuses reads as everything that the shop refuses, and quotes nothing."""

import json
import uuid

import pytest
from gunicorn.http import errors
from structlog.testing import capture_logs

from shop.http_worker import HEADERS, ProblemWorker, status_of

SECRET = "Bearer eyJhbGciOiJub25lIn0.e30."  # pragma: allowlist secret (signed by nobody)


class FakeSocket:
    """A client's connection that keeps what it is sent."""

    def __init__(self, *, gone=False):
        self.sent, self.gone = b"", gone

    def gettimeout(self):
        return 0.0

    def sendall(self, data):
        if self.gone:
            raise BrokenPipeError
        self.sent += data


@pytest.fixture
def refuse():
    """Let the worker answer an error; return what was sent and logged."""

    def answer(error, *, request=None, gone=False):
        client = FakeSocket(gone=gone)
        with capture_logs() as lines:
            ProblemWorker.handle_error(
                object.__new__(ProblemWorker), request, client, ("127.0.0.1", 1), error
            )
        return client.sent, lines

    return answer


@pytest.mark.parametrize(
    ("error", "status", "code", "reason"),
    [
        (errors.InvalidRequestLine(SECRET), 400, "invalid_request", "InvalidRequestLine"),
        (errors.InvalidHeader(SECRET), 400, "invalid_request", "InvalidHeader"),
        (errors.InvalidHTTPVersion((0, 9)), 400, "invalid_request", "InvalidHTTPVersion"),
        (errors.LimitRequestLine(5000, 4094), 414, "uri_too_long", "LimitRequestLine"),
        (errors.ExpectationFailed(SECRET), 417, "expectation_failed", "ExpectationFailed"),
        (errors.LimitRequestHeaders(SECRET), 431, "headers_too_large", "LimitRequestHeaders"),
        (errors.UnsupportedTransferCoding(SECRET), 501, "not_implemented", "UnsupportedTransferCoding"),
    ],
)
def test_what_is_not_http_is_a_problem_and_one_line_without_a_word_of_it(refuse, error, status, code, reason):
    sent, lines = refuse(error)

    head, _, raw = sent.partition(b"\r\n\r\n")
    first, *fields = head.decode("ascii").split("\r\n")
    headers = dict(field.split(": ", 1) for field in fields)
    body = json.loads(raw)
    assert first.startswith(f"HTTP/1.1 {status} ")
    assert (
        headers.items()
        >= {
            **HEADERS,
            "Connection": "close",
            "Content-Type": "application/problem+json",
            "Content-Length": str(len(raw)),
        }.items()
    )
    assert (body["status"], body["code"], body["success"]) == (status, code, False)
    assert body["requestId"] == headers["X-Request-ID"] == str(uuid.UUID(headers["X-Request-ID"]))
    assert lines == [
        {
            "event": "request",
            "log_level": "info",
            "method": "-",
            "path": "-",
            "status": status,
            "ms": 0.0,
            "problem": code,
            "reason": reason,
            "request_id": headers["X-Request-ID"],
        }
    ]
    assert b"eyJ" not in sent


def test_what_is_wrong_with_a_body_after_the_answer_is_logged_and_not_answered_again(refuse):
    sent, lines = refuse(errors.InvalidChunkSize(b"zz"), request=object())

    assert sent == b""
    assert [(line["status"], line["reason"]) for line in lines] == [(400, "InvalidChunkSize")]


@pytest.mark.parametrize("request_", [None, object()])
@pytest.mark.parametrize(
    "error", [RuntimeError(SECRET), errors.InvalidResponseHeader("X"), errors.ConfigurationProblem("x")]
)
def test_a_fault_of_ours_is_a_500_that_says_nothing(refuse, error, request_):
    sent, lines = refuse(error, request=request_)

    assert sent.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert b'"code":"internal_error"' in sent
    assert b"eyJ" not in sent
    assert [(line["log_level"], line["problem"], line["exc_info"]) for line in lines] == [
        ("error", "internal_error", error)
    ]


def test_a_client_that_left_is_not_answered(refuse):
    sent, lines = refuse(errors.InvalidRequestLine("x"), gone=True)

    assert sent == b""
    assert len(lines) == 1


def test_every_error_of_the_parser_has_a_status():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]

    assert len(kinds) > 20
    assert {status_of(kind.__new__(kind)) for kind in kinds} == {400, 414, 417, 431, 500, 501}
    assert status_of(TimeoutError()) == 500

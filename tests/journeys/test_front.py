"""The front on real nginx: what it refuses, how it says so, and what it never sends twice."""

import pytest

from shop import http_worker
from shop.browsers import PERMISSIONS_POLICY
from tests.front import PLAIN, Reply, connect, exchange, post, recording_server, reply_on, running_front
from tests.journeys.conftest import free_port

pytestmark = [pytest.mark.nginx, pytest.mark.journey]


# ---- what it refuses ---------------------------------------------------------------------------------------

REFUSED = {
    "no HTTP at all": (b"garbage\r\n\r\n", 400, "invalid_request", "/"),
    "TLS where none is spoken": (b"\x16\x03\x01\x02\x00\x01\x00\r\n", 400, "invalid_request", "/"),
    "no Host": (b"GET /products HTTP/1.1\r\n\r\n", 400, "invalid_request", "/products"),
    "no Host, as HTTP/1.0 may": (b"GET /products HTTP/1.0\r\n\r\n", 400, "invalid_request", "/products"),
    "an empty Host": (b"GET /products HTTP/1.1\r\nHost:\r\n\r\n", 400, "invalid_request", "/products"),
    "two Hosts": (b"GET /orders HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "invalid_request", "/orders"),
    "a broken escape": (b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400, "invalid_request", "/"),
    "out of the root": (b"GET /../etc HTTP/1.1\r\nHost: a\r\n\r\n", 400, "invalid_request", "/"),
    "a length and chunks": (
        b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        "invalid_request",
        "/orders",
    ),
    "two lengths": (
        b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        400,
        "invalid_request",
        "/orders",
    ),
    "its own page": (b"GET /front/problem HTTP/1.1\r\nHost: a\r\n\r\n", 404, "not_found", "/front/problem"),
    "TRACE": (b"TRACE /orders HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method_not_allowed", "/orders"),
    "a body over 1 MiB": (
        b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n",
        413,
        "payload_too_large",
        "/orders",
    ),
    "chunks over 1 MiB": (
        b"POST /orders HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\na",
        413,
        "payload_too_large",
        "/orders",
    ),
    "a request line of 4,095 bytes": (
        b"GET /" + b"a" * 4081 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        414,
        "uri_too_long",
        "/",
    ),
    "a request line of 50 kB": (
        b"GET /" + b"a" * 50_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        414,
        "uri_too_long",
        "/",
    ),
    "a header of 9 kB": (
        b"GET /orders HTTP/1.1\r\nHost: a\r\nX-Long: " + b"a" * 9_000 + b"\r\n\r\n",
        431,
        "headers_too_large",
        "/orders",
    ),
    "headers of 40 kB": (
        b"GET /orders HTTP/1.1\r\nHost: a\r\n" + (b"X-Long: " + b"a" * 4_000 + b"\r\n") * 10 + b"\r\n",
        431,
        "headers_too_large",
        "/orders",
    ),
}


def assert_is_a_refusal(reply: Reply, *, status: int, code: str, instance: str) -> None:
    problem = reply.problem
    own = {"title", "detail", "requestId"}
    assert reply.status == status
    assert {name: value for name, value in problem.items() if name not in own} == {
        "type": f"/docs/errors#{code}",
        "status": status,
        "instance": instance,
        "success": False,
        "code": code,
        "errors": [],
    }
    assert own < problem.keys()
    assert reply.headers["X-Request-ID"] == problem["requestId"]
    expected = {**http_worker.HEADERS, "Permissions-Policy": PERMISSIONS_POLICY, "Server": "nginx"}
    assert {name: reply.headers.get(name) for name in expected} == expected
    assert "Strict-Transport-Security" not in reply.headers


@pytest.mark.parametrize(("raw", "status", "code", "instance"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_request_is_a_problem_and_goes_no_further(front, behind, raw, status, code, instance):
    reply = exchange(front.port, raw)

    assert_is_a_refusal(reply, status=status, code=code, instance=instance)
    assert behind.seen == []
    [line] = front.refusals(1)
    assert (line["status"], line["path"], line["request_id"]) == (
        status,
        instance,
        reply.problem["requestId"],
    )
    assert (line["level"], line["event"], line["client"]) == ("warning", "refused by the front", "127.0.0.1")


def test_a_refusal_quotes_nothing_of_the_query_and_nothing_that_json_would_trip_over(front):
    token = b"eyJhbGciOi.J9"
    raw = b'GET /a"b\\?token=' + token + b" HTTP/1.1\r\nX: " + token * 900 + b"\r\n\r\n"

    reply = exchange(front.port, raw)

    assert_is_a_refusal(reply, status=431, code="headers_too_large", instance="/")
    assert token not in reply.body
    assert token.decode() not in str(front.refusals(1))


@pytest.mark.parametrize(
    "secret",
    [
        "ann@example.com",
        "ann%40example.com",
        "eyJhbGciOi.J9.c2ln",
        "sk_live_4eC39HqLyjW",  # pragma: allowlist secret (nobody's)
        "A" * 65,
    ],
)
def test_the_log_has_no_path_or_id_that_could_be_a_secret(front, secret):
    reply = exchange(front.port, f"TRACE /orders/{secret} HTTP/1.1\r\nHost: a\r\n\r\n".encode())

    assert reply.problem["instance"] == f"/orders/{secret}"
    if "%" not in secret:
        exchange(front.port, f"TRACE /orders HTTP/1.1\r\nHost: a\r\nX-Request-ID: {secret}\r\n\r\n".encode())
        assert front.refusals(2)[1]["path"] == "/orders"
    assert front.refusals(1)[0]["path"] == "-"
    assert len(secret) > 64 or secret not in front.log.read_text()


def test_a_caller_who_asks_too_large_may_not_go_on_with_another_request(front, behind):
    with connect(front.port, post("/orders", b"", "X: y").replace(b"Length: 0", b"Length: 2000000")) as wire:
        assert reply_on(wire, method="POST").headers["Connection"] == "close"

    assert behind.seen == []


# ---- when nothing answers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_behind_is_503_with_a_time_to_come_back(tmp_path, method):
    port, upstream = free_port(), free_port()
    request = (
        f"{method} /orders?a=b HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\nX-Request-ID: mine\r\n\r\n"
    )
    with running_front(tmp_path, port=port, upstream=upstream) as front:
        reply = exchange(port, request.encode())

        assert_is_a_refusal(reply, status=503, code="service_unavailable", instance="/orders")
        assert (reply.headers["Retry-After"], reply.headers["X-Request-ID"]) == ("2", "mine")
        [line] = front.refusals(1)
        assert (line["status"], line["method"], line["request_id"]) == (503, method, "mine")
        # As soon as somebody is there again, all is well: the front does not sulk.
        with recording_server(upstream) as behind:
            assert exchange(port, PLAIN).status == 200
            assert len(behind.seen) == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_write_that_nobody_answered_is_not_sent_again(front, behind, method):
    request = f"{method} /orders/1/cancel HTTP/1.1\r\nHost: shop\r\nContent-Length: 2\r\n\r\n{{}}".encode()
    with connect(front.port, request) as wire:
        assert reply_on(wire, method=method).status == 200
        behind.answer = lambda _seen: False
        wire.sendall(request)  # the same client, whose connection is kept
        assert reply_on(wire, method=method).problem["code"] == "service_unavailable"

    assert len(behind.seen) == 2
    # A new connection each: none can be one that is just being closed.
    assert len({seen.connection for seen in behind.seen}) == 2


def test_a_read_on_a_connection_that_was_closed_meanwhile_is_sent_again(front, behind):
    assert [exchange(front.port, PLAIN).status for _ in range(2)] == [200, 200]
    kept = {seen.connection for seen in behind.seen}
    assert len(kept) == 1
    behind.answer = lambda seen: seen.connection not in kept

    assert exchange(front.port, PLAIN).status == 200
    assert len(behind.seen) == 4


def test_a_read_that_fails_on_a_new_connection_fails(front, behind):
    behind.answer = lambda _seen: False

    assert exchange(front.port, PLAIN).problem["code"] == "service_unavailable"
    assert len(behind.seen) == 1

"""Bytes that no honest client sends, to gunicorn as it serves: refused exactly, and nothing else happens."""

import json
import socket

import pytest

from orders.models import Order
from tests.journeys.conftest import PASSWORD, make_account, sign_in

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

ORDER = json.dumps(
    {"email": "ann+approve@example.com", "items": [{"productId": "prod_001", "quantity": 1}]}
).encode()
POST = b"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
GET = b"GET /docs/errors HTTP/1.1\r\nHost: localhost\r\n"
LAST = b"Connection: close\r\n\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(ORDER)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(ORDER), ORDER)


def tell(shop, data):
    """Send bytes, read until the server closes; return the answers as (status, code or None, headers)."""
    with socket.create_connection(("127.0.0.1", shop.port), timeout=20) as wire:
        wire.sendall(data)
        received = b""
        while part := wire.recv(65536):
            received += part
    return list(_answers(received))


def _answers(received):
    while received:
        head, _, received = received.partition(b"\r\n\r\n")
        first, *fields = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (field.split(": ", 1) for field in fields)}
        status = int(first.split()[1])
        if status == 100:
            continue
        length = int(headers["content-length"])
        body, received = received[:length], received[length:]
        is_problem = headers["content-type"] == "application/problem+json"
        yield status, json.loads(body)["code"] if is_problem else None, headers


def request_lines(written):
    """What is told of requests, which is all that is told (figures have no "event")."""
    lines = [line for line in map(json.loads, written.splitlines()) if "event" in line]
    assert {line["event"] for line in lines} == {"request"}
    return lines


REFUSED = {
    # framing: where one request ends and the next begins
    "two lengths": (POST + LENGTH + LENGTH + LAST + ORDER, 400, "invalid_request"),
    "two lengths that differ": (POST + LENGTH + b"Content-Length: 3\r\n" + LAST + ORDER, 400, "invalid_request"),
    "a list of lengths": (POST + b"Content-Length: 5, 5\r\n" + LAST + ORDER, 400, "invalid_request"),
    "a length with a sign": (POST + b"Content-Length: +5\r\n" + LAST + ORDER, 400, "invalid_request"),
    "a negative length": (POST + b"Content-Length: -1\r\n" + LAST, 400, "invalid_request"),
    "length and chunks": (POST + LENGTH + CHUNKED + LAST + CHUNKS, 400, "invalid_request"),
    "chunks": (POST + CHUNKED + LAST + CHUNKS, 411, "length_required"),
    "broken chunks": (POST + CHUNKED + LAST + b"zz\r\n", 411, "length_required"),
    "chunked twice": (POST + b"Transfer-Encoding: chunked, chunked\r\n" + LAST + CHUNKS, 400, "invalid_request"),
    "chunks of another kind": (POST + b"Transfer-Encoding: xchunked\r\n" + LAST, 501, "not_implemented"),
    "compressed without chunks": (POST + b"Transfer-Encoding: gzip\r\n" + LAST, 400, "invalid_request"),
    "chunks in HTTP/1.0": (POST.replace(b"1.1", b"1.0") + CHUNKED + LAST + CHUNKS, 400, "invalid_request"),
    "a blank before the colon": (POST + b"Transfer-Encoding : chunked\r\n" + LAST, 400, "invalid_request"),
    "a folded header": (POST + b"X-A: b\r\n c\r\n" + LAST, 400, "invalid_request"),
    "bare LF after the first line": (b"GET /products HTTP/1.1\nHost: localhost\r\n\r\n", 400, "invalid_request"),
    "bare LF in the headers": (b"GET /products HTTP/1.1\r\nHost: localhost\n\n", 400, "invalid_request"),
    "bare CR in a header": (GET + b"X-A: b\rc\r\n" + LAST, 400, "invalid_request"),
    "NUL in a header": (GET + b"X-A: b\0c\r\n" + LAST, 400, "invalid_request"),
    "no host": (GET.partition(b"Host")[0] + LAST, 400, "invalid_request"),
    "two hosts": (GET + b"Host: evil.example\r\n" + LAST, 400, "invalid_request"),
    # the first line
    "HTTP/0.9": (b"GET /products\r\n\r\n", 400, "invalid_request"),
    "HTTP/2 by word": (b"GET /products HTTP/2.0\r\nHost: localhost\r\n\r\n", 400, "invalid_request"),
    "HTTP/2 as it begins": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "invalid_request"),
    "no version": (b"GET /products FTP/1.1\r\n\r\n", 400, "invalid_request"),
    "TLS where none is": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "invalid_request"),
    "a raw byte in the address": (b"GET /products/\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "invalid_request"),
    "the address of a proxy": (b"GET evil.example:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "invalid_request"),
    "a long first line": (b"GET /products?" + b"a" * 4100 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414, "uri_too_long"),
    "a method in lower case": (GET.replace(b"GET", b"get") + LAST, 400, "invalid_request"),
    "a method of one letter": (GET.replace(b"GET", b"G") + LAST, 400, "invalid_request"),
    "an unknown method": (GET.replace(b"GET", b"BREW") + LAST, 405, "method_not_allowed"),
    "TRACE": (GET.replace(b"GET", b"TRACE") + LAST, 405, "method_not_allowed"),
    # headers
    "too many headers": (GET + b"".join(b"X-%d: 1\r\n" % n for n in range(70)) + LAST, 431, "headers_too_large"),
    "a long header": (GET + b"X-A: " + b"a" * 8200 + b"\r\n" + LAST, 431, "headers_too_large"),
    "a header without end": (GET + b"X-A: " + b"a" * 600_000, 431, "headers_too_large"),
    "a header without a name": (GET + b": x\r\n" + LAST, 400, "invalid_request"),
    "an expectation of another kind": (POST + LENGTH + b"Expect: a-miracle\r\n" + LAST, 417, "expectation_failed"),
    "an unknown host": (GET.replace(b"localhost", b"evil.example") + LAST, 400, "invalid_request"),
    "a host with a path": (GET.replace(b"localhost", b"localhost/x") + LAST, 400, "invalid_request"),
    # sizes
    "a body above the limit, announced": (POST + b"Content-Length: 1048577\r\n" + LAST, 413, "payload_too_large"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_once_and_the_next_request_is_served(open_shop, name):
    data, status, code = REFUSED[name]

    ((answered, told, headers),) = tell(open_shop, data)

    assert (answered, told) == (status, code)
    assert headers["content-type"] == "application/problem+json"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert "'none'" in headers["content-security-policy"]
    assert headers.get("server", "gunicorn") == "gunicorn"  # without its version
    assert not Order.objects.exists()
    assert [answer[0] for answer in tell(open_shop, GET + LAST)] == [200]


def test_what_follows_a_refused_request_on_its_connection_is_never_read(open_shop):
    """A body cut short by a smuggled length would be the second request."""
    smuggled = POST + LENGTH + LAST + ORDER

    for name, (data, status, _code) in REFUSED.items():
        if data.endswith((b"\r\n\r\n", ORDER)) and status != 414:
            statuses = [answer[0] for answer in tell(open_shop, data + smuggled)]
            assert statuses == [status], name

    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "header",
    [
        b"X_Forwarded_Proto: https",
        b"SCRIPT_NAME: /docs",
        b"PATH_INFO: /orders",
        b"Content_Length: 3",
        b"HOST_: evil",
    ],
)
def test_a_header_with_an_underscore_is_as_if_it_were_not_there(open_shop, header):
    ((status, _, _),) = tell(open_shop, GET + header + b"\r\n" + LAST)

    assert status == 200


@pytest.mark.parametrize(
    "header",
    [
        b"X-Forwarded-Host: evil.example",
        b"X-Forwarded-Proto: https",
        b"X-Forwarded-Ssl: on",
        b"X-Forwarded-Port: 444",
        b"Forwarded: host=evil.example;proto=https",
    ],
)
def test_no_header_moves_the_shop_to_another_address(open_shop, header):
    with socket.create_connection(("127.0.0.1", open_shop.port), timeout=20) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n" + header + b"\r\n" + LAST)
        page = b"".join(iter(lambda: wire.recv(65536), b""))

    assert b" 200 OK\r\n" in page
    assert b"curl &#x27;http://localhost/products" in page or b"curl 'http://localhost/products" in page
    assert b"evil" not in page
    assert b"https" not in page.partition(b"\r\n\r\n")[2]


def test_an_absolute_address_is_answered_for_its_path_under_the_host_header(open_shop):
    absolute = GET.replace(b"/docs/errors", b"http://localhost/docs/errors")
    assert [answer[0] for answer in tell(open_shop, absolute + LAST)] == [200]

    elsewhere = absolute.replace(b"Host: localhost", b"Host: evil.example")
    assert [answer[0] for answer in tell(open_shop, elsewhere + LAST)] == [400]


def test_who_waits_to_be_asked_for_the_body_is_asked(open_shop):
    with socket.create_connection(("127.0.0.1", open_shop.port), timeout=20) as wire:
        wire.sendall(POST + LENGTH + b"Expect: 100-continue\r\n" + LAST)
        assert wire.recv(1024) == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.sendall(ORDER)
        answer = b"".join(iter(lambda: wire.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 201 ")
    assert Order.objects.count() == 1


def test_two_requests_in_one_go_are_two_answers(open_shop):
    statuses = [answer[0] for answer in tell(open_shop, GET + b"\r\n" + GET + LAST)]

    assert statuses == [200, 200]


def test_nothing_of_a_refused_request_is_in_the_log(open_shop):
    before = len(open_shop.log.read_text())
    secret = (
        b"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"  # pragma: allowlist secret (signed by nobody)
    )
    tell(open_shop, GET + b"Authorization Bearer hunter2-" + secret + b"\r\n" + LAST)
    tell(open_shop, b"GET /x?password=hunter2 HTTP/9.9\r\nHost: localhost\r\n\r\n")
    tell(
        open_shop,
        b"GET /users/ann%40example.com%0Aforged/"
        + secret
        + b"?p=hunter2 HTTP/1.1\r\nHost: localhost\r\n"
        + LAST,
    )

    written = open_shop.log.read_text()[before:]
    assert [(line["status"], line["problem"]) for line in request_lines(written)] == [
        (400, "invalid_request"),
        (400, "invalid_request"),
        (404, "not_found"),
    ]
    for hidden in ("hunter2", "eyJ", "ann", "c2lnbmF0dXJl"):
        assert hidden not in written


def test_the_log_names_the_caller_by_sub_and_holds_nothing_else_of_anyone(closed_shop_server):
    shop, email = closed_shop_server, "surface.log@example.com"
    make_account(email)
    before = len(shop.log.read_text())

    token = sign_in(shop, email)
    shop.token = token
    try:
        sub = shop.send("GET", "/users/me").body["user"]["userId"]
        assert shop.send("GET", "/orders/0").status == 404
        assert shop.send("GET", f"/orders/{token}/{email}").status == 404
    finally:
        shop.token = ""
    assert shop.send("GET", "/orders", Authorization=f"Bearer {token}x").status == 401
    assert shop.send("POST", "/users/login", {"email": email, "password": "wrong-Passw0rd!"}).status == 401

    written = shop.log.read_text()[before:]
    assert [
        (line["status"], line.get("sub"), line.get("problem"), line.get("reason"))
        for line in request_lines(written)
    ] == [
        (200, None, None, None),
        (200, sub, None, None),
        (404, sub, "order_not_found", None),
        (404, None, "not_found", None),  # no address of ours, so no token was looked at
        (401, None, "invalid_token", "The access token is not valid: malformed."),
        (401, None, "invalid_credentials", None),
    ]
    for hidden in ("surface.log", token, token.split(".")[1], PASSWORD, "wrong-Passw0rd!"):
        assert hidden not in written

"""Attacks on HTTP: addresses, methods, hosts, headers, and requests of which two readers see two."""

from collections.abc import Callable
from typing import Any

from tests.attack.attack import Attack
from tests.attack.siege import Siege
from tests.attack.wire import FRONT, HOST, Reply, request

NOT_HTTP = (400, "invalid_request")
BODY = b'{"email": "a@example.com", "items": [{"productId": "prod_003", "quantity": 1}]}'


def attack(title: str, send: Callable[[Siege], Reply], status: int, code: str = "", **more: Any) -> Attack:
    return Attack(kind="http", title=title, send=send, status=status, code=code, **more)


def at(
    title: str,
    target: str,
    status: int = 404,
    code: str = "not_found",
    *,
    method: str = "GET",
    **options: Any,
) -> Attack:
    """A request of Bob's for an address."""
    return attack(
        title, lambda siege: siege.call(method, target, token=siege.bob.token, **options), status, code
    )


def headed(title: str, *headers: tuple[str, str], status: int = 400, code: str = "invalid_request") -> Attack:
    """An order of Bob's with more headers."""
    return attack(title, lambda siege: siege.place(token=siege.bob.token, headers=headers), status, code)


def smuggled(
    title: str, *headers: str, status: int = 400, code: str = "invalid_request", body: bytes = b""
) -> Attack:
    """An order of Bob's whose length is told in two ways; a second order follows it."""

    def send(siege: Siege) -> Reply:
        second = request(
            "POST", "/orders", headers=[("Authorization", f"Bearer {siege.bob.token}")], body=BODY
        )
        lines = ["POST /orders HTTP/1.1", f"Host: {HOST}", *(f"{name}: {value}" for name, value in FRONT)]
        lines += [
            f"Authorization: Bearer {siege.bob.token}",
            "Content-Type: application/json",
            *headers,
            "",
            "",
        ]
        return siege.raw("\r\n".join(lines).encode() + (body or BODY) + second, method="POST")

    return attack(title, send, status, code)


def first_line(title: str, line: str, status: int = 400, code: str = "invalid_request") -> Attack:
    """A request with this first line."""
    return attack(
        title,
        lambda siege: siege.raw(f"{line}\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode("latin-1")),
        status,
        code,
    )


def front_page(siege: Siege, **options: Any) -> Reply:
    """Ask for the page that writes its own address."""
    headers = [*options.pop("headers", ()), ("Accept", "text/html")]
    return siege.call("GET", "/", headers=headers, **options)


def names_no_other(_siege: Siege, reply: Reply) -> None:
    assert b"evil.example" not in reply.body
    assert HOST.encode() in reply.body


def fresh_id(_siege: Siege, reply: Reply) -> None:
    """The request's id is one of ours."""
    assert len(reply.header("X-Request-ID") or "") == 36


ADDRESSES = [
    at("path traversal", "/products/../../../etc/passwd"),
    at("path traversal, encoded", "/static/%2e%2e/%2e%2e/manage.py"),
    at("path traversal, encoded twice", "/static/%252e%252e%252fmanage.py"),
    at("path traversal with backslashes", "/static/..%5c..%5cmanage.py"),
    at("path traversal in overlong UTF-8", "/static/%c0%ae%c0%ae/manage.py"),
    at("NUL in the path", "/products/%00", code="product_not_found"),
    at("CRLF in the path", "/orders/1%0d%0a%7B%22event%22:%22forged%22%7D", code="order_not_found"),
    at("script in the path", "/%3Cscript%3Ealert(1)%3C/script%3E"),
    at("`;jsessionid` behind a product", "/products/prod_001;jsessionid=1", code="product_not_found"),
    at("`/.env`", "/.env"),
    at("`/.git/config`", "/.git/config"),
    attack("`/admin/..;/orders`", lambda siege: siege.call("GET", "/admin/..;/orders", token=siege.bob.token), 302, effect="sent to sign in"),
    at("an address of 5,000 characters", "/products/" + "x" * 5000, 414, "uri_too_long"),
    at("a query of 5,000 characters", "/products?category=" + "x" * 5000, 414, "uri_too_long"),
    at("a whole address of another host as the target", "http://evil.example/orders/1", code="order_not_found"),
]  # fmt: skip

METHODS = [
    at("TRACE", "/orders", 405, "method_not_allowed", method="TRACE"),
    at("CONNECT", "/orders", 405, "method_not_allowed", method="CONNECT"),
    at("an unknown method", "/orders", 405, "method_not_allowed", method="BREW"),
    at("a method in small letters", "/orders", *NOT_HTTP, method="get"),
    attack(
        "`X-HTTP-Method-Override: DELETE`",
        lambda siege: siege.call("POST", "/products/prod_001", {}, token=siege.admin.token, headers=[("X-HTTP-Method-Override", "DELETE"), ("X-Method-Override", "DELETE")]),
        405,
        "method_not_allowed",
    ),
    attack("`_method=DELETE`", lambda siege: siege.call("POST", "/products/prod_001?_method=DELETE", {"_method": "DELETE"}, token=siege.admin.token), 405, "method_not_allowed"),
    first_line("no version", "GET /products"),
    first_line("HTTP/9.9", "GET /products HTTP/9.9"),
    first_line("the preface of HTTP/2", "PRI * HTTP/2.0"),
    first_line("a raw byte in the address", "GET /products/\xff HTTP/1.1"),
]  # fmt: skip

HOSTS = [
    at("another Host", "/orders", *NOT_HTTP, host="evil.example"),
    at("a Host that ends like ours", "/orders", *NOT_HTTP, host=f"evil{HOST}"),
    at("a Host that begins like ours", "/orders", *NOT_HTTP, host=f"{HOST}.evil.example"),
    at("a Host with a user", "/orders", *NOT_HTTP, host=f"{HOST}@evil.example"),
    at("no Host", "/orders", *NOT_HTTP, host=""),
    at("two Hosts", "/orders", *NOT_HTTP, headers=[("Host", "evil.example")]),
    attack("X-Forwarded-Host", lambda siege: front_page(siege, headers=[("X-Forwarded-Host", "evil.example"), ("Forwarded", "host=evil.example")]), 200, effect="not heeded", then=names_no_other),
]  # fmt: skip

HEADERS = [
    headed("a header of 16 KB", ("X-Big", "x" * 16_384), status=431, code="headers_too_large"),
    headed("200 headers", *((f"X-{number}", "x") for number in range(200)), status=431, code="headers_too_large"),
    headed("NUL in a header", ("X-Nul", "a\0b")),
    headed("a bare CR in a header", ("X-Cr", "a\rSet-Cookie: x=y")),
    headed("a header folded over two lines", ("X-Folded", "a\r\n b")),
    headed("a space before the colon, behind a real token", ("X-Space ", "x")),
    headed("`Expect: evil`", ("Expect", "evil"), status=417, code="expectation_failed"),
    headed("an empty Idempotency-Key", ("Idempotency-Key", ""), code="invalid_idempotency_key"),
    headed("an Idempotency-Key of 256 characters", ("Idempotency-Key", "k" * 256), code="invalid_idempotency_key"),
    headed("an Idempotency-Key beyond ASCII", ("Idempotency-Key", "k\u00e9"), code="invalid_idempotency_key"),
    headed("an Idempotency-Key with a tab inside", ("Idempotency-Key", "a\tb"), code="invalid_idempotency_key"),
    attack("a log line as X-Request-ID", lambda siege: siege.call("GET", "/orders/0", token=siege.bob.token, headers=[("X-Request-ID", '", "event": "forged')]), 404, "order_not_found", then=fresh_id),
    attack("an X-Request-ID of 4 KB", lambda siege: siege.call("GET", "/orders/0", token=siege.bob.token, headers=[("X-Request-ID", "x" * 4096)]), 404, "order_not_found", then=fresh_id),
    attack("letters beyond ASCII as X-Request-ID", lambda siege: siege.call("GET", "/orders/0", token=siege.bob.token, headers=[("X-Request-ID", "\u00e9" * 9)]), 404, "order_not_found", then=fresh_id),
]  # fmt: skip

SMUGGLING = [
    smuggled("Content-Length and Transfer-Encoding", f"Content-Length: {len(BODY)}", "Transfer-Encoding: chunked"),
    smuggled("two Content-Lengths", f"Content-Length: {len(BODY)}", "Content-Length: 0"),
    smuggled("a list of Content-Lengths", f"Content-Length: {len(BODY)}, 0"),
    smuggled("Content-Length with a sign", f"Content-Length: +{len(BODY)}"),
    smuggled("Content-Length negative", "Content-Length: -1"),
    smuggled("Content-Length hexadecimal", "Content-Length: 0x10"),
    smuggled("Transfer-Encoding twice", "Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
    smuggled("an unknown Transfer-Encoding", "Transfer-Encoding: xchunked", status=501, code="not_implemented"),
    smuggled("Transfer-Encoding behind a tab", "Transfer-Encoding:\x0bchunked"),
    smuggled("Transfer-Encoding with a space before the colon", "Transfer-Encoding : chunked"),
    smuggled("chunks without a length", "Transfer-Encoding: chunked", "Connection: close", status=411, code="length_required", body=f"{len(BODY):x}\r\n".encode() + BODY + b"\r\n0\r\n\r\n"),
]  # fmt: skip

HTTP = [*ADDRESSES, *METHODS, *HOSTS, *HEADERS, *SMUGGLING]

"""Attacks with bodies: JSON that two parsers read differently, numbers that are none, and sizes without end."""

import gzip
import json
from typing import Any

from tests.attack.attack import Attack
from tests.attack.siege import Siege
from tests.attack.wire import JSON, Reply

GOOD = '{"items": [{"productId": "prod_003", "quantity": 1}], "email": "a@example.com"%s}'
BOMB = gzip.compress(b'{"a": "' + b"0" * 50_000_000 + b'"}')
ENTITY = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><order><email>&f;</email></order>"""


def text(title: str, body: str | bytes, code: str = "invalid_json") -> Attack:
    """An order with this very text."""
    raw = body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
    return sent(title, raw, 400, code)


def sent(title: str, body: bytes, status: int, code: str, *, kind: str = JSON, headers: Any = ()) -> Attack:
    """An order with these bytes, of this media type."""

    def send(siege: Siege) -> Reply:
        return siege.call("POST", "/orders", body, token=siege.bob.token, kind=kind, headers=headers)

    return Attack(kind="bodies", title=title, send=send, status=status, code=code)


def member(title: str, literal: str, code: str = "invalid_json") -> Attack:
    """An order with one more member of this JSON text."""
    return text(title, GOOD % f', "metadata": {literal}', code)


def quantity(title: str, literal: str, code: str = "invalid_request") -> Attack:
    """An order of this many."""
    return text(
        f"quantity {title}",
        f'{{"email": "a@example.com", "items": [{{"productId": "prod_003", "quantity": {literal}}}]}}',
        code,
    )


def lines(count: int) -> bytes:
    return json.dumps(
        {
            "email": "a@example.com",
            "items": [{"productId": f"p{number}", "quantity": 1} for number in range(count)],
        }
    ).encode()


JSON_TEXTS = [
    text("two members of one name", '{"email": "a@example.com", "items": [], "items": [{"productId": "prod_003", "quantity": 1}]}'),
    text("two quantities in one line", '{"email": "a@example.com", "items": [{"productId": "prod_003", "quantity": 1, "quantity": 9999}]}'),
    quantity("NaN", "NaN", "invalid_json"),
    quantity("Infinity", "Infinity", "invalid_json"),
    quantity("−Infinity", "-Infinity", "invalid_json"),
    member("nested 40 deep", '{"a":' * 40 + "1" + "}" * 40),
    text("nested 200,000 deep", "[" * 200_000),
    text("a byte order mark", b"\xef\xbb\xbf" + (GOOD % "").encode()),
    text("UTF-16", (GOOD % "").encode("utf-16")),
    text("broken UTF-8", b'{"items": [], "email": "\xc3\x28@example.com"}'),
    text("overlong UTF-8", b'{"items": [], "email": "\xc0\xaf@example.com"}'),
    member("half a surrogate pair", '{"note": "\\ud800"}'),
    member("NUL in a text", '{"note": "a\\u0000b"}'),
    member("NUL in a name", '{"a\\u0000b": "x"}'),
    member("a raw control character", '{"note": "a\x01b"}'),
    text("something behind the end", GOOD % "" + " {}"),
    text("comments", "/* */ " + GOOD % ""),
    text("single quotes", "{'items': []}"),
    text("nothing", b"", "invalid_request"),
    text("a list in place of an object", "[]", "invalid_request"),
    text("`null` in place of an object", "null", "invalid_request"),
    member("an exponent beyond all decimals", "1e99999999999999999999"),
    member("an integer of 5,000 digits", "9" * 5000),
]  # fmt: skip

NUMBERS = [
    quantity("as a text", '"1"'),
    quantity("as a fraction", "1.0"),
    quantity("as an exponent", "1e2"),
    quantity("`true`", "true"),
    quantity("in Arabic digits", '"\u0661"'),
    quantity("0", "0"),
    quantity("−1", "-1"),
    quantity("2⁶⁴", str(2**64)),
    quantity("a list", "[1]"),
    quantity("an operator", '{"$gt": 0}'),
]  # fmt: skip

SHAPES = [
    sent("51 products", lines(51), 400, "invalid_request"),
    sent("100,000 lines in a mebibyte", b'{"items": [' + b"{}," * 100_000 + b"{}]}", 400, "invalid_request"),
    text("10,000 unknown members", json.dumps({f"m{number}": 0 for number in range(10_000)}), "invalid_request"),
    text("`__proto__`", '{"__proto__": {"admin": true}, "email": "a@example.com", "items": [{"productId": "prod_003", "quantity": 1}]}', "invalid_request"),
    text("`constructor.prototype`", '{"constructor": {"prototype": {"admin": true}}, "items": []}', "invalid_request"),
    text("`$where` for a product", '{"email": "a@example.com", "items": [{"productId": {"$where": "sleep(5000)"}, "quantity": 1}]}', "invalid_request"),
    text("SQL for a product", '{"email": "a@example.com", "items": [{"productId": "x\' OR \'1\'=\'1", "quantity": 1}]}', "unknown_product"),
    text("a path for a product", '{"email": "a@example.com", "items": [{"productId": "../../prod_001", "quantity": 1}]}', "unknown_product"),
    member("21 keys of metadata", json.dumps({str(number): "x" for number in range(21)}), "invalid_request"),
    member("an object as metadata's value", '{"a": {"b": "c"}}', "invalid_request"),
    text("CRLF in an e-mail address", '{"email": "a@example.com\\r\\nBcc: b@example.com", "items": [{"productId": "prod_003", "quantity": 1}]}', "invalid_request"),
]  # fmt: skip

MEDIA = [
    sent("a byte more than a mebibyte", b" " * 1_048_577, 413, "payload_too_large"),
    sent("a gzip bomb: 50 MB in 50 KB", BOMB, 415, "unsupported_media_type", headers=[("Content-Encoding", "gzip")]),
    sent("XML with an external entity", ENTITY, 415, "unsupported_media_type", kind="application/xml"),
    sent("JSON called plain text (a form of another site can send that)", (GOOD % "").encode(), 415, "unsupported_media_type", kind="text/plain"),
    sent("a form", b"email=a%40example.com&items=x", 415, "unsupported_media_type", kind="application/x-www-form-urlencoded"),
    sent("a form in parts", b"--x\r\n\r\n--x--", 415, "unsupported_media_type", kind="multipart/form-data; boundary=x"),
    sent("YAML", b"!!python/object/apply:os.system ['id']", 415, "unsupported_media_type", kind="application/yaml"),
    sent("a pickle", b"cos\nsystem\n(S'id'\ntR.", 415, "unsupported_media_type", kind="application/x-python-pickle"),
    sent("no media type", (GOOD % "").encode(), 415, "unsupported_media_type", kind=""),
]  # fmt: skip

BODIES = [*JSON_TEXTS, *NUMBERS, *SHAPES, *MEDIA]

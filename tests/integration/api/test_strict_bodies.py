"""What is not strictly the JSON that a call takes is refused over HTTP, by its exact code, and nothing is saved."""

import gzip
import json
import zlib

import pytest

from tests.integration.api.conftest import assert_nothing_was_saved, assert_problem

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db, pytest.mark.usefixtures("tables")]

LINE = b'{"email": "ann@example.com", "items": [{"productId": "prod_001", "quantity": %s}]}'
CALLS = [
    ("POST", "/orders"),
    ("POST", "/products"),
    ("PATCH", "/products/prod_001"),
    ("POST", "/users/login"),
]


@pytest.mark.parametrize(
    "number", [b'"1"', b"1.0", b"1e0", b"1E2", b"true", b"null", b"[1]", b"-0.0", '"\u0661"'.encode()]
)
def test_a_quantity_is_a_whole_number_and_nothing_like_it(api, number):
    response = api.send("POST", "/orders", LINE % number)

    assert (response.status_code, response.body["code"]) == (400, "invalid_request")
    assert [fault["field"] for fault in response.body["errors"]] == ["/items/0/quantity"]
    assert_nothing_was_saved()


@pytest.mark.parametrize(
    "number", ["\u0661".encode(), b"+1", b"01", b"1_0", b"0x1", b"1.", b"NaN", b"-Infinity", b"9" * 5000]
)
def test_what_json_has_no_number_for_is_no_json(api, number):
    assert_problem(api.send("POST", "/orders", LINE % number), 400, "invalid_json")
    assert_nothing_was_saved()


BROKEN = {
    "a mark of byte order": b"\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
    "bad UTF-8": b'{"email": "\xff"}',
    "half a pair": b'{"email": "\\ud800"}',
    "half a pair in a name": b'{"\\udfff": 1}',
    "NUL": b'{"email": "a\\u0000b"}',
    "NUL in a name": b'{"a\\u0000": 1}',
    "a name twice": b'{"email": "a@example.com", "email": "b@example.com"}',
    "a name twice, deep": b'{"items": [{"productId": "a", "productI\\u0064": "b"}]}',
    "33 deep": b'{"a":' * 33 + b"1" + b"}" * 33,
    "two values": b"{} {}",
    "a comment": b"{} // x",
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize(("method", "path"), CALLS)
def test_broken_json_is_refused_by_every_call(api, method, path, body):
    assert_problem(api.send(method, path, body), 400, "invalid_json")
    assert_nothing_was_saved()


def test_32_deep_is_json_still(api):
    body = b'{"a":' * 31 + b"[]" + b"}" * 31

    assert_problem(api.send("POST", "/orders", body), 400, "invalid_request", ("/a", "unknown_field"))


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"null", "null"), *((body, "not_an_object") for body in (b"[]", b'"x"', b"1", b"true"))],
)
@pytest.mark.parametrize(("method", "path"), CALLS)
def test_json_that_is_no_object_is_refused_by_every_call(api, method, path, body, code):
    assert_problem(api.send(method, path, body), 400, "invalid_request", ("", code))


BOMB = gzip.compress(b'{"a":"' + b"x" * 50_000_000 + b'"}')


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", BOMB),
        ("GZIP", gzip.compress(b"{}")),
        ("deflate", zlib.compress(b"{}")),
        ("br", b"{}"),
        ("gzip, identity", b"{}"),
    ],
    ids=["a bomb", "in capitals", "deflate", "br", "two"],
)
@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_packed_body_is_never_unpacked(api, method, path, encoding, body):
    response = api.send(method, path, body, **{"Content-Encoding": encoding})

    assert_problem(response, 415, "unsupported_media_type")
    assert_nothing_was_saved()


def test_a_packed_body_that_says_nothing_of_it_is_no_json(api):
    assert_problem(api.send("POST", "/orders", gzip.compress(json.dumps({}).encode())), 400, "invalid_json")

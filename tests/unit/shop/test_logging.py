"""No log line holds a token, a secret or a whole e-mail address."""

import json
import logging
import logging.config
import time
from decimal import Decimal

import pytest
import structlog
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from shop.logging import facts_of, loggable_path, mask, mask_event, note

TOKEN = "eyJraWQiOiJhIn0.eyJzdWIiOiJiIn0.c2lnbmF0dXJl"  # pragma: allowlist secret (signed by nobody)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("order of ann.lee+tag@example.com placed", "order of a***@example.com placed"),
        ("ann@example.com,bob@example.org", "a***@example.com,b***@example.org"),
        ("<Ann@Sub.Example.CO.UK>", "<A***@Sub.Example.CO.UK>"),
        (f"Bearer {TOKEN}", "Bearer [token]"),
        (f"token={TOKEN}&x=1", "token=[token]&x=1"),
        ("nothing to hide", "nothing to hide"),
        ("user@localhost", "user@localhost"),
        ("mary!j@example.com", "m***@example.com"),
        ("o'brien@exämple.com", "o***@exämple.com"),
        ("ann@[192.0.2.7]", "a***@[192.0.2.7]"),
        ("/users/ann%40example.com", "/***@example.com"),
        ("/a/ann.lee%2540example.com/b", "/***@example.com/b"),
        ("Bearer opaque-token-1234", "Bearer [token]"),
        ("bearer  not.a/jwt==, and more", "bearer  [token], and more"),
        ("torn eyJraWQiOiJh", "torn [token]"),
        ("/x/eyJraWQi%2EeyJzdWIi", "/x/[token]"),
        ("key sk_live_4eC39HqLyjWD here", "key [token] here"),
        ("rk_test_abc and whsec_abc", "[token] and [token]"),
        ("AKIAIOSFODNN7EXAMPLE", "[token]"),  # pragma: allowlist secret (Amazon's own example)
        ("Authorization: Basic YW5uOnNlY3JldA==", "Authorization: Basic [token]"),
        (f"mysql://shop:{'x' * 9}@db/shop", "mysql://shop:[token]@db/shop"),
        ("http://127.0.0.1:4566/a:b/c", "http://127.0.0.1:4566/a:b/c"),
        ("the eye of a skier, on basic skis", "the eye of a skier, on basic skis"),
    ],
)
def test_addresses_and_tokens_are_masked(text, masked):
    assert mask(text) == masked


@given(st.emails(domains=st.just("example.com")))
def test_of_any_address_one_letter_and_the_domain_are_left(address):
    assert mask(f"to {address},") == f"to {address[0]}***@example.com,"


def test_a_long_text_without_an_address_costs_little():
    began = time.perf_counter()

    assert mask("a" * 100_000) == "a" * 100_000
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "new_password",
        "SECRET_HASH",
        "accessToken",
        "refresh_token",
        "Authorization",
        "cookie",
        "code",
    ],
)
def test_what_is_named_like_a_secret_is_hidden_whatever_it_is(name):
    assert mask_event(None, "info", {"event": "x", name: "plain"}) == {"event": "x", name: "[hidden]"}


def test_what_is_not_text_stays():
    event = {"event": "request", "status": 200, "ms": 1.5, "error_code": "card_declined"}

    assert mask_event(None, "info", dict(event)) == event


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        (
            {"to": "ann@example.com", "password": "x", "n": 1},
            {"to": "a***@example.com", "password": "[hidden]", "n": 1},
        ),
        (["ann@example.com", {"token": "x"}], ["a***@example.com", {"token": "[hidden]"}]),
        (("ann@example.com", None), ["a***@example.com", None]),
        (ValueError("to ann@example.com"), "ValueError('to a***@example.com')"),
        (Decimal("12.50"), "Decimal('12.50')"),
    ],
)
def test_nothing_hides_in_the_depth_of_a_value(value, masked):
    assert mask_event(None, "info", {"detail": value}) == {"detail": masked}


def test_every_line_is_one_json_object_with_the_request_id_and_no_secret(log_lines):
    read = log_lines("json")

    with structlog.contextvars.bound_contextvars(request_id="req-1"):
        structlog.get_logger("shop.test").warning("paid", email="ann@example.com", token="t", order_id=7)
        logging.getLogger("some.library").info("called by %s with %s", "ann@example.com", TOKEN)

    ours, theirs = (json.loads(line) for line in read())
    assert ours.pop("timestamp").endswith("Z")
    assert ours == {
        "email": "a***@example.com",
        "token": "[hidden]",
        "order_id": 7,
        "event": "paid",
        "request_id": "req-1",
        "logger": "shop.test",
        "level": "warning",
    }
    assert theirs["event"] == "called by a***@example.com with [token]"
    assert theirs["request_id"] == "req-1"


def test_the_traceback_of_a_bug_is_one_line_and_masked_too(log_lines):
    read = log_lines("json")
    try:
        int("ann@example.com")
    except ValueError:
        structlog.get_logger("shop.test").exception("broke")

    (line,) = read()
    assert "ValueError: invalid literal" in json.loads(line)["exception"]
    assert "ann@" not in line


def test_people_read_a_request_in_one_glance(log_lines):
    read = log_lines("console")

    structlog.get_logger("shop.request").info("request", method="GET", path="/products", status=200, ms=1.5)

    (line,) = read()
    assert "200 GET /products (1.5 ms)" in line


def test_nothing_below_the_level_is_written(log_lines):
    read = log_lines("json")

    structlog.get_logger("shop.test").debug("whisper")
    logging.getLogger("botocore").info("chatter")

    assert read() == []


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/orders/7", "/orders/7"),
        ("/products/" + "x" * 64, "/products/" + "x" * 64),
        ("/reset/" + "x" * 65 + "/now", "/reset/[long]/now"),
        ("/a" * 200, ("/a" * 200)[:256]),
    ],
)
def test_a_path_is_logged_as_far_as_one_of_ours_can_reach(path, logged):
    assert loggable_path(path) == logged


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("break_", ["\n", "\r\n", "\x0b", "\x1b[2K", "\x85", "\u2028", "\0"])
def test_what_is_quoted_begins_no_line_of_its_own(log_lines, log_format, break_):
    read = log_lines(log_format)
    forged = f"/x{break_}12:00:00 200 GET /forged"

    structlog.get_logger("shop.request").info("request", method="GET", path=forged, status=404, ms=1.5)
    logging.getLogger("some.library").warning("sent %s", forged)

    lines = read()
    assert len(lines) == 2
    assert not any(character in "".join(lines) for character in break_ if not character.isprintable())


def test_a_traceback_for_people_is_set_in_so_that_it_begins_no_line(log_lines):
    read = log_lines("console")
    try:
        json.loads("x\n12:00:00 200 GET /forged")["x"]
    except ValueError:
        structlog.get_logger("shop.test").exception("broke")

    first, *rest = read()
    assert "broke" in first
    assert rest
    assert all(line.startswith("  | ") for line in rest if line)


def test_facts_are_noted_one_upon_the_other():
    request = RequestFactory().get("/")

    assert facts_of(request) == {}
    note(request, sub="a-b")
    note(request, problem="not_found", faults=["required"])
    assert facts_of(request) == {"sub": "a-b", "problem": "not_found", "faults": ["required"]}

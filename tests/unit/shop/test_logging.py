"""No log line holds a token, a secret or a whole e-mail address."""

import json
import logging
import logging.config
import time
from decimal import Decimal

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from shop.logging import mask, mask_event

TOKEN = "eyJraWQiOiJhIn0.eyJzdWIiOiJiIn0.c2lnbmF0dXJl"


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

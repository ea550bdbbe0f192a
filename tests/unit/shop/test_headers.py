"""Headers with a meaning."""

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.request import Request

from shop.headers import InvalidIdempotencyKey, entity_tags, idempotency_key_of


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        (None, None),
        ("*", ["*"]),
        (" * ", ["*"]),
        ('"1-50"', ["1-50"]),
        ('W/"1-50"', ["1-50"]),
        ('"1-50", W/"2-49"', ["1-50", "2-49"]),
        ('""', [""]),
        ("1-50", []),
        ("", []),
        ('"a"b"', []),
        ('w/"1"', []),
        ('"1-50", nonsense', ["1-50"]),
    ],
)
def test_entity_tags_are_read_without_their_quotes(header, tags):
    assert entity_tags(header) == tags


@given(st.text(max_size=40))
def test_no_header_breaks_the_reader_of_entity_tags(header):
    assert isinstance(entity_tags(header), list)


def request_with(key):
    return Request(RequestFactory().post("/orders", headers={"Idempotency-Key": key}))


@pytest.mark.parametrize("key", ["a", " ", "key with spaces", "~" * 255, "{json: no}"])
def test_a_printable_idempotency_key_is_taken_as_it_is(key):
    assert idempotency_key_of(request_with(key)) == key


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there", "schlüssel", "new\nline", "\x7f"])
def test_any_other_idempotency_key_is_refused(key):
    with pytest.raises(InvalidIdempotencyKey):
        idempotency_key_of(request_with(key))


def test_a_request_may_do_without_a_key():
    assert idempotency_key_of(Request(RequestFactory().post("/orders"))) is None

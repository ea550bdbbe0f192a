"""JSON in: strict. JSON out: exact."""

import json
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.wire import MAX_DEPTH, dump_json, parse_json, timestamp


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"{}", {}),
        (b' {"a": [1, null, true, "x"]} ', {"a": [1, None, True, "x"]}),
        (b"19.99", Decimal("19.99")),
        (b"0.1", Decimal("0.1")),
        (b"1e2", Decimal("1E+2")),
        (b"12345678901234567890.123456789", Decimal("12345678901234567890.123456789")),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        ('"Gödel, Escher, Bach"'.encode(), "Gödel, Escher, Bach"),
        (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, json.loads("[" * MAX_DEPTH + "]" * MAX_DEPTH)),
    ],
)
def test_json_is_read_with_exact_numbers(raw, value):
    assert parse_json(raw) == value
    assert type(parse_json(raw)) is type(value)


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b"{'a': 1}", "Expecting property name"),
        (b'{"a": 1} x', "Extra data"),
        (b'{"a": 1,}', "double quotes"),
        (b'"a\tb"', "Invalid control character"),
        (b"01", "Extra data"),
        ('{"stock": \u0665}'.encode(), "Expecting value"),  # an Arabic five
        ('{"stock": 1\u0665}'.encode(), "delimiter"),
        (b'{"stock": +1}', "Expecting value"),
        (b'{"stock": 1_0}', "delimiter"),
        (b'{"stock": 0x10}', "delimiter"),
        (b'{"stock": .5}', "Expecting value"),
        (b'{"stock": 5.}', "delimiter"),
        (b'{"stock": ' + b"9" * 5000 + b"}", "digits"),
        (b'{"price": 1, "price": 2}', "'price' stands twice"),
        (b'{"a": {"b": 1, "c": 2, "c": 2}}', "'c' stands twice"),
        (b'{"a": [{"b": {"\\u0063": 1, "c": 1}}]}', "'c' stands twice"),
        (b"NaN", "NaN is not JSON"),
        (b'{"price": Infinity}', "Infinity is not JSON"),
        (b"[-Infinity]", "-Infinity is not JSON"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b'"\xff"', "can't decode"),
        (b'"\xed\xa0\x80"', "can't decode"),
        ("{}".encode("utf-16"), "can't decode"),
        ("{}".encode("utf-32"), "can't decode"),
        (b'"\xc0\xaf"', "can't decode"),  # a slash in two bytes
        (b'{"a": "\\udc00\\ud800"}', "half a surrogate pair"),
        (b'"\\ud800"', "half a surrogate pair"),
        (b'{"a": ["\\udc00x"]}', "half a surrogate pair"),
        (b'{"\\ud800": 1}', "half a surrogate pair"),
        (b'"a\\u0000b"', "NUL"),
        (b'{"\\u0000": 1}', "NUL"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "nested deeper than 32"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "nested deeper than 32"),
        (b"[" * 100_000, "nested deeper than 32"),
        (b"[" * 100_000 + b"]" * 100_000, "nested deeper than 32"),
    ],
    ids=lambda value: repr(value[:24]),
)
def test_what_is_not_strict_json_is_refused_and_told_why(raw, complaint):
    with pytest.raises(ValueError, match=re.escape(complaint)):
        parse_json(raw)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_what_is_written_is_read_back_the_same(value):
    assert parse_json(dump_json(value)) == value


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reader(raw):
    with suppress(ValueError):  # the one answer to what is not JSON
        parse_json(raw)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Decimal("5099.97"), b"5099.97"),
        (Decimal("2499.99"), b"2499.99"),
        (Decimal("249.00"), b"249"),
        (Decimal("1E+2"), b"100"),
        (Decimal("0.00"), b"0"),
        (Decimal("0.01"), b"0.01"),
        (Decimal("4999999995000.01"), b"4999999995000.01"),
    ],
)
def test_money_is_written_as_a_number_without_dust(amount, text):
    assert dump_json(amount) == text


def test_what_has_no_json_form_is_an_error_never_a_null():
    with pytest.raises(TypeError):
        dump_json({"a": object()})


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 2, 9, 16, 37, 13, tzinfo=UTC), "2026-02-09T16:37:13.000Z"),
        (datetime(2026, 2, 9, 16, 37, 13, 999_999, tzinfo=UTC), "2026-02-09T16:37:13.999Z"),
        (
            datetime(2026, 2, 9, 18, 37, 13, 120_000, tzinfo=timezone(timedelta(hours=2))),
            "2026-02-09T16:37:13.120Z",
        ),
    ],
)
def test_times_are_utc_with_milliseconds_and_z(moment, text):
    assert timestamp(moment) == text

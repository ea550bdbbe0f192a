"""The fields take exactly what the API documents."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from shop.serializers import (
    EmailTextField,
    MetadataField,
    MoneyField,
    MoneyNumberField,
    QueryIntegerField,
    StrictIntegerField,
    StrictSerializer,
    TextField,
)
from shop.wire import dump_json, parse_json


def refusal_of(field, value):
    """The codes with which a field refuses a value."""
    with pytest.raises(ValidationError) as refusal:
        field.run_validation(value)
    return refusal.value.get_codes()


# ---- money ---------------------------------------------------------------------------------------------------

amounts = st.decimals(min_value=0, max_value=Decimal("9999999.99"), places=2)


@pytest.mark.parametrize(
    ("sent", "amount"),
    [
        (0, "0.00"),
        (5, "5.00"),
        (Decimal("19.99"), "19.99"),
        (Decimal("19.9"), "19.90"),
        (Decimal("19.990"), "19.99"),
        (Decimal("1E+3"), "1000.00"),
        (Decimal("-0.0"), "0.00"),
        (Decimal("9999999.99"), "9999999.99"),
        ("19.99", "19.99"),
        ("0", "0.00"),
        ("9999999.99", "9999999.99"),
        ("12.500", "12.50"),
    ],
)
def test_an_amount_is_taken_exactly(sent, amount):
    taken = MoneyField().run_validation(sent)

    assert str(taken) == amount


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (-1, "out_of_range"),
        (Decimal("-0.01"), "out_of_range"),
        (10_000_000, "out_of_range"),
        (Decimal("9999999.991"), "out_of_range"),
        ("10000000", "out_of_range"),
        (Decimal("0.001"), "too_many_decimals"),
        ("19.999", "too_many_decimals"),
        (Decimal("1E-30"), "too_many_decimals"),
        (Decimal("1E+999999"), "invalid"),
        (Decimal("1E-999999"), "invalid"),
        (19.99, "invalid"),  # a float is not exact; the parser never makes one
        (True, "invalid"),
        ("", "invalid"),
        ("-5", "invalid"),
        ("1e3", "invalid"),
        ("NaN", "invalid"),
        ("Infinity", "invalid"),
        (" 19.99", "invalid"),
        ("19,99", "invalid"),
        ("1_000", "invalid"),
        ("١٢", "invalid"),
        ("19.99\n", "invalid"),
        ([], "invalid"),
        ({}, "invalid"),
        (None, "null"),
    ],
)
def test_what_is_no_amount_is_refused(sent, code):
    assert refusal_of(MoneyField(), sent) == [code]


@given(amounts)
def test_any_amount_comes_back_as_it_was_sent_as_a_number_and_as_text(amount):
    field = MoneyField()

    for sent in (str(amount).encode(), f'"{amount}"'.encode()):
        taken = field.run_validation(parse_json(sent))
        answered = parse_json(dump_json(MoneyNumberField().to_representation(taken)))
        assert taken == amount
        assert Decimal(answered) == amount


# ---- whole numbers ---------------------------------------------------------------------------------------------


@given(st.integers(0, 10**9))
def test_a_whole_number_within_bounds_is_taken(number):
    assert StrictIntegerField(min_value=0, max_value=10**9).run_validation(number) == number


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (-1, "min_value"),
        (11, "max_value"),
        (10**30, "max_value"),
        ("5", "invalid"),
        (Decimal("5.0"), "invalid"),
        (Decimal("5E+0"), "invalid"),
        (Decimal("-0.0"), "invalid"),
        ("٥", "invalid"),
        (5.0, "invalid"),
        (True, "invalid"),
        (False, "invalid"),
        ([5], "invalid"),
        (None, "null"),
    ],
)
def test_what_is_no_whole_number_within_bounds_is_refused(sent, code):
    assert refusal_of(StrictIntegerField(min_value=0, max_value=10), sent) == [code]


@pytest.mark.parametrize("sent", ["", "1.0", "1e1", "-1", "+1", " 1", "1_0", "٣", "0x10", "9" * 16])
def test_a_query_takes_ascii_digits_only(sent):
    assert refusal_of(QueryIntegerField(min_value=0), sent) == ["invalid"]


def test_a_query_takes_a_number_within_bounds():
    field = QueryIntegerField(min_value=1, max_value=100)

    assert field.run_validation("100") == 100
    assert refusal_of(field, "0") == ["min_value"]
    assert refusal_of(field, "101") == ["max_value"]


# ---- texts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [1, Decimal("1.5"), True, [], {}])
def test_a_text_is_never_made_from_something_else(sent):
    assert refusal_of(TextField(), sent) == ["invalid"]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (None, "null"),
        ("", "blank"),
        ("   ", "blank"),
        ("x" * 11, "max_length"),
        ("a\0b", "null_characters_not_allowed"),
    ],
)
def test_a_text_keeps_its_bounds(sent, code):
    assert refusal_of(TextField(max_length=10), sent) == [code]


def test_length_is_counted_in_characters_not_bytes():
    assert TextField(max_length=3).run_validation("日本語") == "日本語"


@pytest.mark.parametrize(
    ("sent", "address"),
    [
        ("Ann@Example.COM", "ann@example.com"),
        ("  ann+tag@example.com ", "ann+tag@example.com"),
        ("ann@BÜCHER.example", "ann@bücher.example"),
        (
            "a" * 64 + "@" + "b" * 63 + "." + "c" * 63 + ".com",
            "a" * 64 + "@" + "b" * 63 + "." + "c" * 63 + ".com",
        ),
    ],
)
def test_an_address_is_lower_cased(sent, address):
    assert EmailTextField().run_validation(sent) == address


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("ann", "invalid"),
        ("ann@", "invalid"),
        ("@example.com", "invalid"),
        ("ann@example", "invalid"),
        ("ann@exa mple.com", "invalid"),
        ("ann@example.com\nbcc: x@example.com", "invalid"),
        ("müller@example.com", "invalid"),
        ("\u212aate@example.com", "invalid"),  # the sign for kelvin, whose small letter is k
        ("\u017fam@example.com", "invalid"),
        ("ann@\u212aate.example", "invalid"),
        ("ann@exa\u200bmple.com", "invalid"),
        ("ann@\uff45xample.com", "invalid"),
        ("ann@\U0001f600.example", "invalid"),
        (f"{'a' * 250}@example.com", "max_length"),
        (5, "invalid"),
        ("", "blank"),
    ],
)
def test_what_is_no_address_is_refused(sent, code):
    assert refusal_of(EmailTextField(), sent) == [code]


# ---- metadata --------------------------------------------------------------------------------------------------


@given(
    st.dictionaries(st.text(min_size=1, max_size=100), st.text(max_size=500), max_size=20),
)
def test_metadata_is_kept_as_sent(metadata):
    field = MetadataField()

    assert field.to_representation(field.run_validation(metadata)) == metadata


@pytest.mark.parametrize(
    ("sent", "codes"),
    [
        ([], ["invalid"]),
        ("x", ["invalid"]),
        (None, ["null"]),
        ({str(number): "" for number in range(21)}, ["too_many_keys"]),
        ({"": "x"}, ["invalid_key"]),
        ({"k" * 101: "x"}, ["invalid_key"]),
        ({"note": "x" * 501}, {"note": ["invalid"]}),
        ({"note": 5}, {"note": ["invalid"]}),
        ({"note": None}, {"note": ["invalid"]}),
        ({"note": {"deep": "x"}}, {"note": ["invalid"]}),
    ],
)
def test_metadata_keeps_its_bounds(sent, codes):
    assert refusal_of(MetadataField(), sent) == codes


# ---- objects ---------------------------------------------------------------------------------------------------


class Lamp(StrictSerializer):
    """A lamp."""

    read_back = frozenset({"version"})
    name = TextField()


@pytest.mark.parametrize("sent", [None, [], "x", 5, [{"name": "x"}]])
def test_anything_but_an_object_is_refused(sent):
    lamp = Lamp(data=sent)

    assert not lamp.is_valid()
    assert list(lamp.errors) == ["non_field_errors"]


def test_every_unknown_member_is_named():
    lamp = Lamp(data={"name": "x", "colour": "red", "Name": "x"})

    assert not lamp.is_valid()
    assert {name: [fault.code for fault in faults] for name, faults in lamp.errors.items()} == {
        "colour": ["unknown_field"],
        "Name": ["unknown_field"],
    }
    assert "known are: name." in str(lamp.errors["colour"][0])


def test_what_was_read_may_be_sent_back_and_is_ignored():
    lamp = Lamp(data={"name": "x", "version": 7})

    assert lamp.is_valid()
    assert lamp.validated_data == {"name": "x"}
    assert isinstance(lamp, serializers.Serializer)

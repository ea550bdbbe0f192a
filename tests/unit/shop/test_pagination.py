"""Cursors: whole, or refused."""

from urllib.parse import urlencode

import pytest
from django.core import signing
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from shop.pagination import InvalidCursor, PageQuery, decode_cursor, encode_cursor

positions = st.dictionaries(st.text(max_size=10), st.text(max_size=40) | st.integers(0, 10**15), max_size=3)


@given(positions, st.text(max_size=30))
def test_a_cursor_leads_back_to_where_the_page_ended(position, scope):
    assert decode_cursor(encode_cursor(position, scope=scope), scope=scope) == position


@given(positions, st.data())
def test_a_cursor_changed_in_one_character_is_refused(position, data):
    cursor = encode_cursor(position, scope="orders")
    at = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda char: char != cursor[at]))

    with pytest.raises(InvalidCursor):
        decode_cursor(cursor[:at] + other + cursor[at + 1 :], scope="orders")


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text):
    with pytest.raises(InvalidCursor):
        decode_cursor(text, scope="orders")


@pytest.mark.parametrize(
    ("made_for", "used_for"),
    [
        ("products", "products:Books"),
        ("products:Books", "products"),
        ("products:Books", "products:books"),
        ("orders&anonymous", "orders&ann"),
        ("orders&ann&status=PENDING", "orders&ann&status=CANCELLED"),
    ],
)
def test_a_cursor_of_another_list_is_refused(made_for, used_for):
    with pytest.raises(InvalidCursor):
        decode_cursor(encode_cursor({"after": "prod_001"}, scope=made_for), scope=used_for)


def test_a_cursor_signed_for_something_else_is_refused():
    with pytest.raises(InvalidCursor):
        decode_cursor(signing.dumps({"after": "prod_001"}), scope="products")


def test_a_cursor_outlives_a_change_of_the_secret_key(settings):
    cursor = encode_cursor({"after": "prod_001"}, scope="products")
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "another-secret-key-that-is-long-enough-for-signing-things"

    with pytest.raises(InvalidCursor):
        decode_cursor(cursor, scope="products")
    settings.SECRET_KEY_FALLBACKS = [old]
    assert decode_cursor(cursor, scope="products") == {"after": "prod_001"}


@pytest.mark.parametrize(
    ("query", "limit"), [({}, 50), ({"limit": "1"}, 1), ({"limit": "100"}, 100), ({"limit": "007"}, 7)]
)
def test_a_page_has_fifty_entries_or_as_many_as_asked_for(query, limit):
    page = PageQuery(data=query)

    assert page.is_valid()
    assert page.validated_data == {"limit": limit}


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "1.5", "1e1", "٣"])
def test_a_limit_out_of_bounds_is_refused_not_trimmed(limit):
    assert not PageQuery(data={"limit": limit}).is_valid()


@pytest.mark.parametrize("cursor", [" ", "\x1c", "\n\t"])
def test_white_space_is_a_cursor_that_is_refused_and_not_a_missing_one(cursor):
    query = PageQuery(data=QueryDict(urlencode({"cursor": cursor})))
    query.is_valid(raise_exception=True)

    with pytest.raises(InvalidCursor):
        decode_cursor(query.validated_data["cursor"], scope="orders")

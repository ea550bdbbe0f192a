"""Texts come back letter for letter, whatever the script, from MySQL, from DynamoDB, and through lists and cursors."""

import unicodedata
import uuid
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from orders.models import Order
from products import selectors
from tests.integration.api.conftest import LAMP, assert_problem, body_for

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db]

NFC, NFD = "\u00e9", "e\u0301"
TEXTS = {
    "emoji": "\U0001f600 mug",
    "family joined by ZWJ": "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "flag and skin tone": "\U0001f1e9\U0001f1ea \U0001f44d\U0001f3fd",
    "beyond the basic plane": "\U00020bb7野家 \U0001d54f",
    "the last letter there is": "a\U0010ffffb",
    "right to left": "مرحبا שלום \u202eabc\u202c",
    "composed": f"caf{NFC}",
    "decomposed": f"caf{NFD}",
    "stacked marks": "Z\u0351\u036b\u0343algo",
    "ligatures and widths": "ﬁ full",
    "case that folds": "STRASSE Straße ΐİıſK",
    "quotes": "'single' \"double\" `back` «guillemets» ”“",
    "backslashes": r"a\b\\c\n\u0041 %s {} $x",
    "markup": "<script>alert('x')</script> &amp; <!-- ]]>",
    "SQL": "'; DROP TABLE orders; -- ",
    "inner white space": "a\u00a0b\u3000c\u2028d\te\r\nf",
    "no width": "a\u200bb\ufeffc\u00add",
    "not characters": "a\ufffeb\uffff\ufffd",
}
texts = pytest.mark.parametrize("text", [pytest.param(text.strip(), id=name) for name, text in TEXTS.items()])


def test_the_two_spellings_of_one_letter_are_two():
    assert NFC != NFD
    assert unicodedata.normalize("NFC", NFD) == NFC


@texts
def test_a_product_is_read_as_it_was_written(api, tables, text):
    fields = {
        "name": text,
        "category": f"{text} {uuid.uuid4()}",
        "description": text,
        "metadata": {text: text},
    }

    made = api.send("POST", "/products", LAMP | fields).body["product"]

    read = api.send("GET", f"/products/{made['productId']}").body["product"]
    assert {name: made[name] for name in fields} == fields
    assert read == made
    (listed,) = api.send("GET", f"/products?category={quote(fields['category'])}").body["products"]
    assert listed == made
    kept = selectors.get_product(made["productId"])
    assert (kept.name, kept.description, kept.metadata) == (text, text, {text: text})


@texts
def test_an_order_is_read_as_it_was_placed(api, make_product, text):
    shelf = make_product(name=text)
    body = body_for(shelf, metadata={text: text})
    body["items"][0]["productName"] = text

    number = api.send("POST", "/orders", body).body["order"]["orderId"]

    order = api.send("GET", f"/orders/{number}").body["order"]
    assert (order["metadata"], order["items"][0]["product_name"]) == ({text: text}, text)
    kept = Order.objects.get(pk=number)
    assert (kept.metadata, kept.items.get().product_name) == ({text: text}, text)
    (listed,) = [one for one in api.send("GET", "/orders").body["orders"] if one["id"] == number]
    assert listed["metadata"] == {text: text}


@texts
def test_a_change_keeps_every_letter(api, mug, text):
    changes = {"name": text, "description": text, "metadata": {"note": text, text: ""}}

    api.send("PATCH", f"/products/{mug.product_id}", changes)

    read = api.send("GET", f"/products/{mug.product_id}").body["product"]
    assert {name: read[name] for name in changes} == changes


@texts
def test_a_category_is_paged_through_with_its_cursor(api, make_product, text):
    category = f"{text} {uuid.uuid4()}"
    ids = sorted(make_product(category=category).product_id for _ in range(3))
    query, listed, cursor = f"/products?category={quote(category)}&limit=1", [], ""

    for _ in ids:
        page = api.send("GET", query + cursor).body
        listed += [product["productId"] for product in page["products"]]
        cursor = f"&cursor={quote(page['nextCursor'] or '')}"

    assert (listed, page["nextCursor"]) == (ids, None)


def test_spellings_that_look_alike_are_categories_of_their_own(api, make_product):
    mark = str(uuid.uuid4())
    spellings = [
        f"{letter}{mark}" for letter in (NFC, NFD, "e", "É", "e\u200b", "ｅ", "е")
    ]  # the last is Cyrillic
    made = {category: make_product(category=category).product_id for category in spellings}

    for category, product_id in made.items():
        (found,) = api.send("GET", f"/products?category={quote(category)}").body["products"]
        assert found["productId"] == product_id


@given(
    text=st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=100
    ).filter(lambda text: text == text.strip())
)
@examples(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_comes_back_as_it_was_sent(api, make_product, text):
    shelf = make_product(name=text, description=text)
    number = api.send("POST", "/orders", body_for(shelf, metadata={text: text})).body["order"]["orderId"]

    order = api.send("GET", f"/orders/{number}").body["order"]

    assert (order["items"][0]["product_name"], order["metadata"]) == (text, {text: text})
    assert api.send("GET", f"/products/{shelf.product_id}").body["product"]["description"] == text


@pytest.mark.parametrize(("field", "length"), [("name", 200), ("category", 100), ("description", 5000)])
def test_the_longest_text_is_counted_in_letters_even_of_four_bytes(api, tables, field, length):
    longest = {field: "\U0001f600" * length}

    made = api.send("POST", "/products", LAMP | longest)

    assert (made.status_code, made.body["product"][field]) == (201, longest[field])
    more = api.send("POST", "/products", LAMP | {field: "\U0001f600" * (length + 1)})
    assert_problem(more, 400, "invalid_request", (f"/{field}", "max_length"))


def test_the_longest_name_of_four_byte_letters_fits_an_orders_line(api, make_product):
    name = "\U0001f600" * 200
    number = api.send("POST", "/orders", body_for(make_product(name=name))).body["order"]["orderId"]

    assert api.send("GET", f"/orders/{number}").body["order"]["items"][0]["product_name"] == name


# ---- where only some letters are allowed ------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "\u212aate@example.com",  # the sign for kelvin, whose small letter is a plain k
        "ma\u0131l@example.com",
        "\u0130an@example.com",
        "\u017fam@example.com",
        "müller@example.com",
        "\U0001f600@example.com",
        "ann\u200b@example.com",
        "ann\u202e@example.com",
        "ann@exa\u200bmple.com",
        "ａnn@example.com",
    ],
)
def test_an_address_is_never_made_from_letters_that_only_look_like_it(api, mug, address):
    response = api.send("POST", "/orders", body_for(mug) | {"email": address})

    assert_problem(response, 400, "invalid_request", ("/email", "invalid"))
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("O'Brien+Mug@Example.COM", "o'brien+mug@example.com"),
        ("a_b-c.d/e=f?g{h}@example.com", "a_b-c.d/e=f?g{h}@example.com"),
        ("ann@bücher.example", "ann@bücher.example"),
    ],
)
def test_an_address_of_letters_that_are_allowed_is_kept_in_lower_case(api, mug, sent, kept):
    number = api.send("POST", "/orders", body_for(mug) | {"email": sent}).body["order"]["orderId"]

    assert api.send("GET", f"/orders/{number}").body["order"]["user_email"] == kept


@pytest.mark.parametrize("key", ["\U0001f511", "schlüssel", "a\u00a0b", "a\tb", "\x7f", "ключ", ""])
def test_an_idempotency_key_has_plain_letters_alone(api, mug, key):
    raw = key.encode().decode("latin-1")  # as a server hands on the bytes of a header

    response = api.send("POST", "/orders", body_for(mug), **{"Idempotency-Key": raw})

    assert_problem(response, 400, "invalid_idempotency_key")
    assert not Order.objects.exists()


def test_idempotency_keys_that_a_collation_would_take_for_one_are_several(api, mug):
    keys = ["key", "KEY", "key ", "ke y", "k'e\"y\\", "<key>"]
    numbers = {
        api.send("POST", "/orders", body_for(mug), **{"Idempotency-Key": key}).body["order"]["orderId"]
        for key in keys
    }

    assert len(numbers) == len(keys)

"""What an order comes to, and which requests count as the same."""

import uuid
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders import quote
from orders.errors import PriceChanged, UnknownProduct
from orders.new_order import NewOrder, PricedLine
from orders.quote import Line, Wish, key_of, priced
from products.models import Product
from shop.deadline import Deadline

SAMPLE = [("prod_001", 'MacBook Pro 16"', 1, "2499.99"), ("prod_002", "iPhone 15 Pro", 2, "1299.99")]


def order_of(lines):
    return NewOrder(
        uid=uuid.UUID(int=1),
        user_id="anonymous",
        user_email="customer@example.com",
        lines=[
            PricedLine(
                product_id=product_id,
                product_name=name,
                category="Desk",
                quantity=quantity,
                price=Decimal(price),
            )
            for product_id, name, quantity, price in lines
        ],
    )


def test_the_sample_order_comes_to_5099_97():
    assert str(order_of(SAMPLE).total) == "5099.97"


@pytest.mark.parametrize(
    ("lines", "total"),
    [
        ([], "0.00"),
        ([("p", "x", 3, "0.1")], "0.30"),
        ([("p", "x", 1, "249")], "249.00"),
        ([("p", "x", 10_000, "9999999.99")] * 50, "4999999995000.00"),
        ([("p", "x", 1, "0")], "0.00"),
    ],
)
def test_a_total_is_exact_with_two_decimals(lines, total):
    assert str(order_of(lines).total) == total


prices = st.decimals(min_value=0, max_value=Decimal("9999999.99"), places=2)


@given(st.lists(st.tuples(st.just("p"), st.just("x"), st.integers(1, 10_000), prices), max_size=50))
def test_a_total_is_the_sum_in_cents(lines):
    cents = sum(quantity * int(price * 100) for _, _, quantity, price in lines)

    assert order_of(lines).total == Decimal(cents) / 100


@pytest.fixture
def catalogue(monkeypatch):
    """Two products, without DynamoDB."""
    products = {
        product_id: Product(product_id, name=name, price=Decimal(price), category="Desk", list_key=product_id)
        for product_id, name, _, price in SAMPLE
    }
    monkeypatch.setattr(
        quote,
        "get_products",
        lambda ids, *, deadline: {one: products[one] for one in ids if one in products},
    )


def wish_for(*lines):
    return Wish(user_id="anonymous", user_email="customer@example.com", lines=lines)


def test_the_catalogue_names_and_prices_the_lines(catalogue):
    new = priced(
        wish_for(Line(product_id="prod_001", quantity=1), Line(product_id="prod_002", quantity=2)),
        deadline=Deadline(8),
    )

    assert new.lines == order_of(SAMPLE).lines
    assert (new.user_id, new.user_email) == ("anonymous", "customer@example.com")


def test_every_unknown_product_is_named_by_its_line(catalogue):
    wish = wish_for(
        Line(product_id="prod_001", quantity=1, pointer="/items/0"),
        Line(product_id="nope", quantity=1, pointer="/items/1"),
        Line(product_id="neither", quantity=1, pointer="/items/4"),
    )

    with pytest.raises(UnknownProduct) as refusal:
        priced(wish, deadline=Deadline(8))
    assert [(fault.field, fault.code) for fault in refusal.value.errors] == [
        ("/items/1/productId", "unknown_product"),
        ("/items/4/productId", "unknown_product"),
    ]


def test_every_price_that_is_not_the_catalogues_is_named_with_the_current_one(catalogue):
    wish = wish_for(
        Line(
            product_id="prod_001",
            quantity=2,
            prices={"/items/0": Decimal("2499.99"), "/items/2": Decimal("2400.00")},
            pointer="/items/0",
        ),
        Line(product_id="prod_002", quantity=1, prices={"/items/1": Decimal("0.00")}, pointer="/items/1"),
    )

    with pytest.raises(PriceChanged) as refusal:
        priced(wish, deadline=Deadline(8))
    assert [(fault.field, fault.extra) for fault in refusal.value.errors] == [
        ("/items/2/price", {"productId": "prod_001", "currentPrice": Decimal("2499.99")}),
        ("/items/1/price", {"productId": "prod_002", "currentPrice": Decimal("1299.99")}),
    ]


@pytest.mark.parametrize("sent", ["2499.99", "2499.990", "0002499.99"])
def test_the_same_price_in_another_spelling_is_the_same_price(catalogue, sent):
    line = Line(product_id="prod_001", quantity=1, prices={"/items/0": Decimal(sent)}, pointer="/items/0")

    assert priced(wish_for(line), deadline=Deadline(8)).total == Decimal("2499.99")


# ---- idempotency keys ------------------------------------------------------------------------------------------

WISH = Wish(
    user_id="ann",
    user_email="ann@example.com",
    lines=[
        Line(product_id="prod_001", quantity=1, prices={"/items/0": Decimal("2499.99")}, pointer="/items/0")
    ],
    payment_method="card",
    metadata={"note": "x", "gift": "y"},
    request_id="req-1",
)


def key_for(wish, key="k"):
    found = key_of(wish, idempotency_key=key)
    assert found is not None
    return found


def test_without_a_key_there_is_nothing_to_remember():
    assert key_of(WISH, idempotency_key=None) is None


def test_a_repeat_is_known_by_caller_and_key_and_body_whatever_request_it_came_in():
    again = replace(WISH, request_id="req-2", metadata={"gift": "y", "note": "x"})

    assert key_for(WISH) == key_for(again)


@pytest.mark.parametrize(
    "change",
    [
        {"user_email": "bob@example.com"},
        {"lines": []},
        {"lines": [replace(WISH.lines[0], quantity=2)]},
        {"lines": [replace(WISH.lines[0], product_id="prod_002")]},
        {"lines": [replace(WISH.lines[0], prices={})]},
        {"lines": [replace(WISH.lines[0], prices={"/items/0": Decimal("1.00")})]},
        {"payment_method": ""},
        {"metadata": {}},
        {"metadata": {"note": "x", "gift": "z"}},
    ],
    ids=str,
)
def test_any_other_body_has_another_fingerprint_under_the_same_key(change):
    first, other = key_for(WISH), key_for(replace(WISH, **change))

    assert first.key_hash == other.key_hash
    assert first.fingerprint != other.fingerprint


@pytest.mark.parametrize("key", ["K", "k ", " k", "kk", "é"])
def test_keys_that_a_collation_would_confuse_are_different(key):
    assert key_for(WISH).key_hash != key_for(WISH, key=key).key_hash


def test_the_same_key_of_another_caller_is_another_key():
    other = replace(WISH, user_id="bob")

    assert key_for(WISH).key_hash != key_for(other).key_hash
    assert (
        key_for(replace(WISH, user_id="a"), key="bc").key_hash
        != key_for(replace(WISH, user_id="ab"), key="c").key_hash
    )

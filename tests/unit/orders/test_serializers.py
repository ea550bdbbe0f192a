"""What an order's body may say."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from orders.models import Order
from orders.quote import Line
from orders.serializers import PlacedOrderOutput, PlaceOrderInput
from orders.states import OrderStatus
from shop.exception_handler import _field_errors
from shop.wire import dump_json, parse_json


def item(product_id="prod_001", quantity=1, **more):
    return {"productId": product_id, "quantity": quantity, **more}


def read(body):
    """Read a body as the API does."""
    order = PlaceOrderInput(data=parse_json(dump_json(body)))
    order.is_valid(raise_exception=True)
    return order.validated_data


def faults_of(body):
    with pytest.raises(ValidationError) as refusal:
        read(body)
    return [(fault.field, fault.code) for fault in _field_errors(refusal.value.get_full_details())]


def test_the_sample_body_is_read():
    body = {
        "email": "Customer@Example.com",
        "items": [
            {"productId": "prod_001", "productName": 'MacBook Pro 16"', "quantity": 1, "price": 2499.99},
            {"productId": "prod_002", "productName": "iPhone 15 Pro", "quantity": 2, "price": 1299.99},
        ],
    }

    assert read(body) == {
        "email": "customer@example.com",
        "items": [
            Line(
                product_id="prod_001", quantity=1, prices={"/items/0": Decimal("2499.99")}, pointer="/items/0"
            ),
            Line(
                product_id="prod_002", quantity=2, prices={"/items/1": Decimal("1299.99")}, pointer="/items/1"
            ),
        ],
    }


def test_repeated_products_are_one_line_that_remembers_where_each_price_stood():
    body = {"items": [item("a", 1, price="1.00"), item("b", 2), item("a", 3), item("a", 4, price=2)]}

    assert read(body)["items"] == [
        Line(
            product_id="a",
            quantity=8,
            prices={"/items/0": Decimal("1.00"), "/items/3": Decimal("2.00")},
            pointer="/items/0",
        ),
        Line(product_id="b", quantity=2, prices={}, pointer="/items/1"),
    ]


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(1, 100)), min_size=1, max_size=20))
def test_merging_neither_loses_nor_adds_a_unit(wanted):
    lines = read({"items": [item(product_id, quantity) for product_id, quantity in wanted]})["items"]

    assert [line.product_id for line in lines] == list(dict(wanted))
    assert {line.product_id: line.quantity for line in lines} == {
        one: sum(quantity for product_id, quantity in wanted if product_id == one) for one, _ in wanted
    }


@pytest.mark.parametrize(
    ("items", "lines"),
    [
        ([item(quantity=1)], 1),
        ([item(quantity=10_000)], 1),
        ([item(str(number)) for number in range(50)], 50),
        ([item(str(number % 50)) for number in range(200)], 50),
        ([item(quantity=9_999), item()], 1),
    ],
    ids=["one", "ten thousand", "fifty lines", "fifty after merging", "ten thousand after merging"],
)
def test_the_limits_are_inclusive(items, lines):
    assert len(read({"items": items})["items"]) == lines


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("/items", "required")]),
        ({"items": None}, [("/items", "null")]),
        ({"items": []}, [("/items", "min_length")]),
        ({"items": {}}, [("/items", "not_a_list")]),
        ({"items": "prod_001"}, [("/items", "not_a_list")]),
        ({"items": ["prod_001"]}, [("/items/0", "not_an_object")]),
        ({"items": [item(str(number)) for number in range(51)]}, [("/items", "too_many_lines")]),
        ({"items": [item(quantity=10_000), item()]}, [("/items", "max_value")]),
        ({"items": [item(quantity=0)]}, [("/items/0/quantity", "min_value")]),
        ({"items": [item(quantity=-1)]}, [("/items/0/quantity", "min_value")]),
        ({"items": [item(quantity=10_001)]}, [("/items/0/quantity", "max_value")]),
        ({"items": [item(quantity=1.5)]}, [("/items/0/quantity", "invalid")]),
        ({"items": [item(quantity=True)]}, [("/items/0/quantity", "invalid")]),
        ({"items": [item(quantity="1")]}, [("/items/0/quantity", "invalid")]),
        ({"items": [{"productId": "a"}]}, [("/items/0/quantity", "required")]),
        ({"items": [{"quantity": 1}]}, [("/items/0/productId", "required")]),
        (
            {"items": [item(""), item("x" * 65)]},
            [("/items/0/productId", "blank"), ("/items/1/productId", "max_length")],
        ),
        ({"items": [item(), item(price=-1)]}, [("/items/1/price", "out_of_range")]),
        ({"items": [item(price="1.999")]}, [("/items/0/price", "too_many_decimals")]),
        ({"items": [item(sku="x")]}, [("/items/0/sku", "unknown_field")]),
        ({"items": [item()], "status": "PROCESSING"}, [("/status", "unknown_field")]),
        ({"items": [item()], "userId": "ann"}, [("/userId", "unknown_field")]),
        ({"items": [item()], "email": "ann"}, [("/email", "invalid")]),
        ({"items": [item()], "email": None}, [("/email", "null")]),
        ({"items": [item()], "metadata": {"note": 5}}, [("/metadata/note", "invalid")]),
        ({"items": [item()], "paymentMethod": "x" * 256}, [("/paymentMethod", "max_length")]),
        ({"items": [item()], "paymentMethod": "4242 4242 4242 4242"}, [("/paymentMethod", "not_a_name")]),
        ({"items": [item()], "paymentMethod": "4242424242424242"}, [("/paymentMethod", "not_a_name")]),
        ([], [("", "not_an_object")]),
    ],
)
def test_each_fault_is_named_by_its_place(body, faults):
    assert faults_of(body) == faults


@pytest.mark.parametrize("status", [OrderStatus.PENDING, OrderStatus.PROCESSING])
def test_an_order_that_is_not_cancelled_answers_no_reason(status):
    order = Order(
        pk=7, user_id="anonymous", user_email="a@example.com", status=status, total=Decimal("5099.97"), item_count=2,
        cancel_reason="cancelled_by_customer",
    )  # fmt: skip

    assert PlacedOrderOutput(order).data == {
        "orderId": 7,
        "userId": "anonymous",
        "userEmail": "a@example.com",
        "status": status,
        "total": Decimal("5099.97"),
        "itemCount": 2,
    }


def test_a_cancelled_order_answers_why():
    order = Order(
        pk=7, status=OrderStatus.CANCELLED, total=Decimal(0), item_count=1, cancel_reason="out_of_stock"
    )

    assert PlacedOrderOutput(order).data["cancelReason"] == "out_of_stock"

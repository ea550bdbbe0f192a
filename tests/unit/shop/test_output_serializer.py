"""An answer is written as DRF would write it, from fields that are made once."""

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from rest_framework import serializers

from orders.models import Order, OrderItem, Payment
from orders.serializers import OrderItemOutput, OrderSummaryOutput, PaymentOutput, PlacedOrderOutput
from products.models import Product
from products.serializers import ProductOutput
from shop.serializers import OutputSerializer

MOMENT = datetime(2026, 11, 22, 8, 30, 15, 123456, tzinfo=UTC)
ORDER = {
    "id": 7,
    "user_id": "ann",
    "user_email": "ann@example.com",
    "total": Decimal("12.50"),
    "currency": "USD",
}
PAYMENT = Payment(
    gateway="mock", reference="mock_1", status="CAPTURED", amount=Decimal("12.5"), refunded=Decimal(0), currency="USD"
)  # fmt: skip
ITEM = OrderItem(id=1, product_id="prod_1", product_name="Mug", quantity=2, price=Decimal("6.25"))
PRODUCT = Product(
    "prod_1", name="Mug", price=Decimal("12.50"), stock=3, category="Home", metadata={"colour": "blue"},
    created_at=MOMENT, updated_at=MOMENT,
)  # fmt: skip


def order(**more: Any) -> Order:
    made = Order(**ORDER, item_count=1, created_at=MOMENT, updated_at=MOMENT, **more)
    Payment(order=made, gateway="mock", status="CAPTURED", amount=Decimal("12.5"), refunded=Decimal(0))
    return made


@pytest.mark.parametrize(
    ("shape", "thing"),
    [
        (ProductOutput, PRODUCT),
        (PaymentOutput, PAYMENT),
        (OrderItemOutput, ITEM),
        (OrderSummaryOutput, order(status="PROCESSING")),
        (OrderSummaryOutput, order(status="CANCELLED", cancel_reason="out_of_stock", cancel_requested_at=MOMENT)),
    ],
    ids=["product", "payment", "line", "order", "cancelled order"],
)  # fmt: skip
def test_it_is_written_as_drf_would_write_it(shape, thing):
    ours = shape(thing).data

    assert ours == serializers.Serializer.to_representation(shape(thing), thing)
    assert list(ours) == list(shape().fields)


@pytest.mark.parametrize(
    ("status", "reason", "members"),
    [("PROCESSING", "", {}), ("CANCELLED", "out_of_stock", {"cancelReason": "out_of_stock"})],
)
def test_a_reason_is_told_where_there_is_one(status, reason, members):
    told = PlacedOrderOutput(order(status=status, cancel_reason=reason)).data

    assert told == {
        "orderId": 7,
        "userId": "ann",
        "userEmail": "ann@example.com",
        "status": status,
        "total": Decimal("12.50"),
        "itemCount": 1,
        **members,
    }


class Inner(OutputSerializer):
    name = serializers.CharField()


class Outer(OutputSerializer):
    size = serializers.IntegerField(source="inner.size")
    note = serializers.CharField()
    parts = Inner(many=True)


def test_what_is_within_and_what_is_missing():
    inner = SimpleNamespace(name="a", size="3")
    thing = SimpleNamespace(inner=inner, note=None, parts=[inner, inner])

    assert Outer(thing).data == {"size": 3, "note": None, "parts": [{"name": "a"}, {"name": "a"}]}


def test_two_classes_do_not_share_their_fields():
    assert [name for name, _, _ in Inner._writers()] == ["name"]
    assert [name for name, _, _ in Outer._writers()] == ["size", "note", "parts"]
    assert Inner._writers() is Inner._writers()

"""Orders on the wire."""

import re
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from orders.models import Order
from orders.quote import Line
from orders.states import CancelReason, OrderStatus, PaymentStatus
from products.inventory import MAX_LINES
from shop.pagination import PageQuery
from shop.serializers import (
    EmailTextField,
    MetadataField,
    MoneyField,
    MoneyNumberField,
    OutputSerializer,
    ShortListField,
    StrictIntegerField,
    StrictSerializer,
    TextField,
    TimestampField,
)

MAX_QUANTITY = 10_000
_PAYMENT_METHOD = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]*")


class OrderLineInput(StrictSerializer):
    """One line."""

    productId = TextField(min_length=1, max_length=64)
    productName = TextField(
        required=False,
        allow_blank=True,
        max_length=1000,
        help_text="Ignored: the catalogue names the product.",
    )
    quantity = StrictIntegerField(min_value=1, max_value=MAX_QUANTITY)
    price = MoneyField(required=False, help_text="If sent, it must be the catalogue's.")


class PaymentMethodField(TextField):
    """A provider's name for a card, never its number: that may not be stored, nor logged."""

    pattern = r"^\s*[A-Za-z][A-Za-z0-9_.:-]*\s*$"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(help_text="The payment provider's name for the card, never its number.", **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Take a name, which begins with a letter."""
        name = super().to_internal_value(data)
        if not _PAYMENT_METHOD.fullmatch(name):
            raise serializers.ValidationError(
                "This is the payment provider's name for the card, such as pm_1NqX; never its number.",
                code="not_a_name",
            )
        return name


class PlaceOrderInput(StrictSerializer):
    """What to order. Repeated products are merged."""

    email = EmailTextField(required=False, help_text="Required without a token; else read from the account.")
    items = ShortListField(child=OrderLineInput(), min_length=1, max_length=1000)
    paymentMethod = PaymentMethodField(required=False, max_length=255)
    metadata = MetadataField(required=False)

    def validate_items(self, items: list[dict[str, Any]]) -> list[Line]:
        """Merge repeated products; check what the merged lines come to."""
        merged: dict[str, dict[str, Any]] = {}
        for index, item in enumerate(items):
            line = merged.setdefault(
                item["productId"], {"quantity": 0, "prices": {}, "pointer": f"/items/{index}"}
            )
            line["quantity"] += item["quantity"]
            if "price" in item:
                line["prices"][f"/items/{index}"] = item["price"]
        if len(merged) > MAX_LINES:
            raise serializers.ValidationError(
                f"At most {MAX_LINES} different products.", code="too_many_lines"
            )
        for product_id, line in merged.items():
            if line["quantity"] > MAX_QUANTITY:
                raise serializers.ValidationError(
                    f"At most {MAX_QUANTITY} units of {product_id}.", code="max_value"
                )
        return [Line(product_id=product_id, **line) for product_id, line in merged.items()]


class ListOrdersQuery(PageQuery):
    """Which orders."""

    status = serializers.ChoiceField(choices=OrderStatus.choices, required=False, help_text="Only these.")
    created_from = serializers.DateTimeField(required=False, help_text="From this moment on (ISO 8601).")
    created_to = serializers.DateTimeField(required=False, help_text="Before this moment (ISO 8601).")


class PlacedOrderOutput(OutputSerializer):
    """The outcome of an order, in short."""

    orderId = serializers.IntegerField(source="id")
    userId = serializers.CharField(source="user_id")
    userEmail = serializers.EmailField(source="user_email")
    status = serializers.ChoiceField(choices=OrderStatus.choices)
    total = MoneyNumberField(help_text="In the shop's currency.")
    itemCount = serializers.IntegerField(source="item_count", help_text="Lines.")
    cancelReason = serializers.ChoiceField(
        choices=CancelReason.choices, source="cancel_reason", required=False, help_text="Only when CANCELLED."
    )

    def to_representation(self, instance: Order) -> dict[str, Any]:
        """Leave the reason out where there is none."""
        body = super().to_representation(instance)
        if instance.status != OrderStatus.CANCELLED:
            del body["cancelReason"]
        return body


class AmountField(serializers.DecimalField):
    """Decimal text with two decimals, as orders are read."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=15, decimal_places=2, coerce_to_string=True, **kwargs)


class OrderItemOutput(OutputSerializer):
    """One line as it was when the order was recorded."""

    id = serializers.IntegerField()
    product_id = serializers.CharField()
    product_name = serializers.CharField()
    quantity = serializers.IntegerField()
    price = AmountField(help_text="Of one unit.")


class PaymentOutput(OutputSerializer):
    """What became of the money."""

    gateway = serializers.CharField()
    reference = serializers.CharField(help_text="The provider's name for it.")
    status = serializers.ChoiceField(choices=PaymentStatus.choices)
    amount = AmountField()
    refunded = AmountField()
    currency = serializers.CharField()
    decline_code = serializers.CharField(allow_blank=True)


class OrderSummaryOutput(OutputSerializer):
    """One order in a list."""

    id = serializers.IntegerField()
    user_id = serializers.CharField()
    user_email = serializers.EmailField()
    status = serializers.ChoiceField(choices=OrderStatus.choices)
    total = AmountField()
    currency = serializers.CharField()
    created_at = TimestampField()
    updated_at = TimestampField()
    cancel_reason = serializers.SerializerMethodField()
    cancel_requested_at = TimestampField(allow_null=True)
    shipped_at = TimestampField(allow_null=True)
    payment = serializers.SerializerMethodField()
    metadata = MetadataField()
    item_count = serializers.IntegerField(help_text="Lines.")

    @extend_schema_field({"type": ["string", "null"], "enum": [*CancelReason.values, None]})
    def get_cancel_reason(self, order: Order) -> str | None:
        """Null unless the order is, or is being, cancelled."""
        return order.cancel_reason or None

    @extend_schema_field(PaymentOutput(allow_null=True))
    def get_payment(self, order: Order) -> dict[str, Any] | None:
        """Null until the provider has answered."""
        payment = getattr(order, "payment", None)
        return None if payment is None else PaymentOutput(payment).data


class OrderOutput(OrderSummaryOutput):
    """One order with its lines."""

    items = OrderItemOutput(many=True, source="items.all")


class PlaceOrderAnswer(serializers.Serializer[Any]):
    """An order was recorded; its status tells the outcome."""

    success = serializers.BooleanField()
    message = serializers.CharField()
    order = PlacedOrderOutput()


class OrderAnswer(serializers.Serializer[Any]):
    """One order."""

    success = serializers.BooleanField()
    order = OrderOutput()


class OrderCancelAnswer(OrderAnswer):
    """An order after a cancellation was asked for."""

    message = serializers.CharField()


class OrderListAnswer(serializers.Serializer[Any]):
    """A page of orders."""

    success = serializers.BooleanField()
    count = serializers.IntegerField(help_text="Entries in this page.")
    orders = OrderSummaryOutput(many=True)
    nextCursor = serializers.CharField(allow_null=True, help_text="Null at the end.")

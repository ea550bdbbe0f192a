"""Products on the wire."""

from typing import Any

from rest_framework import serializers

from products.inventory import MAX_STOCK
from shop.pagination import PageQuery
from shop.serializers import (
    ChangeSerializer,
    MetadataField,
    MoneyField,
    MoneyNumberField,
    OutputSerializer,
    StrictIntegerField,
    StrictSerializer,
    TextField,
    TimestampField,
)


class ProductOutput(OutputSerializer):
    """One product."""

    productId = serializers.CharField(source="product_id")
    name = serializers.CharField()
    price = MoneyNumberField(help_text="In the shop's currency.")
    stock = serializers.IntegerField(help_text="Units free to order.")
    category = serializers.CharField()
    description = serializers.CharField()
    metadata = MetadataField()
    createdAt = TimestampField(source="created_at")
    updatedAt = TimestampField(source="updated_at")
    version = serializers.IntegerField(help_text="Counts edits, not sales.")


class CreateProductInput(StrictSerializer):
    """A new product."""

    name = TextField(min_length=1, max_length=200)
    price = MoneyField()
    stock = StrictIntegerField(min_value=0, max_value=MAX_STOCK)
    category = TextField(min_length=1, max_length=100)
    description = TextField(max_length=5000, required=False, allow_blank=True, trim_whitespace=False)
    metadata = MetadataField(required=False)


class UpdateProductInput(ChangeSerializer, CreateProductInput):
    """The fields to change; what was read may be sent back and is ignored."""

    read_back = frozenset({"productId", "createdAt", "updatedAt", "version"})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "partial": True})


class AdjustStockInput(StrictSerializer):
    """Units to add or to take away."""

    delta = StrictIntegerField(min_value=-MAX_STOCK, max_value=MAX_STOCK)
    reason = TextField(min_length=1, max_length=200)

    def validate_delta(self, delta: int) -> int:
        """Refuse a change of nothing."""
        if delta == 0:
            raise serializers.ValidationError("Must not be 0.", code="nothing_to_change")
        return delta


class ListProductsQuery(PageQuery):
    """Which products."""

    category = serializers.CharField(
        required=False,
        max_length=100,
        trim_whitespace=False,
        help_text="Only this category, spelled exactly.",
    )


class ProductListAnswer(serializers.Serializer[Any]):
    """A page of products."""

    success = serializers.BooleanField()
    count = serializers.IntegerField(help_text="Entries in this page.")
    products = ProductOutput(many=True)
    nextCursor = serializers.CharField(allow_null=True, help_text="Null at the end.")


class ProductAnswer(serializers.Serializer[Any]):
    """One product."""

    success = serializers.BooleanField()
    product = ProductOutput()


class ProductChangedAnswer(ProductAnswer):
    """A product that was just written."""

    message = serializers.CharField()


class ProductDeletedAnswer(serializers.Serializer[Any]):
    """A product is gone."""

    success = serializers.BooleanField()
    message = serializers.CharField()

"""Reports on the wire."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from orders import sales
from shop.pagination import PageQuery


class SalesQuery(PageQuery):
    """Which sales."""

    group = serializers.ChoiceField(
        choices=sales.GROUPS, default=sales.DAY, help_text="What a line is about."
    )

    def get_fields(self) -> dict[str, Any]:
        """Add the two ends; Python has a use of its own for the name of the first."""
        ends = {
            name: serializers.DateField(
                required=False, input_formats=["%Y-%m-%d"], help_text=f"The {which} (UTC), included."
            )
            for name, which in (
                ("from", f"first day, {sales.EARLIEST} or later"),
                ("to", f"last day, {sales.LATEST} or earlier; {sales.MOST_DAYS} days at most from the first"),
            )
        }
        return {**ends, **super().get_fields()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Fill in the usual days; refuse a range that is none, or longer than a year."""
        first, last = sales.completed_range(attrs.get("from"), attrs.get("to"))
        attrs |= {"from": first, "to": last}
        if fault := sales.fault_in_range(first, last):
            raise serializers.ValidationError({"to": [serializers.ErrorDetail(fault, "invalid_range")]})
        return attrs


class SumField(serializers.DecimalField):
    """A sum as decimal text: it may have more digits than a JSON number keeps."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=20, decimal_places=2, coerce_to_string=True, **kwargs)


class SalesTotalOutput(serializers.Serializer[Any]):
    """All that was sold in the range."""

    orders = serializers.IntegerField(help_text="Paid and not cancelled.")
    units = serializers.IntegerField()
    revenue = SumField(help_text="Σ price × quantity, in `currency`.")


class SalesLineOutput(SalesTotalOutput):
    """What one day, product or category sold."""

    key = serializers.CharField(
        allow_blank=True, help_text="The day, the product's id, or the category (empty: not recorded then)."
    )
    name = serializers.CharField(help_text="For people; of a product, its newest name in the range.")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "By product",
            value={
                "success": True,
                "from": "2026-11-01",
                "to": "2026-11-22",
                "group": "product",
                "currency": "USD",
                "count": 1,
                "sales": [
                    {
                        "key": "prod_002",
                        "name": "iPhone 15 Pro",
                        "orders": 2,
                        "units": 3,
                        "revenue": "3899.97",
                    }
                ],
                "total": {"orders": 2, "units": 3, "revenue": "3899.97"},
                "nextCursor": None,
            },
            response_only=True,
        )
    ]
)
class SalesAnswer(serializers.Serializer[Any]):
    """A page of a sales report, in order of the keys."""

    success = serializers.BooleanField()
    group = serializers.ChoiceField(choices=sales.GROUPS)
    currency = serializers.CharField()
    count = serializers.IntegerField(help_text="Lines in this page.")
    sales = SalesLineOutput(many=True)
    total = SalesTotalOutput(help_text="Of the whole range, on each page; an order counts once.")
    nextCursor = serializers.CharField(allow_null=True, help_text="Null at the end.")  # noqa: N815 (as on the wire)

    def get_fields(self) -> dict[str, Any]:
        """Add the two ends of the range, both included."""
        return {**super().get_fields(), "from": serializers.DateField(), "to": serializers.DateField()}

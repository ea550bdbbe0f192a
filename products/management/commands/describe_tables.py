"""Say what the DynamoDB tables must look like, to whoever deploys them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.management.base import BaseCommand

from products.models import Product, StockMovement, StockReservation
from shop.dynamo import SharedConnectionModel
from shop.limits import RateCounter

TABLES: Mapping[str, type[SharedConnectionModel]] = {
    "PRODUCTS_TABLE": Product,
    "RESERVATIONS_TABLE": StockReservation,
    "MOVEMENTS_TABLE": StockMovement,
    "RATE_LIMITS_TABLE": RateCounter,
}
"""By the setting that names each."""


class Command(BaseCommand):
    """Print the tables as JSON."""

    help = "Print every DynamoDB table as its model declares it, as JSON in CloudFormation's words."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Print them; nothing is asked of DynamoDB."""
        found = [{"Setting": setting, **described(table)} for setting, table in TABLES.items()]
        self.stdout.write(json.dumps(found, indent=2))


def described(table: type[SharedConnectionModel]) -> dict[str, Any]:
    """Return a table's definition, with the properties of ``AWS::DynamoDB::Table``."""
    schema = table._get_schema()  # noqa: SLF001 (what PynamoDB's own create_table sends)
    ttl = table._ttl_attribute()  # type: ignore[no-untyped-call]  # noqa: SLF001
    definition: dict[str, Any] = {
        "TableName": table.Meta.table_name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [dict(definition) for definition in schema["attribute_definitions"]],
        "KeySchema": _keys(schema["key_schema"]),
    }
    if indexes := schema["global_secondary_indexes"]:
        definition["GlobalSecondaryIndexes"] = [_index(index) for index in indexes]
    if ttl is not None:
        definition["TimeToLiveSpecification"] = {"AttributeName": ttl.attr_name, "Enabled": True}
    return definition


def _index(index: Mapping[str, Any]) -> dict[str, Any]:
    # Capacity is for provisioned tables; these are billed by request.
    return {
        "IndexName": index["index_name"],
        "KeySchema": _keys(index["key_schema"]),
        "Projection": dict(index["projection"]),
    }


def _keys(schema: Sequence[Any]) -> list[dict[str, str]]:
    return sorted(
        (dict(key) for key in schema), key=lambda key: key["KeyType"]
    )  # HASH first, as AWS wants it

"""What the deployment declares is what the shop needs: tables and metrics. (deploy/tests compares the templates.)"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy import metrics, tables
from products.models import Product, StockMovement, StockReservation
from shop.limits import RateCounter
from shop.metrics import METRICS

MODELS = {
    "PRODUCTS_TABLE": Product,
    "RESERVATIONS_TABLE": StockReservation,
    "MOVEMENTS_TABLE": StockMovement,
    "RATE_LIMITS_TABLE": RateCounter,
}


def keys(schema: list[dict[str, str]]) -> tuple[str, str]:
    """Return the names of the key and the sort key of a schema."""
    names = {each["KeyType"]: each["AttributeName"] for each in schema}
    return names["HASH"], names.get("RANGE", "")


@pytest.mark.parametrize("setting", sorted(MODELS))
def test_a_table_is_declared_as_its_model_has_it(setting: str) -> None:
    model: Any = MODELS[setting]
    schema = model._get_schema()
    declared = next(each for each in tables.TABLES if each.setting == setting)
    assert keys(schema["key_schema"]) == (declared.key, declared.sort)
    indexes = {
        each["index_name"]: (keys(each["key_schema"]), each["projection"]["ProjectionType"])
        for each in schema["global_secondary_indexes"]
    }
    assert indexes == {index.name: ((index.key, index.sort), "KEYS_ONLY") for index in declared.indexes}
    assert schema["local_secondary_indexes"] == []
    assert {each["AttributeType"] for each in schema["attribute_definitions"]} == {"S"}
    ttl = model._ttl_attribute()
    assert (ttl.attr_name if ttl else "") == declared.expires


def test_every_table_of_the_shop_is_declared_and_no_other() -> None:
    assert sorted(each.setting for each in tables.TABLES) == sorted(MODELS)


def test_the_deployment_knows_the_metrics_that_the_shop_writes() -> None:
    assert {metric.name: metric.dimension for metric in METRICS} == metrics.DIMENSIONS


ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("shop", "products", "users", "orders")


def imported(folder: str) -> Iterator[tuple[str, str]]:
    """Yield every import of a folder's files: the file and the top-level package."""
    for path in sorted(ROOT.joinpath(folder).rglob("*.py")):
        if "cdk.out" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            yield from ((str(path.relative_to(ROOT)), name.partition(".")[0]) for name in names)


def test_the_deployment_imports_no_room():
    assert [found for found in imported("deploy") if found[1] in ROOMS] == []


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_imports_the_deployment(room: str):
    assert [found for found in imported(room) if found[1] == "deploy"] == []

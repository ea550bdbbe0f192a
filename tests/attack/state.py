"""The whole state of the shop, to compare before and after: MySQL's rows, DynamoDB's items, Cognito's accounts."""

from typing import Any

import boto3
from django.apps import apps
from django.conf import settings

from shop.aws import cognito_client

Snapshot = dict[str, frozenset[str]]
# A page asked for without a session may begin one; and counters are there to count.
PASSING = {"django_session"}
STORES = (settings.PRODUCTS_TABLE, settings.RESERVATIONS_TABLE, settings.MOVEMENTS_TABLE)


def snapshot() -> Snapshot:
    """Return every row, item and account, by table."""
    state = {
        model._meta.db_table: _rows(model)
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and model._meta.db_table not in PASSING
    }
    for table in STORES:
        state[table] = _items(table)
    return {**state, "accounts": _accounts()}


def changes(before: Snapshot, after: Snapshot) -> dict[str, tuple[list[str], list[str]]]:
    """Return what is gone and what is new, by table."""
    names = sorted({*before, *after})
    empty: frozenset[str] = frozenset()
    pairs = {name: (before.get(name, empty), after.get(name, empty)) for name in names}
    return {name: (sorted(was - now), sorted(now - was)) for name, (was, now) in pairs.items() if was != now}


def _rows(model: Any) -> frozenset[str]:
    return frozenset(repr(sorted(row.items())) for row in model._base_manager.values())


def _items(table: str) -> frozenset[str]:
    pages = boto3.client("dynamodb", region_name=settings.AWS_REGION).get_paginator("scan")
    found = [item for page in pages.paginate(TableName=table, ConsistentRead=True) for item in page["Items"]]
    return frozenset(_text(item) for item in found)


def _accounts() -> frozenset[str]:
    pages = cognito_client().get_paginator("list_users")
    told = ("Username", "Attributes", "Enabled", "UserStatus")
    return frozenset(
        _text({name: user.get(name) for name in told})
        for page in pages.paginate(UserPoolId=settings.COGNITO_USER_POOL_ID)
        for user in page["Users"]
    )


def _text(value: Any) -> str:
    """Write nested mappings so that equal ones look equal."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_text(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    return repr(value)

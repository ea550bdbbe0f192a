"""A table that an earlier version made gets the indexes of today, and its items are in them."""

import uuid
from typing import Any

import pytest
from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from products.errors import CatalogueUnavailable
from products.models import create_missing_tables
from shop import dynamo_indexes
from shop.aws import dynamodb_connection
from shop.dynamo import SharedConnectionModel, create_missing
from shop.dynamo_indexes import add_missing_indexes

pytestmark = pytest.mark.dynamodb


@pytest.fixture
def versions(settings):
    """The same table as two versions of the shop declare it; gone at the end."""
    table = f"Versions{uuid.uuid4().hex}"

    class ByColour(GlobalSecondaryIndex[Any]):
        class Meta:
            index_name = "colours"
            projection = KeysOnlyProjection()

        colour = UnicodeAttribute(hash_key=True)

    class Old(SharedConnectionModel):
        class Meta:
            table_name = table
            region = settings.AWS_REGION

        key = UnicodeAttribute(hash_key=True)
        colour = UnicodeAttribute()

    class New(Old):
        class Meta:
            table_name = table
            region = settings.AWS_REGION

        colours = ByColour()

    yield Old, New
    Old.delete_table()


def test_a_missing_index_is_added_once_and_holds_what_was_there(versions):
    old, new = versions
    create_missing([old], unavailable=CatalogueUnavailable)
    old("a", colour="red").save()

    added = add_missing_indexes([new], unavailable=CatalogueUnavailable)

    assert added == [f"{old.Meta.table_name}/colours"]
    client: Any = dynamodb_connection().client
    found = client.query(
        TableName=old.Meta.table_name,
        IndexName="colours",
        KeyConditionExpression="colour = :red",
        ExpressionAttributeValues={":red": {"S": "red"}},
    )
    assert found["Items"] == [{"key": {"S": "a"}, "colour": {"S": "red"}}]
    assert add_missing_indexes([old, new], unavailable=CatalogueUnavailable) == []


def test_an_index_that_does_not_get_ready_is_said(versions, monkeypatch):
    old, new = versions
    create_missing([old], unavailable=CatalogueUnavailable)
    monkeypatch.setattr(dynamo_indexes, "READY_SECONDS", 0.0)

    with pytest.raises(CatalogueUnavailable, match=r"The index Versions.*/colours is not ready yet"):
        add_missing_indexes([new], unavailable=CatalogueUnavailable)


def test_tables_that_are_whole_are_left_alone(tables):
    assert create_missing_tables() == []

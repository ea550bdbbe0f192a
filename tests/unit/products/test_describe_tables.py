"""The tables that a deployment is told to make are those that the models declare."""

import json

import pytest
from django.core.management import call_command


@pytest.fixture
def told(capsys):
    call_command("describe_tables")
    return {table.pop("Setting"): table for table in json.loads(capsys.readouterr().out)}


def test_every_table_is_described_and_billed_by_request(told):
    assert list(told) == ["PRODUCTS_TABLE", "RESERVATIONS_TABLE", "MOVEMENTS_TABLE", "RATE_LIMITS_TABLE"]
    assert {table["BillingMode"] for table in told.values()} == {"PAY_PER_REQUEST"}


def test_a_table_is_described_in_cloudformations_words(told, settings):
    def index(name, key):
        keys = [{"AttributeName": key, "KeyType": "HASH"}, {"AttributeName": "listKey", "KeyType": "RANGE"}]
        return {"IndexName": name, "KeySchema": keys, "Projection": {"ProjectionType": "KEYS_ONLY"}}

    products = told["PRODUCTS_TABLE"]
    attributes = {
        entry["AttributeName"]: entry["AttributeType"] for entry in products["AttributeDefinitions"]
    }
    indexes = sorted(products["GlobalSecondaryIndexes"], key=lambda index: index["IndexName"])

    assert products["TableName"] == settings.PRODUCTS_TABLE
    assert products["KeySchema"] == [{"AttributeName": "productId", "KeyType": "HASH"}]
    assert attributes == {"productId": "S", "listKey": "S", "catalogue": "S", "category": "S"}
    assert indexes == [index("catalogue", "catalogue"), index("category", "category")]


def test_a_key_of_two_parts_is_in_the_order_that_aws_wants(told):
    def keys(sort):
        return [
            {"AttributeName": "productId", "KeyType": "HASH"},
            {"AttributeName": sort, "KeyType": "RANGE"},
        ]

    movements = told["MOVEMENTS_TABLE"]
    (history,) = movements["GlobalSecondaryIndexes"]

    assert movements["KeySchema"] == keys("movementId")
    assert (history["IndexName"], history["KeySchema"]) == ("history", keys("createdAt"))


def test_only_the_counters_of_the_rate_limits_expire(told):
    assert {
        name: table["TimeToLiveSpecification"]
        for name, table in told.items()
        if "TimeToLiveSpecification" in table
    } == {"RATE_LIMITS_TABLE": {"AttributeName": "expiresAt", "Enabled": True}}

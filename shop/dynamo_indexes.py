"""Indexes that a table of an earlier version lacks: added where a local stack keeps its data. On AWS the deployment adds them."""

import time
from collections.abc import Iterable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from shop.aws import dynamodb_connection
from shop.deadline import Deadline
from shop.dynamo import SharedConnectionModel, call, is_passing
from shop.errors import UnavailableError

READY_SECONDS = 60.0  # for one index; DynamoDB fills it from the items that are there


def add_missing_indexes(
    tables: Iterable[type[SharedConnectionModel]], *, unavailable: type[UnavailableError]
) -> list[str]:
    """Add what the models declare and the tables do not have, one after the other; return their names.

    Raises:
        UnavailableError: as ``unavailable``: no answer, or an index that does not get ready.
    """
    added = []
    for table in tables:
        schema = table._get_schema()  # noqa: SLF001 (what PynamoDB's own create_table sends)
        for index in schema["global_secondary_indexes"] or ():
            name = f"{table.Meta.table_name}/{index['index_name']}"
            end = Deadline(READY_SECONDS)
            while (state := _state(table, index["index_name"], unavailable=unavailable)) != "ACTIVE":
                if end.remaining() <= 0:
                    raise unavailable(f"The index {name} is not ready yet.")
                if state is None:
                    _add(table, index, attributes=schema["attribute_definitions"])
                    added.append(name)
                time.sleep(1)
    return sorted(set(added))


def _add(table: type[SharedConnectionModel], index: Any, *, attributes: Any) -> None:
    definition = {
        "IndexName": index["index_name"],
        "KeySchema": index["key_schema"],
        "Projection": index["projection"],
    }
    client: Any = dynamodb_connection().client  # PynamoDB's types know only what it calls itself
    try:
        client.update_table(
            TableName=table.Meta.table_name,
            AttributeDefinitions=attributes,
            GlobalSecondaryIndexUpdates=[{"Create": definition}],
        )
    except (BotoCoreError, ClientError) as error:
        if not is_passing(error):
            raise
        # No answer: whether it arrived is seen by looking.


def _state(
    table: type[SharedConnectionModel], name: str, *, unavailable: type[UnavailableError]
) -> str | None:
    """Return an index's state in DynamoDB's words, or None if there is none of that name."""
    client: Any = dynamodb_connection().client
    found = call(
        lambda: client.describe_table(TableName=table.Meta.table_name)["Table"],
        unavailable=unavailable,
        deadline=Deadline(20),
    )
    states = {index["IndexName"]: index["IndexStatus"] for index in found.get("GlobalSecondaryIndexes", ())}
    return states.get(name)

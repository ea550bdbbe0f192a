"""The stores by themselves: GetItem, TransactWriteItems and INSERT, one after the other, by a plain client.

A program of its own: reads ``[name, seconds]`` (JSON, one a line) from stdin, writes what it measured to stdout.
"""

import json
import os
import sys
import time
import uuid
from typing import Any

from tests.bench import thin

EMPTY = "INSERT INTO thin_orders (uid, user_id, user_email, status, step, cancel_reason, cancel_requested_reason, total, currency, item_count, payment_method, metadata, request_id, attempts) VALUES (%s, 'raw', 'raw@example.com', 'PENDING', 'CREATED', '', '', 1, 'USD', 1, '', '{}', '', 0)"


def get_item(product_id: str) -> None:
    thin._dynamodb.get_item(
        TableName=thin.PRODUCTS, Key={"productId": {"S": product_id}}, ConsistentRead=True
    )


def transact(product_id: str) -> None:
    hold = {"orderUid": {"S": str(uuid.uuid4())}, "state": {"S": "HELD"}}
    update: Any = {
        "TableName": thin.SHELF,
        "Key": {"productId": {"S": product_id}},
        "UpdateExpression": "SET stock = stock - :n",
        "ConditionExpression": "stock >= :n",
        "ExpressionAttributeValues": {":n": {"N": "1"}},
    }
    put: Any = {"TableName": thin.HOLDS, "Item": hold}
    thin._dynamodb.transact_write_items(TransactItems=[{"Put": put}, {"Update": update}])


def insert(_product_id: str) -> None:
    thin._mysql().cursor().execute(EMPTY, (str(uuid.uuid4()),))


OPERATIONS = {"GetItem": get_item, "TransactWriteItems": transact, "INSERT": insert}


def measure(name: str, seconds: float) -> dict[str, Any]:
    """Repeat one operation for so long."""
    operation, ids = OPERATIONS[name], json.loads(os.environ["BENCH_PRODUCTS"])
    milliseconds: list[float] = []
    began, cpu = time.perf_counter(), time.process_time()
    while (now := time.perf_counter()) < began + seconds:
        operation(ids[len(milliseconds) % len(ids)])
        milliseconds.append((time.perf_counter() - now) * 1000)
    return {
        "seconds": time.perf_counter() - began,
        "statuses": {"200": len(milliseconds)},
        "milliseconds": milliseconds,
        "cpu": time.process_time() - cpu,
    }


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(measure(*json.loads(line))), flush=True)

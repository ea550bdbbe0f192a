"""The reference: the least a hand-written service can do for the same calls, with boto3 and mysqlclient and no framework.

It reads what the shop reads and writes what an order cannot do without: the order, its lines, the reservation with the
stock, the payment provider's entry, the payment, the new status. It leaves out: recovery (steps, leases, history, anything
after a crash), idempotency keys, cancellation, refusals that say what is wrong, paging, ETags, limits, request ids, the log
line, metrics, security headers, exact JSON, time budgets and retries. Tokens are verified, and remembered.
"""

import os
import threading
import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import jwt
import MySQLdb
import orjson
from botocore.config import Config

PRODUCTS, SHELF, HOLDS = (os.environ[name] for name in ("PRODUCTS_TABLE", "THIN_SHELF", "THIN_HOLDS"))
_retries: Any = {"total_max_attempts": 1, "mode": "standard"}
_config = Config(connect_timeout=0.5, read_timeout=1.0, retries=_retries, max_pool_connections=32)
_dynamodb: Any = boto3.client("dynamodb", config=_config)
_url, _local = urlsplit(os.environ["DATABASE_URL"]), threading.local()
_key = jwt.PyJWK.from_json(os.environ["THIN_KEY"])
_tokens: dict[str, str] = {}
ORDERS = "SELECT o.*, p.reference, p.status AS paid FROM orders o LEFT JOIN payments p ON p.order_id = o.id"


def _mysql() -> Any:
    if not hasattr(_local, "mysql"):
        _local.mysql = MySQLdb.connect(
            host=_url.hostname, port=_url.port, user=_url.username, password=_url.password, database="shop", charset="utf8mb4"
        )  # fmt: skip
        _local.mysql.autocommit(True)
    return _local.mysql


def _rows(sql: str, *values: Any) -> list[dict[str, Any]]:
    cursor = _mysql().cursor(MySQLdb.cursors.DictCursor)
    cursor.execute(sql, values)
    return list(cursor.fetchall())


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    texts = {name: value["S"] for name, value in item.items() if "S" in value}
    numbers = {name: float(item[name]["N"]) for name in ("price", "stock", "version")}
    metadata = {name: value["S"] for name, value in item["metadata"]["M"].items()}
    return {**texts, **numbers, "metadata": metadata}


def product(product_id: str) -> Any:
    found = _dynamodb.get_item(TableName=PRODUCTS, Key={"productId": {"S": product_id}}, ConsistentRead=True)
    return {"success": True, "product": _plain(found["Item"])}


def _batch(table: str, ids: list[str]) -> dict[str, Any]:
    keys = [{"productId": {"S": product_id}} for product_id in ids]
    found = _dynamodb.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
    return {item["productId"]["S"]: item for item in found["Responses"][table]}


def page(*, limit: int, category: str | None) -> Any:
    index, value = ("category", category) if category else ("catalogue", "all")
    found = _dynamodb.query(
        TableName=PRODUCTS, IndexName=index, KeyConditionExpression="#k = :v", Limit=limit + 1,
        ExpressionAttributeNames={"#k": index}, ExpressionAttributeValues={":v": {"S": value}},
    )  # fmt: skip
    ids = [item["productId"]["S"] for item in found["Items"]][:limit]
    items = _batch(PRODUCTS, ids)
    return {"success": True, "count": len(ids), "products": [_plain(items[product_id]) for product_id in ids]}


def order(order_id: str, *, user: str) -> Any:
    (found,) = _rows(f"{ORDERS} WHERE o.id = %s AND o.user_id = %s", order_id, user)
    items = _rows("SELECT * FROM order_items WHERE order_id = %s ORDER BY id", order_id)
    return {"success": True, "order": found, "items": items}


def orders(*, limit: int, user: str) -> Any:
    newest = "WHERE o.user_id = %s ORDER BY o.created_at DESC, o.id DESC LIMIT %s"
    return {"success": True, "orders": _rows(f"{ORDERS} {newest}", user, limit + 1)[:limit]}


def place(body: Any, *, user: str) -> Any:
    wanted = {item["productId"]: item["quantity"] for item in body["items"]}
    found = _batch(SHELF, sorted(wanted))
    total = sum(float(found[name]["price"]["N"]) * units for name, units in wanted.items())
    uid, mysql = str(uuid.uuid4()), _mysql()
    cursor = mysql.cursor()
    mysql.begin()
    cursor.execute(
        "INSERT INTO thin_orders (uid, user_id, user_email, status, step, cancel_reason, cancel_requested_reason, total,"
        " currency, item_count, payment_method, metadata, request_id, attempts)"
        " VALUES (%s, %s, %s, 'PENDING', 'CREATED', '', '', %s, 'USD', %s, '', '{}', '', 0)",
        (uid, user, body["email"], total, len(wanted)),
    )
    number = cursor.lastrowid
    cursor.executemany(
        "INSERT INTO thin_items (order_id, product_id, product_name, quantity, price) VALUES (%s, %s, %s, %s, %s)",
        [(number, name, found[name]["name"]["S"], units, found[name]["price"]["N"]) for name, units in wanted.items()],
    )  # fmt: skip
    mysql.commit()
    hold = {"orderUid": {"S": uid}, "state": {"S": "HELD"}, "quantities": {"M": {name: {"N": str(units)} for name, units in wanted.items()}}}  # fmt: skip
    _dynamodb.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": HOLDS, "Item": hold, "ConditionExpression": "attribute_not_exists(orderUid)"}},
            *({"Update": {"TableName": SHELF, "Key": {"productId": {"S": name}}, "UpdateExpression": "SET stock = stock - :n", "ConditionExpression": "stock >= :n", "ExpressionAttributeValues": {":n": {"N": str(units)}}}} for name, units in wanted.items()),
        ]
    )  # fmt: skip
    cursor.execute(  # the mock payment provider's own books, in its own commit: the same for both
        "INSERT INTO thin_ledger (`key`, status, amount, refunded, currency, decline_code, created_at)"
        " VALUES (%s, 'CAPTURED', %s, 0, 'USD', '', NOW(6))",
        (uid, total),
    )
    mysql.begin()
    cursor.execute("UPDATE thin_orders SET status = 'PROCESSING', step = 'DONE' WHERE id = %s", (number,))
    cursor.execute(
        "INSERT INTO thin_payments (order_id, gateway, reference, status, amount, refunded, currency, decline_code)"
        " VALUES (%s, 'mock', %s, 'CAPTURED', %s, 0, 'USD', '')",
        (number, uid, total),
    )
    mysql.commit()
    return {"success": True, "order": {"orderId": number, "status": "PROCESSING", "total": total}}


def _user(environ: dict[str, Any]) -> str:
    token = environ["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    if token not in _tokens:
        _tokens[token] = jwt.decode(token, _key, algorithms=["RS256"])["sub"]
    return _tokens[token]


def application(environ: dict[str, Any], start: Any) -> list[bytes]:
    path, query = environ["PATH_INFO"], parse_qs(environ["QUERY_STRING"])
    limit, last, status = int(query.get("limit", ["20"])[0]), path.rpartition("/")[2], "200 OK"
    user = _user(environ) if "HTTP_AUTHORIZATION" in environ else ""
    if path == "/products":
        body = page(limit=limit, category=query.get("category", [None])[0])
    elif path.startswith("/products/") or path == "/users/me":
        body = {"userId": user} if last == "me" else product(last)
    elif environ["REQUEST_METHOD"] == "POST":
        body, status = place(orjson.loads(environ["wsgi.input"].read()), user=user), "201 Created"
    else:
        body = orders(limit=limit, user=user) if path == "/orders" else order(last, user=user)
    answer = orjson.dumps(body, default=str)
    start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
    return [answer]

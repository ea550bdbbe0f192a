"""Attacks on what belongs to others: their orders, their cursors, the catalogue, and members one may not set."""

import base64
import json
from collections.abc import Callable
from typing import Any

from tests.attack.attack import Attack
from tests.attack.siege import Siege
from tests.attack.wire import Reply

CHANGING = {"requestid", "date", "x-request-id"}


def attack(title: str, send: Callable[[Siege], Reply], status: int, code: str = "", **more: Any) -> Attack:
    return Attack(kind="objects", title=title, send=send, status=status, code=code, **more)


def as_bob(title: str, method: str, target: str, status: int, code: str, *, body: Any = None) -> Attack:
    """A request of Bob's."""
    return attack(title, lambda siege: siege.call(method, target, body, token=siege.bob.token), status, code)


def plain(reply: Reply, order_id: int) -> tuple[int, list[tuple[str, str]], str]:
    """Return an answer without what differs between any two."""
    headers = [pair for pair in reply.headers if pair[0].lower() not in CHANGING]
    body = reply.body.decode().replace(reply.header("X-Request-ID") or "-", "R").replace(str(order_id), "N")
    return reply.status, headers, body


def foreign(title: str, method: str, path: str, whose: Callable[[Siege], int]) -> Attack:
    """A request for another's order, which must be answered exactly as for one that is not there."""

    def send(siege: Siege) -> Reply:
        return siege.call(method, path.format(whose(siege)), token=siege.bob.token)

    def same_as_missing(siege: Siege, reply: Reply) -> None:
        missing = siege.free_order_id(whose(siege))
        answer = siege.call(method, path.format(missing), token=siege.bob.token)
        assert plain(answer, missing) == plain(reply, whose(siege))

    return attack(title, send, 404, "order_not_found", then=same_as_missing)


def cursor_of(siege: Siege, token: str, path: str = "/orders?limit=1") -> str:
    """Return where the first page of a list ends."""
    cursor: str = siege.call("GET", path, token=token).json["nextCursor"]
    return cursor


def with_cursor(title: str, cursor: Callable[[Siege], str], query: str = "limit=1") -> Attack:
    """Bob's list, going on from a cursor that is not his."""

    def send(siege: Siege) -> Reply:
        return siege.call("GET", f"/orders?{query}&cursor={cursor(siege)}", token=siege.bob.token)

    return attack(title, send, 400, "invalid_cursor")


def backdated(siege: Siege) -> str:
    """Bob's own cursor, with another position under its signature."""
    _position, rest = cursor_of(siege, siege.bob.token).split(":", 1)
    forged = json.dumps({"created_at": "2999-01-01T00:00:00+00:00", "id": 10**9}).encode()
    return base64.urlsafe_b64encode(forged).decode().rstrip("=") + ":" + rest


def assigning(member: str, value: Any) -> Attack:
    """An order with a member that only the shop may set."""
    return attack(
        f"an order that sets `{member}`",
        lambda siege: siege.place(token=siege.bob.token, **{member: value}),
        400,
        "invalid_request",
    )


def line(title: str, status: int, code: str, **members: Any) -> Attack:
    """An order of one line with these members."""
    item = {"productId": "prod_003", "quantity": 1, **members}
    return attack(title, lambda siege: siege.place(token=siege.bob.token, items=[item]), status, code)


def renamed(siege: Siege, reply: Reply) -> None:
    """The order has the catalogue's name for it."""
    order = siege.call("GET", reply.header("Location") or "", token=siege.bob.token).json["order"]
    assert [item["product_name"] for item in order["items"]] == ["AirPods Pro"]


def borrowed_key(siege: Siege) -> Reply:
    """Order with the key that Ann has used, word for word as she did."""
    key = [("Idempotency-Key", "one-key")]
    body: dict[str, Any] = {"email": siege.bob.email, "metadata": {"note": "same"}}
    siege.kept["hers"] = siege.place(token=siege.ann.token, headers=key, **body)
    return siege.place(token=siege.bob.token, headers=key, **body)


def own_order(siege: Siege, reply: Reply) -> None:
    hers, his = siege.kept["hers"].json["order"], reply.json["order"]
    assert (his["userId"], reply.header("Idempotent-Replayed")) == (siege.bob.sub, None)
    assert his["orderId"] != hers["orderId"]


def reused_key(siege: Siege) -> Reply:
    key = [("Idempotency-Key", f"twice-{siege.bob.sub}")]
    siege.place(token=siege.bob.token, headers=key)
    return siege.place(token=siege.bob.token, headers=key, items=[{"productId": "prod_004", "quantity": 1}])


def promoted_by(title: str, **claims: Any) -> Attack:
    """A product by somebody whose token says admin in the wrong place."""
    return attack(title, lambda siege: siege.shelve(siege.mint(**claims)), 403, "permission_denied")


FOREIGN = [
    foreign("read another's order", "GET", "/orders/{}", lambda siege: siege.ann.orders[0]),
    foreign("ask for its head", "HEAD", "/orders/{}", lambda siege: siege.ann.orders[0]),
    foreign("cancel another's order", "PUT", "/orders/{}/cancel", lambda siege: siege.ann.orders[1]),
    foreign("read an order placed without an account", "GET", "/orders/{}", lambda siege: siege.anonymous_order),
    attack("read an order without a token", lambda siege: siege.call("GET", f"/orders/{siege.ann.orders[0]}"), 401, "not_authenticated"),
    attack("cancel an order without a token", lambda siege: siege.call("PUT", f"/orders/{siege.ann.orders[0]}/cancel"), 401, "not_authenticated"),
    *(
        as_bob(f"order id {title}", "GET", f"/orders/{number}", 404, "order_not_found")
        for title, number in {
            "0": "0",
            "−1": "-1",
            "2⁶³": str(2**63),
            "of 400 digits": "9" * 400,
            "SQL": "1%20OR%201=1",
            "SQL, with a comment": "1;--",
            "a fraction": "1.0",
            "an exponent": "1e0",
            "hexadecimal": "0x1",
            "with a sign": "+1",
            "in Arabic digits": "%D9%A1",
            "with NUL": "1%00",
        }.items()
    ),
]  # fmt: skip

LISTS = [
    attack("list with `user_id` of another", lambda siege: siege.call("GET", f"/orders?user_id={siege.ann.sub}", token=siege.bob.token), 400, "invalid_request"),
    as_bob("list with `user_id[$ne]`", "GET", "/orders?user_id[$ne]=0&user_id__ne=0", 400, "invalid_request"),
    as_bob("list with `all=true&admin=1`", "GET", "/orders?all=true&admin=1", 400, "invalid_request"),
    as_bob("list with two limits", "GET", "/orders?limit=1&limit=1000000", 400, "invalid_request"),
    as_bob("list with a status of SQL", "GET", "/orders?status=PENDING'%20OR%20'1'='1", 400, "invalid_request"),
    as_bob("list with `limit=1000000`", "GET", "/orders?limit=1000000", 400, "invalid_request"),
    as_bob("list with `limit=-1`", "GET", "/orders?limit=-1", 400, "invalid_request"),
    as_bob("list with a limit in Arabic digits", "GET", "/orders?limit=%D9%A1", 400, "invalid_request"),
    as_bob("list from a date of SQL", "GET", "/orders?created_from=2026-01-01'--", 400, "invalid_request"),
    with_cursor("another's cursor", lambda siege: cursor_of(siege, siege.ann.token)),
    with_cursor("an altered cursor", backdated),
    with_cursor("a cursor without its signature", lambda siege: cursor_of(siege, siege.bob.token).rpartition(":")[0]),
    with_cursor("a cursor of another filter", lambda siege: cursor_of(siege, siege.bob.token), "limit=1&status=PENDING"),
    with_cursor("a cursor of the catalogue", lambda siege: cursor_of(siege, "", "/products?limit=1")),
    with_cursor("a cursor of nonsense", lambda _siege: "e30:x:y"),
]  # fmt: skip

MEMBERS = [
    assigning("status", "PROCESSING"),
    assigning("total", 0.01),
    assigning("userId", "somebody-else"),
    assigning("id", 1),
    assigning("payment", {"status": "CAPTURED"}),
    assigning("created_at", "2020-01-01T00:00:00Z"),
    line("a line with its own `discount`", 400, "invalid_request", discount=100),
    line("a price of one cent", 409, "price_changed", price=0.01),
    line("a negative price", 400, "invalid_request", price=-1),
    attack(
        "another name for a product",
        lambda siege: siege.place(token=siege.bob.token, items=[{"productId": "prod_003", "quantity": 1, "productName": "Free gift"}]),
        201,
        orders=1,
        effect="the catalogue's name",
        then=renamed,
    ),
    as_bob("put oneself into a group", "PATCH", "/users/me", 400, "invalid_request", body={"groups": ["admin"]}),
    as_bob("confirm one's own address", "PATCH", "/users/me", 400, "invalid_request", body={"name": "Bob", "emailVerified": True}),
    attack("another's `Idempotency-Key`", borrowed_key, 201, orders=2, effect="an order of one's own", then=own_order),
    attack("an `Idempotency-Key` for another body", reused_key, 422, "idempotency_key_reused", orders=1),
]  # fmt: skip

CATALOGUE = [
    as_bob("a customer adds a product", "POST", "/products", 403, "permission_denied", body={"name": "Loot", "price": 1, "stock": 1, "category": "x"}),
    as_bob("a customer changes a price", "PATCH", "/products/prod_001", 403, "permission_denied", body={"price": 0.01}),
    as_bob("a customer replaces a product", "PUT", "/products/prod_001", 403, "permission_denied", body={"price": 0.01}),
    as_bob("a customer deletes a product", "DELETE", "/products/prod_001", 403, "permission_denied"),
    as_bob("a customer adjusts stock", "POST", "/products/prod_001/stock-adjustments", 403, "permission_denied", body={"delta": -50, "reason": "x"}),
    attack("nobody adds a product", lambda siege: siege.shelve(""), 401, "not_authenticated"),
    promoted_by("`roles` in place of `cognito:groups`", roles=["admin"], admin=True),
    promoted_by("the group `Admin`, spelled otherwise", groups=["Admin", "admin ", "ADMIN"]),
    promoted_by("admin as scope, role and custom attribute", scope="admin", role="admin", **{"custom:groups": "admin"}),
    attack(
        "stock below zero, by an administrator",
        lambda siege: siege.call("POST", "/products/prod_001/stock-adjustments", {"delta": -1_000_000, "reason": "x"}, token=siege.admin.token),
        409,
        "insufficient_stock",
    ),
    attack(
        "an id of one's own choice, by an administrator",
        lambda siege: siege.call("POST", "/products", {"productId": "prod_001", "name": "Loot", "price": 1, "stock": 1, "category": "x"}, token=siege.admin.token),
        400,
        "invalid_request",
    ),
]  # fmt: skip

OBJECTS = [*FOREIGN, *LISTS, *MEMBERS, *CATALOGUE]

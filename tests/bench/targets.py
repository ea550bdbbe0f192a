"""What is measured: the calls of a shop, as bytes, to the shop and to whatever stands for it."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.bench.stage import CATEGORIES, Stage

HOST = "127.0.0.1"
VARIANTS = 200


@dataclass(frozen=True, kw_only=True)
class Target:
    """One call.

    Attributes:
        name: what people call it.
        requests: of which each is sent in turn.
        services: who answers it: ``shop``, ``thin``, ``bare``.
        status: the only right one.
        keyed: whether each is sent once only, with a key of its own.
    """

    name: str
    requests: Sequence[str]
    services: Sequence[str] = ("shop", "thin")
    status: int = 200
    keyed: bool = False


def request(method: str, path: str, *, token: str = "", body: object = None, key: str = "") -> str:
    """Return a request as it stands on the wire."""
    content = "" if body is None else json.dumps(body)
    headers = {"Host": HOST, "Content-Length": str(len(content)), "Accept": "application/json"}
    headers |= {"Content-Type": "application/json"} if content else {}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    headers |= {"Idempotency-Key": key} if key else {}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n{content}"


def order_request(products: Sequence[str], *, token: str, key: str, quantity: int = 1) -> str:
    """Return an order for some products."""
    items = [{"productId": product_id, "quantity": quantity} for product_id in products]
    return request(
        "POST", "/orders", token=token, body={"email": "bench@example.com", "items": items}, key=key
    )


def targets(stage: Stage, *, orders: Mapping[str, Sequence[int]]) -> list[Target]:
    """Return all targets.

    Args:
        stage: as started.
        orders: the ids of orders that exist, by the token of their owner.
    """
    dice = random.Random(7)
    some = [dice.choice(stage.products) for _ in range(VARIANTS)]
    pages = [f"/products?limit=20&category=category-{number}" for number in range(CATEGORIES)]
    (owner, owned), *_ = orders.items()
    reading = [f"/products/{product_id}" for product_id in some]
    return [
        Target(
            name="product by id",
            requests=[request("GET", path) for path in reading],
            services=("shop", "thin", "bare"),
        ),
        Target(
            name="product by id, with a token",
            requests=[
                request("GET", path, token=stage.tokens[number % len(stage.tokens)])
                for number, path in enumerate(reading)
            ],
        ),
        Target(name="product page (20)", requests=[request("GET", "/products?limit=20")]),
        Target(name="category page (20)", requests=[request("GET", path) for path in pages]),
        Target(
            name="order",
            requests=[
                order_request(
                    dice.sample(stage.products, 2),
                    token=stage.tokens[number % len(stage.tokens)],
                    key="bench-{n}",
                )
                for number in range(VARIANTS)
            ],
            status=201,
            keyed=True,
        ),
        Target(
            name="order detail",
            requests=[request("GET", f"/orders/{number}", token=owner) for number in owned],
        ),
        Target(name="order list (20)", requests=[request("GET", "/orders?limit=20", token=owner)]),
    ]

"""What is measured: the calls of a shop, as bytes, to the shop and to whatever stands for it."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.bench.stage import CATEGORIES, Stage

HOST = "127.0.0.1"
VARIANTS = 200
MIX_ROUNDS = 4


@dataclass(frozen=True, kw_only=True)
class Target:
    """One call.

    Attributes:
        name: what people call it.
        requests: of which each is sent in turn.
        services: who answers it: ``shop``, ``thin``, ``bare``.
        status: the right one; in a mix, ``also`` these.
        keyed: whether each is sent once only, with a key of its own.
        longer: so many times the seconds of the others on one connection, where the slowest of a hundred count.
    """

    name: str
    requests: Sequence[str]
    services: Sequence[str] = ("shop", "thin")
    status: int = 200
    also: Sequence[int] = ()
    keyed: bool = False
    longer: int = 1


def request(
    method: str, path: str, *, token: str = "", body: object = None, key: str = "", cookie: str = ""
) -> str:
    """Return a request as it stands on the wire."""
    content = "" if body is None else json.dumps(body)
    headers = {"Host": HOST, "Content-Length": str(len(content)), "Accept": "application/json"}
    headers |= {"Content-Type": "application/json"} if content else {}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    headers |= {"Idempotency-Key": key} if key else {}
    headers |= {"Cookie": cookie} if cookie else {}
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
            longer=4,
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


MIX = {
    "product page (20)": 30,
    "category page (20)": 12,
    "product by id": 40,
    "order": 8,
    "order list (20)": 6,
    "order detail": 4,
}
"""What customers of a shop do, of a hundred requests: tests/bench/journey.py, as a test compares."""


def mix(found: Sequence[Target], *, weights: Mapping[str, int] = MIX, name: str = "mix") -> Target:
    """Return all targets in one, shuffled, each with its share of the requests."""
    dice = random.Random(7)
    known = {target.name: target for target in found}
    requests = [
        dice.choice(known[target].requests)
        for target, weight in weights.items()
        for _ in range(weight * MIX_ROUNDS)
    ]
    dice.shuffle(requests)
    return Target(name=name, requests=requests, also=(201,), keyed=True)

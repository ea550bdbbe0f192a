"""What customers of a shop do, for locust: look around, look closer, now and then order, and look after the order.

Runs in locust's own environment and knows nothing of the project: BENCH_TOKENS and BENCH_PRODUCTS (JSON) say who and what.
"""

import json
import os
import random
import uuid

from locust import HttpUser, between, task

TOKENS = json.loads(os.environ["BENCH_TOKENS"])
PRODUCTS = json.loads(os.environ["BENCH_PRODUCTS"])


class Customer(HttpUser):  # type: ignore[misc]  # locust is not in the shop's environment
    """One customer, who takes one to three seconds between two clicks."""

    wait_time = between(1, 3)

    def on_start(self) -> None:
        self.signed_in = {"Authorization": f"Bearer {random.choice(TOKENS)}"}
        self.placed: list[int] = []

    @task(30)
    def look_around(self) -> None:
        self.client.get("/products?limit=20", name="GET /products")

    @task(12)
    def look_into_a_category(self) -> None:
        number = random.randrange(10)
        self.client.get(f"/products?limit=20&category=category-{number}", name="GET /products?category")

    @task(40)
    def look_closer(self) -> None:
        self.client.get(f"/products/{random.choice(PRODUCTS)}", name="GET /products/{id}")

    @task(8)
    def order(self) -> None:
        items = [{"productId": name, "quantity": 1} for name in random.sample(PRODUCTS, 2)]
        headers = {**self.signed_in, "Idempotency-Key": str(uuid.uuid4())}
        body = {"email": "bench@example.com", "items": items}
        with self.client.post(
            "/orders", json=body, headers=headers, name="POST /orders", catch_response=True
        ) as answer:
            if answer.status_code == 201 and answer.json()["order"]["status"] == "PROCESSING":
                self.placed.append(answer.json()["order"]["orderId"])
            else:
                answer.failure(f"{answer.status_code}: {answer.text[:200]}")

    @task(6)
    def my_orders(self) -> None:
        self.client.get("/orders?limit=20", headers=self.signed_in, name="GET /orders")

    @task(4)
    def my_last_order(self) -> None:
        if self.placed:
            self.client.get(f"/orders/{self.placed[-1]}", headers=self.signed_in, name="GET /orders/{id}")

"""Customers: they order, repeat themselves, cancel and look, and remember every answer they were given."""

import http.client
import random
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection

from orders.models import Order
from orders.states import OrderStatus
from tests.chaos.world import Answer, World

CARDS = ("pm_card_visa", "pm_card_visa", "pm_card_mastercard", "pm_card_mastercard", "pm_card_chargeDeclined")
TAGS = ("", "", "", "", "", "", "+decline", "+decline", "+slow", "+timeout")


@dataclass
class Attempt:
    """One order that a customer wants, however often it is asked for.

    Attributes:
        key: the Idempotency-Key; empty if it is asked for once, without one.
        answers: per 201: order id, total as text, status.
    """

    name: str
    body: dict[str, Any]
    key: str
    expected: Decimal
    answers: list[tuple[int, str, str]] = field(default_factory=list)


class Facts:
    """What the customers were told."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.attempts: list[Attempt] = []
        self.cancels: list[tuple[int, int]] = []  # order id, status code
        self.seen: dict[int, set[str]] = defaultdict(set)
        self.codes: Counter[str] = Counter()
        self.posts = 0  # orders posted, and answered in whatever way
        self.wrong: list[str] = []

    def note(self, what: str, answer: Answer | None) -> None:
        """Count an answer (None: there was none), and mark what must never be answered."""
        with self.lock:
            self.codes[str(answer.status) if answer else "no answer"] += 1
            self.posts += answer is not None and what == "POST /orders"
            if answer is None or answer.status < 500:
                return
            if answer.status != 503 or "Retry-After" not in answer.headers:
                self.wrong.append(f"I23  {what}: {answer.status} {answer.body!r:.300}")

    def check(self, *, prices_hold: bool = True) -> list[str]:
        """Compare what was answered with what the database holds; return what does not fit."""
        connection.close()
        orders = {order.pk: order for order in Order.objects.all()}
        by_attempt: dict[str, list[Order]] = defaultdict(list)
        for order in orders.values():
            by_attempt[order.metadata.get("attempt", "")].append(order)
        found = list(self.wrong)
        for attempt in self.attempts:
            found += _check_attempt(attempt, by_attempt.get(attempt.name, []), prices_hold=prices_hold)
        for order_id, code in self.cancels:
            if code in {200, 202} and orders[order_id].status != OrderStatus.CANCELLED:
                found.append(f"I14  order {order_id}: cancel answered {code}, now {orders[order_id].status}")
        for order_id, statuses in self.seen.items():
            if order_id not in orders:
                found.append(f"I10  order {order_id} was answered and is not there")
            elif "CANCELLED" in statuses and orders[order_id].status != OrderStatus.CANCELLED:
                found.append(f"I12  order {order_id} was seen CANCELLED, now {orders[order_id].status}")
        return found


def _check_attempt(attempt: Attempt, orders: list[Order], *, prices_hold: bool) -> list[str]:
    found = []
    if len(orders) > 1:
        found.append(f"I8   {attempt.name}: {len(orders)} orders for one wish")
    if len({order_id for order_id, _, _ in attempt.answers}) > 1:
        found.append(f"I9   {attempt.name}: answered as different orders: {attempt.answers}")
    if attempt.answers and not orders:
        found.append(f"I10  {attempt.name}: answered {attempt.answers[0]} and not there")
    for order_id, total, _ in attempt.answers:
        if orders and (orders[0].pk != order_id or orders[0].total != Decimal(total)):
            found.append(
                f"I9   {attempt.name}: answered {order_id} over {total}, kept {orders[0].pk}, {orders[0].total}"
            )
    if prices_hold and orders and orders[0].total != attempt.expected:
        found.append(f"I7   {attempt.name}: {orders[0].total} instead of {attempt.expected}")
    return found


class Load:
    """A few customers at once, each a thread, until stopped."""

    def __init__(
        self, world: World, *, seed: str, customers: int = 6, token: str = "", cards: bool = False
    ) -> None:
        self.facts = Facts()
        self._world = world
        self._seed = seed
        self._cards = cards
        self._stop = threading.Event()
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._threads = [
            threading.Thread(target=self._customer, args=(number,), daemon=True)
            for number in range(customers)
        ]
        self._threads.append(threading.Thread(target=self._canceller, daemon=True))

    def start(self) -> None:
        """Let them in."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let them finish the request they are in."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=30)

    def _customer(self, number: int) -> None:
        chance = random.Random(f"{self._seed}/{number}")
        count = 0
        while not self._stop.is_set():
            count += 1
            attempt = self._wish(chance, f"{number}-{count}")
            with self.facts.lock:
                self.facts.attempts.append(attempt)
            self._order(attempt, chance)
            if attempt.answers and chance.random() < 0.2:
                self._cancel(attempt.answers[0][0])

    def _wish(self, chance: random.Random, name: str) -> Attempt:
        chosen = chance.sample(sorted(self._world.products), chance.randint(1, 3))
        lines = {product_id: chance.randint(1, 3) for product_id in chosen}
        body = {
            "items": [{"productId": product_id, "quantity": units} for product_id, units in lines.items()],
            "metadata": {"attempt": name},
        }
        if not self._headers:
            body["email"] = f"ann{chance.choice(TAGS)}@example.com"
        else:
            body["email"] = "ann@example.com"
        if self._cards:
            body["paymentMethod"] = chance.choice(CARDS)
        total = sum(
            (self._world.products[product_id] * units for product_id, units in lines.items()), Decimal(0)
        )
        return Attempt(name, body, f"key-{name}" if chance.random() < 0.7 else "", total)

    def _order(self, attempt: Attempt, chance: random.Random) -> None:
        """Ask once; with a key also again: some are impatient, and all repeat what got no answer."""
        sends = 1 + (chance.randint(0, 2) if attempt.key else 0)
        for _ in range(8):
            done = self.post(attempt)
            sends -= 1
            if not attempt.key or self._stop.is_set() or (done and sends <= 0):
                return
            if not done:
                time.sleep(0.2)

    def post(self, attempt: Attempt) -> bool:
        """Post an order once; return whether it was answered for good."""
        headers = {"Idempotency-Key": attempt.key} if attempt.key else {}
        answer = self._send("POST", "/orders", attempt.body, **headers)
        if answer is None:
            return False
        if answer.status == 201:
            order = answer.body["order"]
            with self.facts.lock:
                attempt.answers.append((order["orderId"], f"{order['total']:.2f}", order["status"]))
                self.facts.seen[order["orderId"]].add(order["status"])
        return answer.status < 500 and answer.status != 409

    def _cancel(self, order_id: int) -> None:
        answer = self._send("PUT", f"/orders/{order_id}/cancel")
        if answer is not None and answer.status in {200, 202}:
            with self.facts.lock:
                self.facts.cancels.append((order_id, answer.status))

    def _canceller(self) -> None:
        """Cancel what is still being worked on."""
        chance = random.Random(f"{self._seed}/canceller")
        while not self._stop.wait(0.3):
            answer = self._send("GET", "/orders?status=PENDING&limit=10")
            if answer and answer.status == 200 and answer.body["orders"]:
                order = chance.choice(answer.body["orders"])
                self._cancel(order["id"])

    def finish(self) -> None:
        """Once all is quiet, repeat every keyed order that never got its answer, and some that did."""
        for number, attempt in enumerate(self.facts.attempts):
            if attempt.key and (not attempt.answers or number % 10 == 0):
                self.post(attempt)

    def _send(self, method: str, path: str, body: Any = None, **headers: str) -> Answer | None:
        try:
            answer = self._world.send(method, path, body, headers={**self._headers, **headers})
        except (OSError, http.client.HTTPException, ValueError):
            answer = None
        self.facts.note(f"{method} {path}", answer)
        return answer

"""The faults around the shop: the in-process payment provider, the keys of tokens, customers, changes of the catalogue."""

import http.client
import json
import socket
import time
from collections.abc import Callable
from decimal import Decimal

from products import services
from tests.chaos.tcp_proxy import TcpFault
from tests.chaos.trial import Case, Trial

# ---- the payment provider (the in-process one) -------------------------------------------------------------


def _provider(spec: str) -> Callable[[Trial], None]:
    name = spec.split("=")[0]

    def inflict(trial: Trial) -> None:
        trial.world.arm(trial.world.web, spec)
        trial.world.arm(trial.world.reconciler, spec)
        time.sleep(4)
        trial.fired = len(trial.world.hits(name))

    return inflict


def _with_settings(trial: Trial) -> None:
    """The fault is in the settings; it lasts while customers are there."""
    before = trial.load.facts.codes["201"]
    time.sleep(5)
    trial.fired = trial.load.facts.codes["201"] - before


def _provider_cases() -> list[Case]:
    own = "provider"
    silent = "raise:orders.payments.gateway.PaymentOutcomeUnknown"
    return [
        Case("provider-silent", own, "no answer to any charge for 4 s; nothing was taken", _provider(f"before_charge={silent}")),
        Case("provider-half-silent", own, "no answer to half of the charges; nothing was taken", _provider(f"before_charge={silent}@0.5")),
        Case("provider-took-and-silent", own, "the money was taken, no answer, half of the charges", _provider(f"after_charge={silent}@0.5")),
        Case("provider-void-and-silent", own, "refunds happen, but the answer is lost", _provider(f"after_void={silent}@0.7")),
        Case("provider-late-after-cancel", own, "charges leave 5 s late, while their orders are cancelled", _provider("before_charge=sleep:5@0.5")),
        Case("provider-unreliable", own, "30 % of the calls get no answer", _with_settings, settings={"MOCK_PAYMENT_FAILURE_RATE": "0.3"}),
        Case("provider-slow", own, "1.5 s per call", _with_settings, settings={"MOCK_PAYMENT_LATENCY_MS": "1500"}),
        Case("provider-declines", own, "every card is declined", _with_settings, settings={"MOCK_PAYMENT_SUCCESS_RATE": "0"}),
    ]  # fmt: skip


# ---- identity, customers, catalogue ------------------------------------------------------------------------


def _keys_down_warm(trial: Trial) -> None:
    proxy = trial.world.servers.keys
    proxy.set(TcpFault("refuse"))
    trial.fired += 1
    token = trial.world.servers.key_server.token("ann")
    for _ in range(20):
        answer = trial.world.send("GET", "/orders?limit=1", headers={"Authorization": f"Bearer {token}"})
        trial.expect(answer.status == 200, f"a known key must serve on: {answer.status}")
        time.sleep(0.1)


def _keys_down_cold(trial: Trial) -> None:
    """Processes that never had a key start while nobody serves them."""
    world = trial.world
    world.servers.keys.set(TcpFault("refuse"))
    world.kill(world.web)
    trial.fired += 1
    deadline = time.monotonic() + 20
    token = world.servers.key_server.token("ann")
    while time.monotonic() < deadline:
        try:
            answer = world.send("GET", "/orders?limit=1", headers={"Authorization": f"Bearer {token}"})
        except (OSError, http.client.HTTPException):
            time.sleep(0.2)
            continue
        refused = answer.status == 503 and "Retry-After" in answer.headers
        trial.expect(refused, f"without any key: {answer.status} instead of 503 with Retry-After")
        return
    trial.expect(False, "the shop does not start without keys")


def _clients_gone(trial: Trial) -> None:
    """Customers who send an order and hang up."""
    for number in range(40):
        product = trial.chance.choice(sorted(trial.world.products))
        body = json.dumps({"email": "ann+slow@example.com", "items": [{"productId": product, "quantity": 1}]})
        head = f"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", trial.world.port), timeout=5) as wire:
            sent = head + body
            wire.sendall(sent[: len(sent) // 2 if number % 4 == 0 else len(sent)].encode())
        trial.fired += 1
        time.sleep(0.05)


def _price_changes(trial: Trial) -> None:
    """Prices change all the time, also between the reading and the reserving."""
    trial.world.arm(trial.world.web, "before_reserve=sleep:0.3@0.5")
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline:
        product = trial.chance.choice(sorted(trial.world.products))
        price = Decimal(trial.chance.randint(100, 9999)) / 100
        services.update_product(product, changes={"price": price}, expected_version=None)
        trial.fired += 1
        time.sleep(0.1)


def _product_deleted(trial: Trial) -> None:
    """A product goes between the reading and the reserving."""
    trial.world.arm(trial.world.web, "before_reserve=sleep:0.5@0.7")
    for product in sorted(trial.world.products)[:3]:
        time.sleep(1)
        services.delete_product(product)
        trial.fired += 1


def _other_cases() -> list[Case]:
    signed_in = {"REQUIRE_AUTH": "true"}
    return [
        Case("keys-down-warm", "identity", "the key server goes; known keys serve on", _keys_down_warm, settings=signed_in, signed_in=True),
        Case("keys-down-cold", "identity", "no key server at the start: 503, then well", _keys_down_cold, settings=signed_in, signed_in=True),
        Case("clients-gone", "customers", "40 customers hang up before their answer", _clients_gone),
        Case("price-changes", "catalogue", "prices change between reading and reserving", _price_changes, prices_hold=False),
        Case("product-deleted", "catalogue", "products are deleted between reading and reserving", _product_deleted),
    ]  # fmt: skip


def cases() -> list[Case]:
    """Return the cases of this module."""
    return [*_provider_cases(), *_other_cases()]

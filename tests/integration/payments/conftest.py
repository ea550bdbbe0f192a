"""The mock provider server as its own process, and both gateways in the same words."""

import json
import os
import sys
import urllib.request
import uuid
from dataclasses import dataclass
from decimal import Decimal

import pytest

from orders.payments.gateway import Charge
from orders.payments.mock import MockGateway
from orders.payments.stripe import StripeGateway
from shop.local import processes

TOTAL = Decimal("25.00")
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class ProviderServer:
    """The running server."""

    url: str

    def control(self, **order):
        """Switch a fault, see shop/local/payment_provider/faults.py; return the report."""
        body = json.dumps(order).encode() if order else None
        with _direct.open(urllib.request.Request(f"{self.url}/_control", data=body), timeout=5) as answer:
            return json.load(answer)

    @property
    def fired(self):
        return sum(fault["fired"] for fault in self.control()["faults"])

    def intents(self):
        """The newest hundred in the provider's own books."""
        request = urllib.request.Request(
            f"{self.url}/v1/payment_intents?limit=100&expand[0]=data.latest_charge",
            headers={"Authorization": "Bearer sk_test_1"},
        )
        with _direct.open(request, timeout=5) as answer:
            return json.load(answer)["data"]

    def intents_of(self, uid):
        return [intent for intent in self.intents() if intent["metadata"].get("order_uid") == str(uid)]

    def captures(self, uid):
        return sum(intent["captures"] for intent in self.intents_of(uid))

    def kept(self, uid):
        return sum(intent["amount_received"] - intent["amount_refunded"] for intent in self.intents_of(uid))


@pytest.fixture(scope="session")
def provider_process(tmp_path_factory):
    folder = tmp_path_factory.mktemp("provider")
    port = processes.free_port()
    argv = ["-m", "shop.local.payment_provider", "--port", port, "--db", folder / "books.sqlite3"]
    child = processes.start(
        "mock provider", [sys.executable, *map(str, argv)], env=dict(os.environ), log=folder / "log"
    )
    processes.wait_until(child, lambda: processes.listens(port), seconds=20)
    yield ProviderServer(f"http://127.0.0.1:{port}")
    processes.stop(child)


@pytest.fixture
def provider(provider_process, settings):
    """The server without faults, and the settings that lead to it."""
    settings.STRIPE_SECRET_KEY = "sk_test_not_a_real_key"
    settings.STRIPE_API_BASE = provider_process.url
    provider_process.control(reset=True)
    return provider_process


class Desk:
    """One order's dealings with a gateway."""

    gateway: MockGateway | StripeGateway

    def __init__(self):
        self.uid = uuid.uuid4()

    def charge(self, *, good=True, seconds=5.0, amount=TOTAL) -> Charge:
        return self.gateway.charge(
            uid=self.uid,
            amount=amount,
            currency="USD",
            email="ann+approve@example.com" if good else "ann+decline@example.com",
            payment_method="pm_card_mastercard" if good else "pm_card_chargeDeclined",
            timeout_seconds=seconds,
        )

    def void(self):
        return self.gateway.void(uid=self.uid, timeout_seconds=5.0)

    def find(self):
        return self.gateway.find(uid=self.uid, timeout_seconds=5.0)

    def entries(self):
        return [charge for charge in self.gateway.ledger() if charge.uid == self.uid]

    @property
    def kept(self):
        return sum((entry.amount - entry.refunded for entry in self.taken), Decimal(0))

    @property
    def taken(self):
        return [entry for entry in self.entries() if entry.status in {"CAPTURED", "REFUNDED"}]


class MockDesk(Desk):
    def __init__(self):
        super().__init__()
        self.gateway = MockGateway()

    def charge_without_an_answer(self):
        self.gateway.charge(
            uid=self.uid,
            amount=TOTAL,
            currency="USD",
            email="ann+timeout@example.com",
            payment_method="",
            timeout_seconds=5.0,
        )

    def overcharge(self):
        return self.charge(amount=TOTAL + 1)


class StripeDesk(Desk):
    def __init__(self, provider):
        super().__init__()
        self.provider, self.gateway = provider, StripeGateway()

    def charge_without_an_answer(self):
        self.provider.control(fault="hold_after", on="confirm", seconds=2, times=1)
        self.charge(seconds=1.0)

    def overcharge(self):
        self.provider.control(fault="wrong_amount", on="confirm", amount=100, times=1)
        return self.charge()


@pytest.fixture(params=["mock", "stripe"])
def desk(request):
    """A new order before each gateway."""
    if request.param == "mock":
        return MockDesk()
    return StripeDesk(request.getfixturevalue("provider"))


@pytest.fixture
def stripe_desk(provider):
    """A new order before Stripe's gateway."""
    return StripeDesk(provider)

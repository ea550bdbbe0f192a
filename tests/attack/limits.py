"""Attacks by number: guesses, floods, and many at once. They go to the shop with narrow limits."""

import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.attack.accounts import stranger
from tests.attack.attack import Attack
from tests.attack.siege import LIMITS, Siege
from tests.attack.state import snapshot
from tests.attack.wire import Reply

WINDOW_SECONDS = 900  # the shortest; the longer ones are multiples of it
ROOM_SECONDS = 20
WRONG = {"password": "Wr0ng!passw0rd"}


def attack(
    title: str,
    send: Callable[[Siege], Reply],
    status: int = 429,
    code: str = "too_many_requests",
    **more: Any,
) -> Attack:
    return Attack(
        kind="limits", title=title, send=send, status=status, code=code, **{"then": says_when, **more}
    )


def says_when(_siege: Siege, reply: Reply) -> None:
    assert 1 <= int(reply.header("Retry-After") or 0) <= 3600


def within_one_window() -> None:
    """Wait if the counters are about to begin anew."""
    left = WINDOW_SECONDS - time.time() % WINDOW_SECONDS
    if left < ROOM_SECONDS:
        time.sleep(left + 0.1)


def until_quiet() -> None:
    """Wait until nothing changes any more: what a store did not answer in time may still arrive there."""
    for _ in range(10):
        seen = snapshot()
        time.sleep(1)
        if snapshot() == seen:
            return


def front(address: str) -> dict[str, Any]:
    """Come from this address."""
    return {"server": "narrow", "front": [("X-Forwarded-Proto", "https"), ("X-Forwarded-For", address)]}


def address(number: int) -> str:
    return f"198.51.{number % 256}.{uuid.uuid4().int % 254 + 1}"


def flood(setting: str, call: Callable[[Siege, int], Reply], **more: Any) -> Callable[[Siege], Reply]:
    """Send as many as are allowed, none of which is refused for its number, and one more."""

    def send(siege: Siege) -> Reply:
        within_one_window()
        allowed = [call(siege, number).status for number in range(LIMITS[setting])]
        assert 429 not in allowed, allowed
        return call(siege, LIMITS[setting])

    return send


def posts(
    path: str, body: Callable[[int], dict[str, Any]], where: Callable[[int], str]
) -> Callable[[Siege, int], Reply]:
    return lambda siege, number: siege.call("POST", f"/users/{path}", body(number), **front(where(number)))


def one_account(title: str, path: str, setting: str, **body: Any) -> Attack:
    """Many calls for one account, each from another address."""

    def send(siege: Siege) -> Reply:
        email = stranger()
        return flood(
            setting,
            posts(path, lambda number: {"email": email.upper() if number % 2 else email, **body}, address),
        )(siege)

    return attack(title, send)


def one_address(title: str, path: str, setting: str, **body: Any) -> Attack:
    """Many calls from one address that says it is others, each for another account."""

    def send(siege: Siege) -> Reply:
        own = address(7)
        return flood(
            setting,
            posts(
                path, lambda _number: {"email": stranger(), **body}, lambda number: f"192.0.2.{number}, {own}"
            ),
        )(siege)

    return attack(title, send)


def sign_ups(siege: Siege) -> Reply:
    """Sign up under addresses that are taken, so that nothing is made."""
    own, body = address(8), {"name": "M", "password": "Str0ng!passw0rd"}
    return flood(
        "LIMIT_SIGN_UP_PER_ADDRESS",
        posts("signup", lambda _number: {**body, "email": siege.ann.email}, lambda _number: own),
    )(siege)


def order(siege: Siege, sub: str, **changes: Any) -> Reply:
    token = siege.mint(sub=sub, username=sub)
    return siege.place(token=token, server="narrow", **changes)


def at_once(siege: Siege) -> Reply:
    """A hundred orders of one customer at the same moment."""
    within_one_window()
    sub = str(uuid.uuid4())
    with ThreadPoolExecutor(100) as pool:
        replies = list(pool.map(lambda _number: order(siege, sub), range(100)))
    until_quiet()
    siege.kept["at once"] = Counter(reply.status for reply in replies)
    return next(reply for reply in replies if reply.status == 429)


def not_one_more(siege: Siege, reply: Reply) -> None:
    """On a machine with too much to do, a counter or a store may not answer: that is 503, never one order more."""
    says_when(siege, reply)
    came = siege.kept["at once"]
    assert 1 <= came[201] <= LIMITS["LIMIT_ORDERS_PER_USER"]
    assert came[201] + came[429] + came[503] == 100, came


def declined(siege: Siege) -> Reply:
    sub, email = str(uuid.uuid4()), f"m-{uuid.uuid4().hex}+decline@example.com"
    siege.secrets.add(email, "an e-mail address", owner_sees=True)
    return flood("LIMIT_DECLINES_PER_USER", lambda shop, _number: order(shop, sub, email=email))(siege)


def looking(find: Callable[[Siege, int], int]) -> Callable[[Siege], Reply]:
    """Look for orders that are not one's own."""

    def send(siege: Siege) -> Reply:
        sub = str(uuid.uuid4())
        token = siege.mint(sub=sub, username=sub)
        return flood(
            "LIMIT_ORDER_MISSES_PER_USER",
            lambda shop, number: shop.call(
                "GET", f"/orders/{find(shop, number)}", token=token, server="narrow"
            ),
        )(siege)

    return send


def unknown_keys(siege: Siege) -> Reply:
    """Fifty tokens, each under another unknown key."""
    siege.kept["fetches"] = len(siege.keys.visits)
    replies = [siege.place(token=siege.mint(header={"kid": str(uuid.uuid4())})) for _ in range(50)]
    return replies[-1]


def hardly_asked(siege: Siege, _reply: Reply) -> None:
    """Each of the two workers asked for the keys once in 30 seconds at most."""
    assert len(siege.keys.visits) - siege.kept["fetches"] <= 2 * 2


ORDERS = LIMITS["LIMIT_ORDERS_PER_USER"]
DECLINES = LIMITS["LIMIT_DECLINES_PER_USER"]

LIMIT_ATTACKS = [
    one_account("guess one account's password from many addresses", "login", "LIMIT_LOGIN_PER_ACCOUNT", **WRONG),
    one_address("guess many accounts' passwords from one address with a forged X-Forwarded-For", "login", "LIMIT_LOGIN_PER_ADDRESS", **WRONG),
    one_account("guess the code of a reset from many addresses", "reset-password", "LIMIT_CODES_PER_ACCOUNT", code="000000", password="N3w!passw0rd"),
    one_address("guess many accounts' sign-up codes from one address", "confirm", "LIMIT_CODES_PER_ADDRESS", code="000000"),
    one_account("bomb a mailbox with reset codes", "forgot-password", "LIMIT_CODES_PER_ACCOUNT"),
    one_account("bomb a mailbox with sign-up codes", "resend-code", "LIMIT_CODES_PER_ACCOUNT"),
    attack("sign up again and again", sign_ups),
    attack("100 orders at once", at_once, orders=ORDERS, at_most=True, then=not_one_more),
    attack("try card after card", declined, orders=DECLINES),
    attack("count through order ids that are not there", looking(lambda _siege, number: 2_000_000 + number)),
    attack("count through other people's orders", looking(lambda siege, number: siege.ann.orders[number % 3])),
    attack("50 tokens under unknown keys, to make the shop fetch keys", unknown_keys, 401, "invalid_token", then=hardly_asked),
]  # fmt: skip

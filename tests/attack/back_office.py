"""Attacks on the back office's door by those who have an account, the right password, and no business there."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from tests.attack.attack import Attack
from tests.attack.limits import address, flood, front, says_when
from tests.attack.siege import LIMITS, Person, Siege
from tests.attack.wire import HOST, Reply

DOOR = "/admin/login/"
FORM = "application/x-www-form-urlencoded"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


def sign_in(siege: Siege, person: Person, **options: Any) -> Reply:
    """Fill the form in as a browser does, and keep its cookies; ``options`` as of ``call``, for both requests."""
    page = siege.call("GET", DOOR, **options)
    found = TOKEN.search(page.body.decode())
    assert found, page
    cookies = siege.kept["cookies"] = _cookies(page)
    fields = {"csrfmiddlewaretoken": found[1], "username": person.email, "password": person.password}
    headers = [_jar(cookies), ("Referer", f"https://{HOST}{DOOR}")]
    reply = siege.call("POST", DOOR, urlencode(fields).encode(), kind=FORM, headers=headers, **options)
    cookies |= _cookies(reply)
    return reply


def _cookies(reply: Reply) -> dict[str, str]:
    pairs = (
        value.partition(";")[0].partition("=")
        for name, value in reply.headers
        if name.lower() == "set-cookie"
    )
    return {name: value for name, _, value in pairs}


def _jar(cookies: dict[str, str]) -> tuple[str, str]:
    return "Cookie", "; ".join(f"{name}={value}" for name, value in cookies.items())


def stays_outside(siege: Siege, reply: Reply) -> None:
    """The page says no, and with the cookies that came one is sent to sign in, as without."""
    assert b"do not let you in" in reply.body
    inside = siege.call("GET", "/admin/", headers=[_jar(siege.kept["cookies"])])
    assert (inside.status, inside.header("Location")) == (302, f"{DOOR}?next=/admin/")


def again_and_again(siege: Siege) -> Reply:
    """Sign in as often as one account may, each time from another address, and once more."""
    setting = "LIMIT_LOGIN_PER_ACCOUNT"
    return flood(setting, lambda shop, number: sign_in(shop, shop.mallory, **front(address(number))))(siege)


def attack(title: str, send: Callable[[Siege], Reply], status: int, code: str = "", **more: Any) -> Attack:
    return Attack(kind="back office", title=title, send=send, status=status, code=code, **more)


BACK_OFFICE = [
    attack(
        "sign in as a customer, with the right password",
        lambda siege: sign_in(siege, siege.bob),
        200,
        effect="not let in, and written down",
        refusals=1,
        then=stays_outside,
    ),
    attack(
        "sign in as a customer again and again, from many addresses",
        again_and_again,
        429,
        "too_many_requests",
        refusals=LIMITS["LIMIT_LOGIN_PER_ACCOUNT"],
        then=says_when,
    ),
]

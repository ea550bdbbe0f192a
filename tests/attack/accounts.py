"""Attacks on accounts: which exist, whose they are, what their owners may say of themselves."""

import uuid
from collections.abc import Callable
from typing import Any

from tests.attack.attack import Attack
from tests.attack.objects import plain
from tests.attack.siege import Siege
from tests.attack.wire import Reply

SAME = "the same for an unknown address"
NEW = {"password": "Str0ng!passw0rd", "name": "Mallory"}


def attack(title: str, send: Callable[[Siege], Reply], status: int, code: str = "", **more: Any) -> Attack:
    return Attack(kind="accounts", title=title, send=send, status=status, code=code, **more)


def posting(title: str, path: str, status: int, problem: str, **body: Any) -> Attack:
    """A call without a token."""
    return attack(title, lambda siege: siege.call("POST", f"/users/{path}", body), status, problem)


def stranger() -> str:
    """Return an address that nobody has."""
    return f"nobody-{uuid.uuid4()}@example.com"


def probing(title: str, path: str, status: int, problem: str = "", **body: str) -> Attack:
    """A call for an address with an account, which must be answered as for one without."""

    def ask(siege: Siege, email: str) -> Reply:
        if "code" in body:  # so that there is one to guess
            siege.call("POST", "/users/forgot-password", {"email": email})
        return siege.call("POST", f"/users/{path}", {"email": email, **body})

    def same_for_a_stranger(siege: Siege, reply: Reply) -> None:
        assert plain(ask(siege, stranger()), 0) == plain(reply, 0)

    return attack(
        title,
        lambda siege: ask(siege, siege.ann.email),
        status,
        problem,
        effect="" if problem else SAME,
        then=same_for_a_stranger,
    )


def weak(title: str, password: str, code: str = "weak_password") -> Attack:
    """A sign-up with this password."""
    return attack(
        title,
        lambda siege: siege.call(
            "POST", "/users/signup", {"email": stranger(), "password": password, "name": "M"}
        ),
        400,
        code,
    )


def claiming(member: str, value: Any) -> Attack:
    """A sign-up that says more of itself than it may."""
    body = {**NEW, member: value}
    return attack(
        f"sign up with `{member}`",
        lambda siege: siege.call("POST", "/users/signup", {"email": stranger(), **body}),
        400,
        "invalid_request",
    )


def signed_out(siege: Siege) -> Reply:
    """Sign in, sign out, and try to stay in."""
    tokens = siege.call(
        "POST", "/users/login", {"email": siege.ann.email, "password": siege.ann.password}
    ).json
    for name in ("accessToken", "idToken", "refreshToken"):
        siege.secrets.add(tokens[name], f"a real {name}")
    assert siege.call("POST", "/users/logout", token=tokens["accessToken"]).status == 200
    return siege.call("POST", "/users/refresh", {"refreshToken": tokens["refreshToken"]})


def as_bob(
    title: str,
    method: str,
    path: str,
    status: int,
    code: str,
    body: Callable[[Siege], Any] = lambda _siege: None,
) -> Attack:
    """A call with a token that Cognito itself issued."""
    return attack(
        title,
        lambda siege: siege.call(
            method, f"/users/{path}", body(siege), token=siege.bob.issued["accessToken"]
        ),
        status,
        code,
    )


ACCOUNTS = [
    probing("does the account exist? sign in", "login", 401, "invalid_credentials", password="Wr0ng!passw0rd"),
    probing("does the account exist? forgot the password", "forgot-password", 202),
    probing("does the account exist? send the code again", "resend-code", 202),
    probing("guess a code that resets the password", "reset-password", 400, "code_mismatch", code="000000", password="N3w!passw0rd"),
    weak("a password of small letters", "password"),
    weak("a password of seven characters", "Aa1!aaa"),
    weak("a password without a special character", "Passw0rdPassw0rd"),
    weak("an empty password", "", "invalid_request"),
    weak("a password of 10,000 characters", "Aa1!" * 2500, "invalid_request"),
    claiming("groups", ["admin"]),
    claiming("cognito:groups", ["admin"]),
    claiming("custom:role", "admin"),
    claiming("emailVerified", True),
    claiming("userAttributes", [{"Name": "email_verified", "Value": "true"}]),
    attack("sign up under a taken address", lambda siege: siege.call("POST", "/users/signup", {**NEW, "email": siege.ann.email}), 409, "email_taken"),
    attack("sign up under a taken address in capitals", lambda siege: siege.call("POST", "/users/signup", {**NEW, "email": siege.ann.email.upper()}), 409, "email_taken"),
    posting("sign in with SQL", "login", 400, "invalid_request", email="' OR '1'='1' --", password="x"),
    posting("sign in with an operator", "login", 400, "invalid_request", email={"$gt": ""}, password={"$gt": ""}),
    posting("sign in with NUL in the password", "login", 400, "invalid_json", email="a@example.com", password="x\0"),
    posting("sign in at another client", "login", 400, "invalid_request", email="a@example.com", password="x", clientId="other", authFlow="CUSTOM_AUTH"),
    posting("a made-up refresh token", "refresh", 401, "invalid_refresh_token", refreshToken="made.up.token"),
    attack("an access token as the refresh token", lambda siege: siege.call("POST", "/users/refresh", {"refreshToken": siege.bob.issued["accessToken"]}), 401, "invalid_refresh_token"),
    attack("a refresh token after its owner signed out", signed_out, 401, "invalid_refresh_token"),
    as_bob("a new password without the old one", "POST", "change-password", 400, "invalid_request", lambda _siege: {"newPassword": "N3w!passw0rd"}),
    as_bob("a new password with a wrong old one", "POST", "change-password", 400, "wrong_password", lambda _siege: {"currentPassword": "Wr0ng!passw0rd", "newPassword": "N3w!passw0rd"}),
    attack("a token that Cognito does not know, to Cognito's own calls", lambda siege: siege.call("DELETE", "/users/me", token=siege.mint(sub=siege.ann.sub)), 401, "invalid_token"),
    attack("delete an account without a token", lambda siege: siege.call("DELETE", "/users/me"), 401, "not_authenticated"),
]  # fmt: skip

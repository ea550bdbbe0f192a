"""Who may do what: every address and method of the service, for every kind of caller, in both access modes.

The table is access_matrix.txt. The addresses come from the service's own table of them: one that has no row here fails the tests, and so does a row
without an address. Every refusal has its exact code and changes nothing in MySQL, DynamoDB or the user pool.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.urls import get_resolver

from shop import health
from tests.integration.api.conftest import ADMIN, ANN, BOB, LAMP, CheckedApi, assert_problem, everything_kept
from users.callers import ANONYMOUS_USER_ID

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db]

CALLERS = {"nobody": None, "bad": None, "ann": ANN, "bob": BOB, "staff": ADMIN}

MATRIX = Path(__file__).with_name("access_matrix.txt").read_text("utf-8")

EMAIL = {"email": "ann@example.com"}
BODIES = {
    "POST /products": LAMP,
    "PUT /products/<str:product_id>": {"stock": 9},
    "PATCH /products/<str:product_id>": {"stock": 9},
    "POST /products/<str:product_id>/stock-adjustments": {"delta": 1, "reason": "restock"},
    "POST /users/signup": {**EMAIL, "password": "Str0ng!pass", "name": "Ann"},
    "POST /users/confirm": {**EMAIL, "code": "123456"},
    "POST /users/resend-code": EMAIL,
    "POST /users/login": {**EMAIL, "password": "Str0ng!pass"},
    "POST /users/refresh": {"refreshToken": "r"},
    "POST /users/forgot-password": EMAIL,
    "POST /users/reset-password": {**EMAIL, "code": "654321", "password": "Str0ng!pass"},
    "POST /users/change-password": {"currentPassword": "Str0ng!pass", "newPassword": "N3w!passw"},
    "PATCH /users/me": {"name": "Ann"},
    "POST /users/me/confirm-email": {"code": "123456"},
}
READS, WRITES = ("GET", "HEAD", "OPTIONS"), ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Row:
    """One method of one address: the status for each caller."""

    method: str
    statuses: dict[tuple[bool, str], int]


def read_matrix():
    """The table: address → its rows."""
    table: dict[str, list[Row]] = {}
    open_addresses: list[str] = []
    fresh = True
    for line in MATRIX[MATRIX.index("\n/") :].splitlines():
        if line.startswith("/"):
            if fresh:
                open_addresses = []
            open_addresses.append(line.strip())
            table[line.strip()] = []
            fresh = False
        elif line.strip():
            method, *cells = line.split()
            columns = [(closed, caller) for closed in (False, True) for caller in CALLERS]
            statuses = dict(zip(columns, map(int, cells), strict=True))
            for address in open_addresses:
                table[address].append(Row(method, statuses))
            fresh = True
    return {address: expand(rows) for address, rows in table.items()}


def expand(rows):
    """Every method, each with its row."""
    named = {row.method: row for row in rows}
    if "GET" in named:
        named["HEAD"] = named["GET"]
    for group, methods in (("reads", READS), ("writes", WRITES)):
        others = named.pop(group, None)
        named = {method: others for method in methods if others} | named
    assert set(named) == {*READS, *WRITES}, f"{set(named)}: some methods have no row"
    return named


def addresses(patterns=None, before="/"):
    """Every address in the service's own table."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        address = before + str(pattern.pattern).removeprefix("^").removesuffix("$").removesuffix(r"\Z")
        if hasattr(pattern, "url_patterns"):
            yield from addresses(pattern.url_patterns, address)
        else:
            yield address


def row_of(address):
    """The name under which an address stands in the matrix."""
    if address.startswith("/admin/") and address != "/admin/login/":
        return "/admin/…"
    return "/…/" if address.startswith("/(?P<path>") else address


ADDRESSES = list(addresses())
TABLE = read_matrix()


def test_every_address_has_a_row_and_every_row_an_address():
    assert {row_of(address) for address in ADDRESSES} == {row.split(" (")[0] for row in TABLE}


class Visit:
    """One address, called as everybody."""

    def __init__(self, *, api, row, closed, bearer, make_product, orders_of):
        self.api, self.row, self.closed = api, row, closed
        self.headers = {name: bearer(caller) for name, caller in CALLERS.items()}
        self.headers["bad"] = {"Authorization": "Bearer nonsense"}
        self.make_product, self.orders_of = make_product, orders_of
        self.product_id = self.order_id = None
        self.stock_up()

    def stock_up(self):
        """A product and an order for the next call to work on."""
        if "product" in self.row or self.row == "/orders":
            self.product_id = self.make_product(stock=50).product_id
        if "order_id" in self.row:
            user_id = ANN.sub if self.row.endswith("(ann)") else ANONYMOUS_USER_ID
            self.order_id = self.orders_of(user_id)[0].pk

    def paths(self, caller):
        if self.row == "/admin/…":
            every = [example_of(address) for address in ADDRESSES if row_of(address) == self.row]
            return every if caller == "staff" else every[:1]  # the most that a token can say, at every door
        if self.row == "/…/":
            return ["/products/", "/users/login/", "/nothing/here/"]
        path = self.row.split(" (")[0].replace("<str:product_id>", str(self.product_id))
        return [path.replace("<str:order_id>", str(self.order_id))]

    def body(self, method):
        if method in READS:
            return None
        if (method, self.row) == ("POST", "/orders"):
            return {**EMAIL, "items": [{"productId": self.product_id, "quantity": 1}]}
        return BODIES.get(f"{method} {self.row}", {})

    def cells(self):
        """(method, caller, expected status) of this address in this mode."""
        for method, row in TABLE[self.row].items():
            for caller in CALLERS:
                yield method, caller, row.statuses[self.closed, caller]

    def call(self, method, caller, expected):
        for path in self.paths(caller):
            response = self.api.send(method, path, self.body(method), **self.headers[caller])
            assert response.status_code == expected, f"{method} {path} as {caller}: {response.content!r}"
            self.check_answer(response, method=method, caller=caller)

    def check_answer(self, response, *, method, caller):
        if response.status_code == 302 and self.row == "/admin/…":
            assert response["Location"].startswith(("/admin/login/?next=", "/admin/"))
        elif response.status_code >= 400 and method == "HEAD":
            assert response.content == b""
        elif response.status_code >= 400:
            assert_problem(response, response.status_code, self.code_of(response.status_code, caller))
        if response.status_code == 401:
            assert response["WWW-Authenticate"].startswith("Bearer error=")

    def code_of(self, status, caller):
        return {
            401: "invalid_token" if caller == "bad" else "not_authenticated",
            403: "permission_denied",
            404: "order_not_found" if "order_id" in self.row else "not_found",
            405: "method_not_allowed",
        }[status]


def example_of(address):
    """A path that leads to an address of the back office."""
    path = re.sub(r"\(\?P<app_label>(\w+)[^)]*\)", r"\1", address).replace("(?P<url>.*)", "nothing-here")
    path = re.sub(r"<(\w+:)?\w+>", "1", path)
    assert not re.search(r"[<>()\\]", path), f"{address}: say what stands for its parts"
    return path


@pytest.fixture
def careful_api(contract):
    """A client that cross-site request forgery is guarded against for, as for any browser."""
    client = CheckedApi(enforce_csrf_checks=True)
    client.contract = contract
    return client


@pytest.mark.usefixtures("empty_catalogue")
@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
@pytest.mark.parametrize("row", TABLE)
def test_every_caller_gets_what_the_matrix_says_and_a_refusal_changes_nothing(
    careful_api, bearer, pool, make_product, orders_of, settings, monkeypatch, row, closed
):
    settings.REQUIRE_AUTH = closed
    monkeypatch.setattr(health, "_checks", {})  # who may ask, whatever the answer
    for limit in (name for name in dir(configured) if name.startswith("LIMIT_")):
        setattr(settings, limit, 0)  # who may do what, however often
    visit = Visit(
        api=careful_api, row=row, closed=closed, bearer=bearer, make_product=make_product, orders_of=orders_of
    )
    works = [cell for cell in visit.cells() if cell[0] in WRITES and cell[2] < 300]
    before = everything_kept()

    for cell in visit.cells():
        if cell not in works:
            visit.call(*cell)

    assert everything_kept() == before
    assert pool.changes == []
    for cell in works:
        visit.stock_up()
        visit.call(*cell)

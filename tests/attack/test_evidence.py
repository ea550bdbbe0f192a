"""The judge of the attacks finds what it is there to find: else every attack would seem refused."""

import dataclasses
import json

import pytest

from tests.attack.attack import Attack
from tests.attack.evidence import MEMBERS, PROBLEM, Log, faults_of_answer, faults_of_log, faults_of_state
from tests.attack.secrets import Secrets
from tests.attack.wire import Reply

REFUSED = Attack(kind="http", title="x", send=lambda siege: siege.place(), status=404, code="not_found")
NO_ROLE = dataclasses.replace(REFUSED, refusals=1)
ORDERED = dataclasses.replace(REFUSED, status=201, code="", orders=1)
NOTHING: frozenset[str] = frozenset()
TOLD: tuple[object, ...] = ("/docs/errors#not_found", "Not found", 404, "", "/", False, "not_found", [], "id")
ANSWER = dict(zip(MEMBERS, TOLD, strict=True))
HEADERS = {"Content-Type": PROBLEM, "X-Request-ID": "id", "X-Content-Type-Options": "nosniff"}
LINE = {"logger": "shop.request", "event": "request", "request_id": "id", "status": 404, "level": "info"}


def reply(status=404, body=ANSWER, **headers):
    named = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Reply(status, tuple(named.items()), json.dumps(body).encode(), b"GET /secret HTTP/1.1")


def secrets():
    secrets = Secrets()
    secrets.add("a password of Ann's", "a password")
    return secrets


def answered(reply):
    return list(faults_of_answer(REFUSED, reply, secrets()))


def logged(*lines):
    log = Log(tuple(json.dumps(line).encode() for line in lines))
    return list(faults_of_log(REFUSED, reply(), log, secrets=secrets(), sent=1))


def changed(attack, **tables):
    """What is said of tables of which one row became another."""
    before = {name: frozenset({was} if was else ()) for name, (was, _now) in tables.items()}
    after = {name: frozenset({now} if now else ()) for name, (_was, now) in tables.items()}
    return list(faults_of_state(attack, before, after))


def test_an_attack_that_is_refused_as_it_should_be_has_no_fault():
    assert answered(reply()) == logged(LINE) == changed(REFUSED, orders=("a", "a")) == []


@pytest.mark.parametrize(
    "other",
    [
        reply(200),
        reply(body={**ANSWER, "code": "order_not_found"}),
        reply(body={**ANSWER, "requestId": "another"}),
        reply(body={**ANSWER, "detail": "in /app/orders/views.py"}),
        reply(body={**ANSWER, "detail": "a password of Ann's"}),
        reply(body={**ANSWER, "trace": ""}),
        reply(Content_Type="text/html"),
        reply(Access_Control_Allow_Origin="*"),
        reply(X_Content_Type_Options=""),
        reply(X_Next="http://127.0.0.1/"),
    ],
)
def test_an_answer_that_differs_or_tells_is_a_fault(other):
    assert len(answered(other)) == 1


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [LINE, LINE],
        [{**LINE, "status": 200}],
        [LINE, {"event": "forged"}],
        [LINE, {"event": "a bug", "level": "error"}],
        [{**LINE, "path": "/a password of Ann's"}],
    ],
)
def test_a_log_with_more_or_less_than_one_clean_line_is_a_fault(lines):
    assert logged(*lines)


def test_any_change_is_a_fault_of_an_attack_that_makes_nothing():
    assert changed(REFUSED, Products=("stock 5", "stock 4"))
    assert changed(REFUSED, orders=("", "an order"))
    assert changed(REFUSED, accounts=("Ann", ""))


def test_an_order_of_the_attackers_own_changes_its_own_tables_and_stock():
    assert changed(ORDERED, orders=("", "an order"), order_items=("", "a line")) == []


@pytest.mark.parametrize("table", ["accounts", "auth_user", "auth_user_groups", "django_admin_log"])
def test_nothing_else_changes_with_an_order(table):
    assert changed(ORDERED, orders=("", "an order"), **{table: ("", "something")})


def test_no_row_of_others_changes_with_an_order_and_there_are_no_more_of_them():
    assert changed(ORDERED, orders=("PENDING", "CANCELLED"))
    assert changed(ORDERED, orders=("", ""))


LINE_OF_ONE = "[('details', 'no role'), ('kind', 'refused'), ('who', 'a***@example.com')]"


def test_a_refusal_that_is_due_stands_in_the_audit_log_and_nothing_else_does():
    assert changed(NO_ROLE, staff_events=("", LINE_OF_ONE)) == []


@pytest.mark.parametrize(
    ("attack", "lines"),
    [
        (NO_ROLE, ("", "")),
        (NO_ROLE, (LINE_OF_ONE, "")),
        (NO_ROLE, ("an older line", LINE_OF_ONE)),
        (NO_ROLE, ("", "[('details', ''), ('kind', 'signed_in'), ('who', 'a***@example.com')]")),
        (REFUSED, ("", LINE_OF_ONE)),
        (ORDERED, ("", LINE_OF_ONE)),
    ],
)
def test_any_other_audit_log_is_a_fault(attack, lines):
    assert len(changed(attack, staff_events=lines)) == (2 if attack is ORDERED else 1)

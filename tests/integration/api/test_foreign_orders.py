"""Another's order cannot be told from one that is not there: not by status, body or headers, nor by what was asked."""

import json
import re
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders import selectors
from shop.aws import dynamodb_connection
from tests.integration.api.conftest import ADMIN, ANN, BOB, assert_problem, everything_kept
from users.callers import ANONYMOUS_USER_ID

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db, pytest.mark.usefixtures("tables")]

CALLS = [("GET", "/orders/{}"), ("HEAD", "/orders/{}"), ("PUT", "/orders/{}/cancel")]
# (is access closed, who asks, whose order it is)
STRANGERS = [
    (False, None, ANN.sub),
    (False, ANN, BOB.sub),
    (False, ANN, ANONYMOUS_USER_ID),
    (False, ADMIN, ANN.sub),
    (True, ANN, BOB.sub),
    (True, ANN, ANONYMOUS_USER_ID),
    (True, BOB, ADMIN.sub),
]


@contextmanager
def dynamodb_calls():
    """Write down every call to DynamoDB: which operation, on which tables."""
    events = dynamodb_connection().client.meta.events
    calls = []

    def note(model, params, **_):
        calls.append((model.name, *re.findall(r'"TableName": ?"(\w+)"', params["body"].decode())))

    events.register("before-call.dynamodb", note)
    try:
        yield calls
    finally:
        events.unregister("before-call.dynamodb", note)


def looked_for(api, method, path, number):
    """What the caller sees of a call, and what the call asked of MySQL and DynamoDB; the order's number left out."""
    here = path.format(number)
    with (
        CaptureQueriesContext(connection) as queries,
        dynamodb_calls() as calls,
    ):
        response = api.send(method, here)
    plain = re.compile(rf"\b{number}\b")
    sought = re.compile(rf"`id` = {number}\b")  # not every number: the first order's is that of LIMIT 1 too
    headers = {name: value for name, value in response.headers.items() if name != "X-Request-ID"}
    body = {k: v for k, v in (response.body or {}).items() if k not in {"requestId", "instance"}}
    return {
        "status": response.status_code,
        "headers": headers,
        "body": plain.sub("N", json.dumps(body)),
        "queries": [sought.sub("`id` = N", query["sql"]) for query in queries.captured_queries],
        "calls": calls,
    }


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize(("closed", "caller", "owner"), STRANGERS)
def test_anothers_order_is_answered_exactly_as_a_missing_one(
    api, bearer, orders_of, settings, method, path, closed, caller, owner
):
    settings.REQUIRE_AUTH, settings.LIMIT_ORDER_MISSES_PER_USER = closed, 1000
    (foreign,) = orders_of(owner)
    # As many digits, for the answer repeats them and tells its length. Of orders there is this one alone.
    missing = foreign.pk - 1 if set(str(foreign.pk)) == {"9"} else foreign.pk + 1
    api.credentials(**{f"HTTP_{name.upper()}": value for name, value in bearer(caller).items()})
    before = everything_kept()

    of_a_foreign, of_a_missing = (looked_for(api, method, path, number) for number in (foreign.pk, missing))

    assert of_a_foreign == of_a_missing
    assert of_a_foreign["status"] == 404
    assert len(of_a_foreign["queries"]) == 1
    assert everything_kept() == before


@pytest.mark.parametrize(("method", "path"), CALLS[::2])
def test_the_refusal_names_nothing_but_what_was_asked_for(api, orders_of, method, path):
    (foreign,) = orders_of(BOB.sub)

    response = api.send(method, path.format(foreign.pk))

    assert_problem(response, 404, "order_not_found")
    assert response.body["detail"] == f"There is no order '{foreign.pk}'."
    assert BOB.sub not in response.content.decode()


@pytest.mark.parametrize("number", ["0", "x", "9" * 40, "-1"])
def test_what_can_be_no_number_takes_the_same_path(api, orders_of, number):
    (foreign,) = orders_of(BOB.sub)

    odd = looked_for(api, "GET", "/orders/{}", number)
    other = looked_for(api, "GET", "/orders/{}", foreign.pk)

    assert (odd["status"], len(odd["queries"]), odd["calls"]) == (404, len(other["queries"]), other["calls"])


def test_no_write_begins_before_the_order_is_known_to_be_the_callers(api, orders_of, monkeypatch):
    (foreign,) = orders_of(BOB.sub)
    monkeypatch.setattr("orders.saga.cancel_order", lambda *_, **__: pytest.fail("it began"))

    assert api.send("PUT", f"/orders/{foreign.pk}/cancel").status_code == 404
    assert selectors.get_order(BOB, str(foreign.pk)).cancel_requested_at is None

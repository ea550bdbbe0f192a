"""How many orders a user may place, have declined, and look for in vain; and what never counts."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import connections

from orders.models import IdempotencyKey, Order
from orders.payments.choice import payment_gateway
from orders.payments.ledger import MockLedgerEntry
from tests.integration.api.conftest import NOON, assert_nothing_was_saved, assert_problem, body_for
from users.callers import Caller

pytestmark = [
    pytest.mark.dynamodb,
    pytest.mark.django_db(transaction=True, reset_sequences=True),
    pytest.mark.usefixtures("clock", "closed_shop", "tables", "patient_dynamodb"),
]

DECLINED = "ann+decline@example.com"
MISSING = 9  # no order has come so far in these tests


@pytest.fixture
def ann(api):
    """A signed-in user whom no limit has met yet."""
    caller = Caller(sub=str(uuid4()))
    api.signed_in(caller)
    return caller


@pytest.fixture
def place(api, ann, mug):
    def send(*, key=None, **more):
        return api.send("POST", "/orders", body_for(mug, **more), **({"Idempotency-Key": key} if key else {}))

    return send


def assert_refused(response):
    assert_problem(response, 429, "too_many_requests")
    assert response["Retry-After"] == "3000"


def told(response):
    """All of an answer but its number and its address."""
    body = {name: value for name, value in response.body.items() if name not in {"requestId", "instance"}}
    headers = {name: value for name, value in response.headers.items() if name != "X-Request-ID"}
    return response.status_code, body, headers


# ---- orders --------------------------------------------------------------------------------------------------------


def test_past_the_limit_nothing_is_recorded_held_or_charged_until_the_next_hour(place, mug, settings, clock):
    settings.LIMIT_ORDERS_PER_USER = 2
    assert [place().status_code for _ in range(2)] == [201, 201]

    assert_refused(place(key="k"))
    assert Order.objects.count() == MockLedgerEntry.objects.count() == 2
    assert not IdempotencyKey.objects.exists()
    assert (mug.stock, mug.held) == (3, 2)

    clock.now = NOON + 3600
    assert place(key="k").status_code == 201


def test_another_user_has_a_limit_of_their_own(api, place, settings):
    settings.LIMIT_ORDERS_PER_USER = 1
    assert [place().status_code for _ in range(2)] == [201, 429]

    api.signed_in(Caller(sub=str(uuid4())))
    assert place().status_code == 201


def test_a_repeat_with_its_key_is_neither_refused_nor_counted(place, settings):
    settings.LIMIT_ORDERS_PER_USER = 2
    assert place(key="first").status_code == 201
    repeats = [place(key="first") for _ in range(3)]
    assert place(key="second").status_code == 201
    assert_refused(place(key="third"))

    repeats.append(place(key="second"))
    assert [(answer.status_code, answer["Idempotent-Replayed"]) for answer in repeats] == [(201, "true")] * 4
    assert Order.objects.count() == 2


def test_what_records_no_order_spends_nothing(place, mug, settings, monkeypatch):
    settings.LIMIT_ORDERS_PER_USER = 1
    wrong = {"items": [{"productId": mug.product_id, "quantity": 1, "price": 1}]}
    assert [place(**wrong).status_code for _ in range(2)] == [409, 409]
    with monkeypatch.context() as patch:
        patch.setattr(payment_gateway(), "available", lambda: False)
        assert [place().status_code for _ in range(2)] == [503, 503]

    assert [place().status_code for _ in range(2)] == [201, 429]


def test_a_refused_order_does_not_use_up_the_try_of_a_provider_that_was_silent(place, settings, monkeypatch):
    settings.LIMIT_ORDERS_PER_USER = 1
    assert place().status_code == 201
    asked = []

    def available():
        asked.append("asked")
        return True

    monkeypatch.setattr(payment_gateway(), "available", available)

    assert_refused(place())
    assert not asked


@pytest.mark.mysql
@pytest.mark.real_dynamodb
def test_of_100_at_once_exactly_as_many_are_recorded_as_the_limit_allows(api, ann, make_product, settings):
    settings.LIMIT_ORDERS_PER_USER = 10
    settings.ORDER_BUDGET_SECONDS = 60
    product = make_product(stock=200)

    def send(_):
        client = type(api)()
        client.contract = api.contract
        try:
            return client.signed_in(ann).send("POST", "/orders", body_for(product)).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=20) as pool:
        statuses = sorted(pool.map(send, range(100)))

    assert statuses == [201] * 10 + [429] * 90
    assert Order.objects.filter(user_id=ann.sub).count() == 10
    assert product.stock == 190


@pytest.mark.mysql
@pytest.mark.real_dynamodb
def test_twins_with_one_key_cost_one_unit(api, ann, mug, settings):
    settings.LIMIT_ORDERS_PER_USER = 2

    def send(_):
        client = type(api)()
        client.contract = api.contract
        try:
            answer = client.signed_in(ann).send("POST", "/orders", body_for(mug), **{"Idempotency-Key": "k"})
            return answer.body.get("code", "placed")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = set(pool.map(send, range(8)))

    assert "placed" in answers
    assert answers <= {"placed", "request_in_progress", "too_many_requests"}
    assert Order.objects.count() == 1
    assert [api.send("POST", "/orders", body_for(mug)).status_code for _ in range(2)] == [201, 429]


# ---- declines ------------------------------------------------------------------------------------------------------


def test_after_so_many_declined_payments_no_order_is_begun(place, mug, settings, clock):
    settings.LIMIT_DECLINES_PER_USER = 2
    assert place().body["order"]["status"] == "PROCESSING"
    declined = [place(email=DECLINED, key=f"k{number}") for number in range(2)]
    assert [answer.body["order"]["status"] for answer in declined] == ["CANCELLED"] * 2

    assert_refused(place(email=DECLINED))
    assert_refused(place(key="good"))
    assert Order.objects.count() == MockLedgerEntry.objects.count() == 3
    assert mug.stock == 4

    assert place(email=DECLINED, key="k1").body["order"]["cancelReason"] == "payment_declined"  # a repeat
    clock.now = NOON + 3600
    assert place().status_code == 201


def test_only_declines_count_as_declines(place, settings):
    settings.LIMIT_DECLINES_PER_USER = 1
    sold_out = [place(quantity=9).body["order"]["cancelReason"] for _ in range(2)]

    assert sold_out == ["out_of_stock"] * 2
    assert place().status_code == 201


# ---- looking in vain -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["", "/cancel"])
def test_past_the_limit_a_missing_order_and_anothers_are_refused_alike(api, ann, orders_of, settings, suffix):
    settings.LIMIT_ORDER_MISSES_PER_USER = 2
    (foreign,) = orders_of("somebody else")
    (own,) = orders_of(ann.sub)
    method = "PUT" if suffix else "GET"

    def look(number):
        return api.send(method, f"/orders/{number}{suffix}")

    assert [look(number).status_code for number in (foreign.pk, MISSING)] == [404, 404]
    refused = [look(number) for number in (foreign.pk, MISSING)]
    assert_refused(refused[0])
    assert told(refused[0]) == told(refused[1])
    assert api.send("GET", f"/orders/{own.pk}").status_code == 200  # what is there is free
    foreign.refresh_from_db()
    assert foreign.cancel_requested_at is None


def test_orders_that_are_there_cost_nothing(api, ann, orders_of, settings, calls):
    settings.LIMIT_ORDER_MISSES_PER_USER = 1
    (own,) = orders_of(ann.sub)

    assert [api.send("GET", f"/orders/{own.pk}").status_code for _ in range(3)] == [200] * 3
    assert calls == []
    assert api.send("GET", "/orders/999999").status_code == 404


# ---- without counters, and without limits --------------------------------------------------------------------------


@pytest.mark.usefixtures("silent_counters")
@pytest.mark.parametrize("limit", ["LIMIT_ORDERS_PER_USER", "LIMIT_DECLINES_PER_USER"])
def test_without_an_answer_from_the_counters_no_order_is_begun(place, mug, settings, limit):
    setattr(settings, limit, 10)

    response = place(key="k")

    assert_problem(response, 503, "limits_unavailable")
    assert int(response["Retry-After"]) >= 1
    assert_nothing_was_saved()
    assert (mug.stock, mug.held) == (5, 0)


@pytest.mark.usefixtures("silent_counters")
def test_without_an_answer_from_the_counters_nobody_searches_for_orders_and_ones_own_are_read(
    api, ann, orders_of, settings
):
    settings.LIMIT_ORDER_MISSES_PER_USER = 10
    (foreign,), (own,) = orders_of("somebody else"), orders_of(ann.sub)

    misses = [api.send("GET", f"/orders/{number}") for number in (foreign.pk, MISSING)]
    assert_problem(misses[0], 503, "limits_unavailable")
    assert told(misses[0]) == told(misses[1])
    assert api.send("GET", f"/orders/{own.pk}").status_code == 200


def test_where_anybody_may_order_there_are_no_limits_of_orders(api, mug, settings, calls):
    settings.REQUIRE_AUTH = False
    settings.LIMIT_ORDERS_PER_USER = settings.LIMIT_DECLINES_PER_USER = 1
    settings.LIMIT_ORDER_MISSES_PER_USER = 1

    for _ in range(2):
        assert api.send("POST", "/orders", body_for(mug) | {"email": DECLINED}).status_code == 201
        assert api.send("GET", "/orders/999999").status_code == 404
    assert "UpdateItem" not in calls

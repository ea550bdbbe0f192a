"""Reading and listing orders, in both access modes."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from orders.models import Order
from tests.integration.api.conftest import ADMIN, ANN, BOB, assert_problem

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]
NOON = datetime(2026, 2, 9, 12, tzinfo=UTC)


def ids_of(response):
    assert response.status_code == 200
    assert response.body["count"] == len(response.body["orders"])
    return [order["id"] for order in response.body["orders"]]


def walk(api, query=""):
    """Every page of a list: the ids, page by page."""
    pages, cursor = [], None
    while True:
        response = api.send("GET", f"/orders?{query}" + (f"&cursor={cursor}" if cursor else ""))
        pages.append(ids_of(response))
        cursor = response.body["nextCursor"]
        if cursor is None:
            return pages


# ---- one order ------------------------------------------------------------


def test_a_foreign_order_looks_like_one_that_is_not_there(api, orders_of):
    (bobs,) = orders_of(BOB.sub)
    missing = bobs.pk + 999

    for caller in (None, ANN):
        answers = [
            api.signed_in(caller)
            .send(method, path.format(number), **{"X-Request-ID": "r"})
            .content.replace(str(number).encode(), b"N")
            for number in (bobs.pk, missing)
            for method, path in (("GET", "/orders/{}"), ("PUT", "/orders/{}/cancel"))
        ]
        assert answers[:2] == answers[2:]
    bobs.refresh_from_db()
    assert (bobs.status, bobs.cancel_requested_at) == ("PENDING", None)


@pytest.mark.parametrize("number", ["0", "-1", "x", "1.0", "1e3", "٣", "9" * 30, "%00", " 1"])
def test_what_is_no_number_of_an_order_is_404(api, number):
    assert_problem(api.send("GET", f"/orders/{quote(number, safe='%')}"), 404, "order_not_found")


@pytest.mark.parametrize(
    ("mode", "caller", "sees"),
    [
        ("open", None, {"anonymous"}),
        ("open", ANN, {ANN.sub}),
        ("open", ADMIN, set()),
        ("closed", ANN, {ANN.sub}),
        ("closed", BOB, {BOB.sub}),
        ("closed", ADMIN, {"anonymous", ANN.sub, BOB.sub}),
    ],
)
def test_everyone_sees_their_own_orders_and_staff_all_where_access_is_closed(
    api, orders_of, settings, mode, caller, sees
):
    settings.REQUIRE_AUTH = mode == "closed"
    made = {user: orders_of(user)[0].pk for user in ("anonymous", ANN.sub, BOB.sub)}
    api.signed_in(caller)

    assert set(ids_of(api.send("GET", "/orders"))) == {made[user] for user in sees}
    for user, number in made.items():
        assert api.send("GET", f"/orders/{number}").status_code == (200 if user in sees else 404)


@pytest.mark.usefixtures("closed_shop")
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/orders"), ("POST", "/orders"), ("GET", "/orders/1"), ("PUT", "/orders/1/cancel")],
)
def test_where_access_is_closed_nothing_about_orders_works_without_a_token(api, method, path):
    response = api.send(method, path, {} if method == "POST" else None)

    assert_problem(response, 401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("mode", ["open", "closed"])
def test_a_bad_token_is_never_taken_for_nobody(api, settings, mode):
    settings.REQUIRE_AUTH = mode == "closed"

    response = api.send("GET", "/orders", Authorization="Bearer nonsense")

    assert_problem(response, 401, "invalid_token")
    assert response["WWW-Authenticate"].startswith('Bearer error="invalid_token"')


# ---- lists ------------------------------------------------------------


def test_an_empty_list_is_a_list(api):
    assert api.send("GET", "/orders").body == {"success": True, "count": 0, "orders": [], "nextCursor": None}


def test_a_list_entry_is_the_order_without_its_lines(api, mug):
    body = {"email": "ann@example.com", "items": [{"productId": mug.product_id, "quantity": 1}]}
    number = api.send("POST", "/orders", body).body["order"]["orderId"]

    (entry,) = api.send("GET", "/orders").body["orders"]

    order = api.send("GET", f"/orders/{number}").body["order"]
    del order["items"]
    assert entry == order


@pytest.mark.parametrize(("count", "limit", "sizes"), [(3, 3, [3]), (7, 3, [3, 3, 1]), (6, 3, [3, 3])])
def test_pages_are_full_until_the_end_newest_first_even_within_one_moment(
    api, orders_of, count, limit, sizes
):
    made = [order.pk for order in orders_of("anonymous", count, created_at=NOON)]
    orders_of(ANN.sub)

    pages = walk(api, f"limit={limit}")

    assert [len(page) for page in pages] == sizes
    assert [number for page in pages for number in page] == made[::-1]


def test_an_order_placed_between_two_pages_neither_repeats_nor_hides_one(api, orders_of):
    made = [order.pk for order in orders_of("anonymous", 4)]
    first = api.send("GET", "/orders?limit=2")
    orders_of("anonymous")

    second = api.send("GET", f"/orders?limit=2&cursor={first.body['nextCursor']}")

    assert ids_of(first) + ids_of(second) == made[::-1]


def test_by_default_a_page_has_fifty(api, orders_of):
    orders_of("anonymous", 51)

    assert [len(page) for page in walk(api)] == [50, 1]


def test_filters_narrow_the_list_and_created_to_is_exclusive(api, orders_of):
    hours = [orders_of("anonymous", created_at=NOON + timedelta(hours=hour))[0].pk for hour in range(4)]
    Order.objects.filter(pk=hours[2]).update(status="CANCELLED", cancel_reason="out_of_stock", step="DONE")

    def listed(**query):
        return [
            number
            for page in walk(api, "&".join(f"{name}={quote(value)}" for name, value in query.items()))
            for number in page
        ]

    assert listed(created_from="2026-02-09T13:00:00Z") == [hours[3], hours[2], hours[1]]
    assert listed(created_to="2026-02-09T14:00:00Z") == [hours[1], hours[0]]
    assert listed(created_from="2026-02-09T13:00:00Z", created_to="2026-02-09T13:00:00Z") == []
    assert listed(created_from="2026-02-09T15:00:00+02:00", created_to="2026-02-09T15:00:00Z", limit="1") == [
        hours[2],
        hours[1],
    ]
    assert listed(status="CANCELLED") == [hours[2]]
    assert listed(status="PENDING", created_from="2026-02-09T13:00:00Z") == [hours[3], hours[1]]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "/limit"),
        ("limit=101", "/limit"),
        ("limit=ten", "/limit"),
        ("status=", "/status"),
        ("created_to=", "/created_to"),
        ("cursor=", "/cursor"),
        ("status=pending", "/status"),
        ("status=SHIPPED", "/status"),
        ("created_from=yesterday", "/created_from"),
        ("created_to=2026-02-30T00:00:00Z", "/created_to"),
        ("cursor=%00", "/cursor"),
    ],
)
def test_a_filter_that_is_not_understood_is_refused(api, query, field):
    response = api.send("GET", f"/orders?{query}")

    assert (response.status_code, [fault["field"] for fault in response.body["errors"]]) == (400, [field])


def test_a_cursor_is_good_for_its_own_filters_and_caller_alone(api, orders_of):
    orders_of("anonymous", 3)
    orders_of(ANN.sub, 3)
    cursor = api.send("GET", "/orders?limit=1").body["nextCursor"]

    for query in (
        f"cursor={cursor}x",
        f"cursor={cursor}&status=PENDING",
        "cursor=nonsense",
        f"cursor={cursor[:-1]}",
    ):
        assert_problem(api.send("GET", f"/orders?{query}"), 400, "invalid_cursor")
    assert_problem(api.signed_in(ANN).send("GET", f"/orders?cursor={cursor}"), 400, "invalid_cursor")
    assert len(ids_of(api.signed_in(None).send("GET", f"/orders?cursor={cursor}&limit=2"))) == 2


def test_a_page_of_orders_costs_one_question_to_the_database(api, orders_of, django_assert_num_queries):
    orders_of("anonymous", 20)

    with django_assert_num_queries(1):
        api.send("GET", "/orders?limit=10")

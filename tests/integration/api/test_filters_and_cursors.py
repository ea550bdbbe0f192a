"""Lists never show more than was asked for: filters never widen, and a cursor is good for its own list alone."""

import base64
import json
from urllib.parse import quote

import pytest
from django.core import signing
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from shop.pagination import encode_cursor
from tests.integration.api.conftest import ADMIN, ANN, BOB, assert_problem
from users.callers import ANONYMOUS_USER_ID

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db]

LISTS = ["/orders", "/products"]
many = examples(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def two_categories(make_product):
    """Three products of one category, one of another."""
    first = make_product()
    for _ in range(2):
        make_product(category=first.product.category)
    make_product()
    return first.product.category


# ---- parameters ------------------------------------------------------------


# What a caller might try in order to see more, or mistype.
STRAYS = [
    "user_id", "userId", "userid", "user", "owner", "sub", "all", "admin", "Status", "STATUS", "status[]", "status[ne]",
    "status__in", "created_from__gte", "created-from", "categroy", "Category", "category[]", "deleted", "deletedAt",
    "fields", "expand", "order_by", "offset", "page", "page_size", "limit[]", "filter[user_id]", "format", "_method",
    " status", "status ", "*", "$where", "ſtatus",
]  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("caller", [None, ANN, ADMIN])
def test_a_parameter_that_means_nothing_is_refused_never_passed_over(api, orders_of, path, caller):
    orders_of(BOB.sub)
    api.signed_in(caller)

    for name in STRAYS:
        response = api.send("GET", f"{path}?{quote(name)}={BOB.sub}")
        assert_problem(response, 400, "invalid_request", (f"/{name}", "unknown_field"))


def test_a_name_is_no_other_for_being_encoded(api):
    assert_problem(
        api.send("GET", "/orders?%75ser_id=x"), 400, "invalid_request", ("/user_id", "unknown_field")
    )
    assert api.send("GET", "/orders?%6Cimit=5").status_code == 200


@pytest.mark.parametrize(
    ("path", "query", "name"),
    [
        ("/orders", "status=PENDING&status=CANCELLED", "status"),
        ("/orders", "status=PENDING&status=PENDING", "status"),
        ("/orders", "limit=1&limit=100", "limit"),
        ("/orders", "limit=1&%6Cimit=100", "limit"),
        ("/orders", "created_from=2026-01-01T00:00:00Z&created_from=1999-01-01T00:00:00Z", "created_from"),
        ("/orders", "cursor=a&cursor=b", "cursor"),
        ("/products", "category=a&category=b", "category"),
        ("/products", "category=a&category=", "category"),
    ],
)
def test_a_parameter_that_stands_twice_is_refused(api, path, query, name):
    assert_problem(api.send("GET", f"{path}?{query}"), 400, "invalid_request", (f"/{name}", "repeated"))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/orders", "status"),
        ("/orders", "created_from"),
        ("/orders", "created_to"),
        ("/orders", "limit"),
        ("/orders", "cursor"),
        ("/products", "category"),
        ("/products", "cursor"),
    ],
)
def test_an_empty_filter_is_refused_never_taken_for_none(api, path, name):
    response = api.send("GET", f"{path}?{name}=")

    assert (response.status_code, response.body["errors"][0]["field"]) == (400, f"/{name}")


@pytest.mark.parametrize(
    "encoded",
    [
        "%2500",
        "%252e",
        "*",
        "%",
        "..%2f",
        "' OR '1'='1",
        '"; --',
        "%ff%fe",
        "%c0%80",
        "%ed%a0%80",
        "x%0d%0aX: y",
    ],
)
@pytest.mark.usefixtures("two_categories")
def test_an_odd_category_is_a_category_without_products(api, encoded):
    response = api.send("GET", f"/products?category={quote(encoded, safe='%')}")

    assert (response.status_code, response.body["products"]) == (200, [])


def test_a_category_is_spelled_exactly(api, two_categories):
    for category in (two_categories.upper(), f"{two_categories} ", f" {two_categories}", two_categories[:-1]):
        assert api.send("GET", f"/products?category={quote(category)}").body["products"] == []
    assert len(api.send("GET", f"/products?category={quote(two_categories)}").body["products"]) == 3


@many
@given(
    query=st.dictionaries(
        st.sampled_from(["status", "created_from", "created_to", "limit", "cursor", "user_id"])
        | st.text(max_size=5),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
        | st.sampled_from(["PENDING", "2026-01-01T00:00:00Z", "5"]),
        max_size=4,
    )
)
def test_no_query_at_all_shows_anothers_order(api, orders_of, query):
    orders_of(BOB.sub)
    text = "&".join(f"{quote(name, errors='replace')}={quote(value)}" for name, value in query.items())

    response = api.send("GET", f"/orders?{text}")

    assert response.status_code in {200, 400}
    assert BOB.sub not in response.content.decode()


# ---- cursors ------------------------------------------------------------


@pytest.fixture
def cursors(api, orders_of, two_categories):
    """A cursor of each list and filter: (caller, address) → cursor."""
    orders_of(ANONYMOUS_USER_ID, 3)
    orders_of(ANN.sub, 3)
    orders_of(BOB.sub, 3)
    places = [
        (None, "/orders"),
        (ANN, "/orders"),
        (BOB, "/orders"),
        (ANN, "/orders?status=PENDING"),
        (ANN, "/orders?created_from=2020-01-01T00:00:00Z"),
        (ANN, "/orders?created_to=2090-01-01T00:00:00Z"),
        (None, "/products"),
        (None, f"/products?category={two_categories}"),
    ]
    return {(caller, address): ask(api, caller, address).body["nextCursor"] for caller, address in places}


def ask(api, caller, address, cursor=None):
    query = f"{address}{'&' if '?' in address else '?'}limit=1"
    return api.signed_in(caller).send(
        "GET", query + (f"&cursor={quote(cursor)}" if cursor is not None else "")
    )


def test_a_cursor_is_good_for_the_caller_the_list_and_the_filters_it_was_made_for_and_for_no_other(
    api, cursors
):
    assert None not in cursors.values()
    for place, cursor in cursors.items():
        for caller, address in cursors:
            response = ask(api, caller, address, cursor)
            # The catalogue is the same for everybody.
            if (caller, address) == place:
                assert response.status_code == 200
            else:
                assert_problem(response, 400, "invalid_cursor")


def test_a_cursor_cut_short_or_changed_at_any_byte_is_refused(api, cursors):
    cursor = cursors[ANN, "/orders"]

    for at in range(len(cursor)):
        other = "A" if cursor[at] != "A" else "B"
        for forged in (cursor[:at] + other + cursor[at + 1 :], cursor[: at or -1]):
            assert_problem(ask(api, ANN, "/orders", forged), 400, "invalid_cursor")
    assert ask(api, ANN, "/orders", cursor).status_code == 200


@many
@given(data=st.data())
def test_a_cursor_with_any_other_text_in_it_is_refused(api, cursors, data):
    cursor = cursors[ANN, "/orders"]
    at = data.draw(st.integers(0, len(cursor)))
    more = data.draw(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=5)
    )
    forged = cursor[:at] + more + cursor[at:]
    if forged.strip() == cursor:  # white space around it is nobody's cursor
        return

    assert_problem(ask(api, ANN, "/orders", forged), 400, "invalid_cursor")


@pytest.mark.parametrize(
    "position",
    [{}, {"id": 1}, {"created_at": "x", "id": 1}, {"created_at": "2026-01-01T00:00:00+00:00", "id": "x"},
     {"created_at": None, "id": None}, {"after": "prod_001"}],
)  # fmt: skip
def test_a_cursor_of_ours_with_another_position_in_it_is_refused(api, position):
    scope = f"orders&{ANN.sub}"
    assert_problem(ask(api, ANN, "/orders", encode_cursor(position, scope=scope)), 400, "invalid_cursor")


def test_a_cursor_signed_with_another_key_is_refused(api, cursors):
    position = cursors[ANN, "/orders"].split(":")[0]
    scope = f"shop.cursor:orders&{ANN.sub}"

    forged = signing.TimestampSigner(key="another", salt=scope).sign(position)

    assert_problem(ask(api, ANN, "/orders", forged), 400, "invalid_cursor")


def test_a_cursor_tells_nothing_but_where_its_own_page_ended(api, cursors, orders_of):
    payload = cursors[ANN, "/orders"].split(":")[0]
    position = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))

    entry = ask(api, ANN, "/orders").body["orders"][0]
    assert list(position) == ["created_at", "id"]
    assert position["id"] == entry["id"]

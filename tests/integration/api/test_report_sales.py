"""GET /reports/sales: what was sold, for administrators."""

from datetime import UTC, datetime, timedelta

import pytest

from orders import report_views
from orders.models import database_now
from orders.states import CancelReason, OrderStatus
from tests.integration.api.conftest import ADMIN, ANN, assert_problem
from tests.past import past_order, some_days

pytestmark = [pytest.mark.mysql, pytest.mark.django_db]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MARCH = "from=2026-03-01&to=2026-03-03"


@pytest.fixture
def staff(api, closed_shop):
    return api.signed_in(ADMIN)


def get(api, query=MARCH):
    response = api.send("GET", f"/reports/sales?{query}")
    assert response.status_code == 200, response.body
    return response.body


def test_days_with_what_was_paid_and_not_cancelled(staff):
    past_order(NOON, lines=(0, 1))
    past_order(NOON, lines=(1,))
    past_order(NOON, status=OrderStatus.CANCELLED, reason=CancelReason.CANCELLED_BY_CUSTOMER)
    past_order(NOON, status=OrderStatus.PENDING)

    assert get(staff) == {
        "success": True,
        "from": "2026-03-01",
        "to": "2026-03-03",
        "group": "day",
        "currency": "USD",
        "count": 3,
        "sales": [
            {"orders": 0, "units": 0, "revenue": "0.00", "key": "2026-03-01", "name": "2026-03-01"},
            {"orders": 2, "units": 5, "revenue": "144.85", "key": "2026-03-02", "name": "2026-03-02"},
            {"orders": 0, "units": 0, "revenue": "0.00", "key": "2026-03-03", "name": "2026-03-03"},
        ],
        "total": {"orders": 2, "units": 5, "revenue": "144.85"},
        "nextCursor": None,
    }


def test_products_and_categories_count_an_order_in_each_line_and_once_in_the_total(staff):
    past_order(NOON, lines=(0, 1, 2))

    products, categories = get(staff, f"{MARCH}&group=product"), get(staff, f"{MARCH}&group=category")

    assert [(line["key"], line["name"], line["units"]) for line in products["sales"]] == [
        ("prod_mug", "Mug", 2),
        ("prod_pen", "Pen", 1),
        ("prod_pot", "Pot", 1),
    ]
    assert [(line["key"], line["orders"], line["revenue"]) for line in categories["sales"]] == [
        ("Kitchen", 1, "64.95"),
        ("Office", 1, "1.99"),
    ]
    assert products["total"] == categories["total"] == {"orders": 1, "units": 4, "revenue": "66.94"}


@pytest.mark.parametrize("group", ["day", "product", "category"])
def test_pages_joined_are_the_whole_report(staff, group):
    some_days(NOON.date(), 3)
    query = f"from=2026-03-01&to=2026-03-07&group={group}"
    whole = get(staff, query)

    pages = [get(staff, f"{query}&limit=2")]
    while cursor := pages[-1]["nextCursor"]:
        pages.append(get(staff, f"{query}&limit=2&cursor={cursor}"))

    assert [line for page in pages for line in page["sales"]] == whole["sales"]
    assert [page["count"] for page in pages] == [2] * (len(pages) - 1) + [
        len(whole["sales"]) - 2 * (len(pages) - 1)
    ]
    assert {str(page["total"]) for page in pages} == {str(whole["total"])}
    other = "category" if group == "day" else "day"
    wrong = f"/reports/sales?from=2026-03-01&to=2026-03-07&group={other}&cursor={pages[0]['nextCursor']}"
    assert_problem(staff.send("GET", wrong), 400, "invalid_cursor")


def test_the_page_after_the_longest_category_can_be_read(staff):
    longest, after = "\U0001f56f" * 100, "\U0001f570"
    for category in (longest, after):
        past_order(NOON).items.update(category=category)

    first = get(staff, f"{MARCH}&group=category&limit=1")
    second = get(staff, f"{MARCH}&group=category&limit=1&cursor={first['nextCursor']}")

    assert [line["key"] for page in (first, second) for line in page["sales"]] == [longest, after]


def test_without_a_range_it_is_the_last_thirty_days_and_a_cursor_keeps_them(staff, monkeypatch):
    now = database_now()
    today = now.date()
    first = get(staff, "limit=20")
    assert (first["from"], first["to"]) == (f"{today - timedelta(days=29)}", f"{today}")

    monkeypatch.setattr("orders.sales.database_now", lambda: now + timedelta(days=1))
    second = get(staff, f"limit=20&cursor={first['nextCursor']}")

    assert (second["from"], second["to"], second["count"]) == (first["from"], first["to"], 10)


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("from=2026-03-02&to=2026-03-01", "/to", "invalid_range"),
        ("from=2025-03-01&to=2026-03-02", "/to", "invalid_range"),
        ("from=1999-12-31&to=2000-01-02", "/to", "invalid_range"),
        ("to=0001-01-01", "/to", "invalid_range"),
        ("from=9999-12-31", "/to", "invalid_range"),
        ("from=2026-02-30", "/from", "invalid"),
        ("to=2026-03-01T00:00:00Z", "/to", "invalid"),
        ("from=", "/from", "invalid"),
        ("group=hour", "/group", "invalid_choice"),
        ("limit=0", "/limit", "min_value"),
        ("day=2026-03-01", "/day", "unknown_field"),
    ],
)
def test_what_is_no_range_is_refused(staff, query, field, code):
    assert_problem(staff.send("GET", f"/reports/sales?{query}"), 400, "invalid_request", (field, code))


def test_a_year_may_be_asked_for(staff):
    assert len(get(staff, "from=2024-01-01&to=2024-12-31&limit=100")["sales"]) == 100


def test_days_that_are_still_being_added_up_are_503_and_never_left_out(staff, monkeypatch):
    past_order(NOON)
    monkeypatch.setattr(report_views, "ADD_UP_SECONDS", 0.0)

    response = staff.send("GET", f"/reports/sales?{MARCH}")

    assert_problem(response, 503, "sales_not_ready")
    assert response["Retry-After"] == "10"


def test_customers_are_refused_and_nobody_is_asked_to_sign_in(api, closed_shop):
    assert_problem(api.send("GET", "/reports/sales"), 401, "not_authenticated")
    api.signed_in(ANN)
    assert_problem(api.send("GET", "/reports/sales"), 403, "permission_denied")

"""Stock adjustments and deletions over HTTP."""

import pytest

from tests.integration.api.conftest import assert_problem

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db]


# ---- stock ------------------------------------------------------------


def test_an_adjustment_is_answered_with_the_stock_as_it_is_now(api, mug):
    response = api.send(
        "POST", f"/products/{mug.product_id}/stock-adjustments", {"delta": 5, "reason": "restock"}
    )

    assert (response.status_code, response.body["message"]) == (200, "Stock adjusted successfully")
    assert (response.body["product"]["stock"], response.body["product"]["version"]) == (10, 1)
    assert "Idempotent-Replayed" not in response


def test_an_adjustment_with_a_key_counts_once(api, mug):
    path, body, key = (
        f"/products/{mug.product_id}/stock-adjustments",
        {"delta": 5, "reason": "x"},
        {"Idempotency-Key": "k"},
    )
    api.send("POST", path, body, **key)

    again = api.send("POST", path, body, **key)

    assert (again.status_code, again["Idempotent-Replayed"]) == (200, "true")
    assert_problem(api.send("POST", path, {**body, "delta": 6}, **key), 422, "idempotency_key_reused")
    assert mug.stock == 10


@pytest.mark.parametrize("delta", [-6, -1_000_000_000, 1_000_000_000])
def test_an_adjustment_never_leaves_the_bounds(api, mug, delta):
    response = api.send(
        "POST", f"/products/{mug.product_id}/stock-adjustments", {"delta": delta, "reason": "x"}
    )

    assert_problem(response, 409, "insufficient_stock")
    assert mug.stock == 5


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"delta": 0, "reason": "x"}, ("/delta", "nothing_to_change")),
        ({"delta": 1.5, "reason": "x"}, ("/delta", "invalid")),
        ({"delta": 1_000_000_001, "reason": "x"}, ("/delta", "max_value")),
        ({"delta": 1}, ("/reason", "required")),
        ({"delta": 1, "reason": ""}, ("/reason", "blank")),
        ({"delta": 1, "reason": "x", "stock": 5}, ("/stock", "unknown_field")),
    ],
    ids=str,
)
def test_an_adjustment_that_is_not_understood_is_refused(api, mug, body, fault):
    path = f"/products/{mug.product_id}/stock-adjustments"

    assert_problem(api.send("POST", path, body), 400, "invalid_request", fault)


# ---- gone ------------------------------------------------------------


def test_a_deleted_product_is_gone_for_good(api, mug):
    path = f"/products/{mug.product_id}"

    response = api.send("DELETE", path)

    assert response.body == {"success": True, "message": "Product deleted successfully"}
    for method, body in (("GET", None), ("DELETE", None), ("PATCH", {"name": "x"})):
        assert_problem(api.send(method, path, body), 404, "product_not_found")
    assert_problem(
        api.send("POST", f"{path}/stock-adjustments", {"delta": 1, "reason": "x"}), 404, "product_not_found"
    )
    assert mug.stock == 5


@pytest.mark.parametrize("product_id", ["prod_never", "%00", "..", "a%20b", "x" * 65, "%F0%9F%98%80"])
def test_a_product_that_never_was_is_404(api, tables, product_id):
    assert_problem(api.send("GET", f"/products/{product_id}"), 404, "product_not_found")

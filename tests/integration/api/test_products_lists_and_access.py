"""Lists of the catalogue, who may write it, and what it answers when DynamoDB is silent."""

import uuid
from urllib.parse import quote

import pytest

from products.errors import CatalogueUnavailable
from products.models import Product, StockMovement
from tests.integration.api.conftest import ADMIN, ANN, LAMP, assert_problem

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db]


# ---- lists ------------------------------------------------------------


def test_a_category_is_paged_through_without_loss(api, make_product):
    category = f"Ünïcode & more {uuid.uuid4()}"
    ids = sorted(make_product(category=category).product_id for _ in range(5))

    first = api.send("GET", f"/products?category={quote(category)}&limit=3").body
    second = api.send(
        "GET", f"/products?category={quote(category)}&limit=3&cursor={first['nextCursor']}"
    ).body

    assert [product["productId"] for product in first["products"]] == ids[:3]
    assert [product["productId"] for product in second["products"]] == ids[3:]
    assert (first["count"], second["count"], second["nextCursor"]) == (3, 2, None)
    assert list(first) == ["success", "count", "products", "nextCursor"]


def test_a_cursor_of_another_category_is_refused(api, make_product):
    category = make_product().product.category
    make_product(category=category)
    cursor = api.send("GET", f"/products?category={category}&limit=1").body["nextCursor"]

    for query in (
        f"cursor={cursor}",
        f"category=Books&cursor={cursor}",
        f"category={category}&cursor={cursor}x",
    ):
        assert_problem(api.send("GET", f"/products?{query}"), 400, "invalid_cursor")


def test_a_category_without_products_is_an_empty_list(api, tables):
    assert api.send("GET", "/products?category=none").body == {
        "success": True,
        "count": 0,
        "products": [],
        "nextCursor": None,
    }


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("limit=0", ("/limit", "min_value")),
        ("limit=101", ("/limit", "max_value")),
        ("limit=x", ("/limit", "invalid")),
        ("category=", ("/category", "blank")),
        ("cursor=", ("/cursor", "blank")),
        (f"category={'x' * 101}", ("/category", "max_length")),
        ("category=%00", ("/category", "null_characters_not_allowed")),
    ],
)
def test_a_query_out_of_bounds_is_refused(api, query, fault):
    assert_problem(api.send("GET", f"/products?{query}"), 400, "invalid_request", fault)


# ---- who may ------------------------------------------------------------


WRITES = [
    ("POST", "/products", LAMP),
    ("PUT", "/products/{}", {"stock": 1}),
    ("PATCH", "/products/{}", {"stock": 1}),
    ("DELETE", "/products/{}", None),
    ("POST", "/products/{}/stock-adjustments", {"delta": 1, "reason": "x"}),
]


@pytest.mark.usefixtures("closed_shop")
@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_where_access_is_closed_only_staff_write_the_catalogue(api, mug, method, path, body):
    path = path.format(mug.product_id)

    refused = api.send(method, path, body)
    assert_problem(refused, 401, "not_authenticated")
    assert refused["WWW-Authenticate"].startswith("Bearer")
    assert_problem(api.signed_in(ANN).send(method, path, body), 403, "permission_denied")
    assert (mug.stock, mug.product.version, mug.product.is_listed) == (5, 1, True)
    assert api.signed_in(ADMIN).send(method, path, body).status_code in {200, 201}


@pytest.mark.usefixtures("closed_shop")
@pytest.mark.parametrize("caller", [None, ANN, ADMIN])
def test_where_access_is_closed_anyone_still_reads_the_catalogue(api, mug, caller):
    api.signed_in(caller)

    assert api.send("GET", f"/products/{mug.product_id}").status_code == 200
    assert api.send("GET", "/products?limit=1").status_code == 200


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_where_access_is_open_anyone_writes_the_catalogue(api, mug, method, path, body):
    assert api.send(method, path.format(mug.product_id), body).status_code in {200, 201}


def test_the_record_names_who_changed_the_stock(api, mug):
    api.signed_in(ANN).send(
        "POST", f"/products/{mug.product_id}/stock-adjustments", {"delta": 1, "reason": "x"}
    )
    api.signed_in(ADMIN).send("PATCH", f"/products/{mug.product_id}", {"stock": 9})

    actors = {one.kind: one.actor for one in StockMovement.query(mug.product_id, consistent_read=True)}
    assert actors == {"created": "", "adjusted": ANN.sub, "set": ADMIN.sub}


# ---- DynamoDB is down ------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body"), [("GET", "/products", None), ("GET", "/products/{}", None), *WRITES]
)
def test_a_silent_catalogue_is_503_with_retry_after(api, mug, monkeypatch, method, path, body):
    def silent(*_, **__):
        raise CatalogueUnavailable("The catalogue did not answer; try again.")

    for module in ("products.selectors", "products.inventory", "products.services"):
        monkeypatch.setattr(f"{module}.call", silent)

    response = api.send(method, path.format(mug.product_id), body)

    assert_problem(response, 503, "catalogue_unavailable")
    assert response["Retry-After"] == "2"
    assert Product.get(mug.product_id).version == 1

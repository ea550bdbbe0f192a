"""The catalogue over HTTP."""

import uuid
from urllib.parse import quote

import pytest

from products import inventory, services
from products.errors import CatalogueUnavailable
from products.models import Product, StockMovement
from tests.integration.api.conftest import ADMIN, ANN, assert_problem

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db]
LAMP = {"name": "Desk lamp", "price": 39.9, "stock": 25, "category": "Home", "description": "Warm light."}


@pytest.mark.usefixtures("sample_catalogue")
def test_a_product_has_the_fixed_shape(api):
    response = api.send("GET", "/products/prod_001")

    assert response.status_code == 200
    product = response.body["product"]
    assert product.pop("createdAt").endswith("Z")
    assert product.pop("updatedAt").endswith("Z")
    assert response["ETag"] == f'"{product.pop("version")}-50"'
    assert response.body == {
        "success": True,
        "product": {
            "productId": "prod_001",
            "name": 'MacBook Pro 16"',
            "price": 2499.99,
            "stock": 50,
            "category": "Electronics",
            "description": "Laptop, 16-inch display, 36 GB memory, 1 TB storage.",
            "metadata": {},
        },
    }
    assert b'"price":2499.99,"stock":50,' in response.content


def test_a_new_product_is_answered_and_can_be_read(api, tables):
    response = api.send("POST", "/products", LAMP)

    product = response.body["product"]
    assert (response.status_code, response.body["message"]) == (201, "Product created successfully")
    assert response["Location"] == f"/products/{product['productId']}"
    assert response["ETag"] == '"1-25"'
    assert {name: product[name] for name in LAMP} == LAMP
    assert (product["version"], product["metadata"]) == (1, {})
    assert api.send("GET", response["Location"]).body == {"success": True, "product": product}


def test_description_and_metadata_are_optional_and_kept_as_sent(api, tables):
    short = {name: LAMP[name] for name in ("name", "price", "stock", "category")}
    metadata = {"image": "https://example.com/a.jpg", "self": "x", "a/b": "Ä"}

    assert api.send("POST", "/products", short).body["product"]["description"] == ""
    made = api.send("POST", "/products", {**LAMP, "description": "  two\nlines ", "metadata": metadata}).body[
        "product"
    ]
    assert (made["description"], made["metadata"]) == ("  two\nlines ", metadata)


@pytest.mark.parametrize(
    ("sent", "price"),
    [
        (0, 0),
        (19.99, 19.99),
        ("19.99", 19.99),
        (9999999.99, 9999999.99),
        ("0.1", 0.1),
        (1300, 1300),
        ("1300.00", 1300),
    ],
)
def test_a_price_is_a_number_or_decimal_text_and_comes_back_as_a_number(api, tables, sent, price):
    made = api.send("POST", "/products", {**LAMP, "price": sent})

    again = api.send("GET", made["Location"]).body["product"]["price"]
    assert made.body["product"]["price"] == again == price
    assert type(again) is type(price)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"name": ""}, ("/name", "blank")),
        ({"name": "x" * 201}, ("/name", "max_length")),
        ({"name": 5}, ("/name", "invalid")),
        ({"name": None}, ("/name", "null")),
        ({"category": "x" * 101}, ("/category", "max_length")),
        ({"description": "x" * 5001}, ("/description", "max_length")),
        ({"price": -0.01}, ("/price", "out_of_range")),
        ({"price": 10_000_000}, ("/price", "out_of_range")),
        ({"price": 1.999}, ("/price", "too_many_decimals")),
        ({"price": "cheap"}, ("/price", "invalid")),
        ({"stock": -1}, ("/stock", "min_value")),
        ({"stock": 1_000_000_001}, ("/stock", "max_value")),
        ({"stock": 1.5}, ("/stock", "invalid")),
        ({"stock": "5"}, ("/stock", "invalid")),
        ({"metadata": {"note": 5}}, ("/metadata/note", "invalid")),
        ({"metadata": {"note": "x" * 501}}, ("/metadata/note", "invalid")),
        ({"colour": "red"}, ("/colour", "unknown_field")),
        ({"productId": "prod_mine"}, ("/productId", "unknown_field")),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_product_out_of_bounds_is_refused_by_its_field(api, change, fault, monkeypatch):
    monkeypatch.setattr(services, "create_product", None)  # it is never reached

    assert_problem(api.send("POST", "/products", {**LAMP, **change}), 400, "invalid_request", fault)


def test_every_missing_field_is_named(api):
    faults = [(f"/{name}", "required") for name in ("name", "price", "stock", "category")]

    assert_problem(api.send("POST", "/products", {}), 400, "invalid_request", *faults)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_partial_body_changes_what_it_names(api, mug, method):
    response = api.send(method, f"/products/{mug.product_id}", {"price": 9.99, "stock": 45})

    assert (response.status_code, response.body["message"]) == (200, "Product updated successfully")
    product = response.body["product"]
    assert (product["price"], product["stock"], product["name"], product["version"]) == (9.99, 45, "Mug", 2)
    assert response["ETag"] == '"2-45"'
    mug.assert_books_balance()


def test_what_was_read_can_be_changed_and_sent_back(api, mug):
    product = api.send("GET", f"/products/{mug.product_id}").body["product"]

    response = api.send("PUT", f"/products/{mug.product_id}", {**product, "name": "Cup", "version": 99})

    assert response.status_code == 200
    after = response.body["product"]
    assert (after["name"], after["version"], after["productId"]) == ("Cup", 2, mug.product_id)
    assert after["createdAt"] == product["createdAt"]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, ("", "nothing_to_change")),
        ({"version": 1}, ("", "nothing_to_change")),
        ({"prize": 1}, ("/prize", "unknown_field")),
        ({"stock": None}, ("/stock", "null")),
        ([], ("", "not_an_object")),
    ],
    ids=str,
)
def test_an_edit_of_nothing_or_nonsense_is_refused(api, mug, body, fault):
    assert_problem(api.send("PATCH", f"/products/{mug.product_id}", body), 400, "invalid_request", fault)
    assert mug.product.version == 1


# ---- versions ----------------------------------------------------------------------------------------------------


def sell(shelf, units=1):
    inventory.reserve(str(uuid.uuid4()), quantities={shelf.product_id: units})


def test_an_edit_for_the_version_as_read_works_even_after_sales(api, mug):
    tag = api.send("GET", f"/products/{mug.product_id}")["ETag"]
    sell(mug)

    for if_match in (tag, f"W/{tag}"):
        response = api.send("PUT", f"/products/{mug.product_id}", {"name": "Cup"}, **{"If-Match": if_match})
        assert response.status_code == (200 if if_match == tag else 412)
    assert mug.stock == 4


@pytest.mark.parametrize("if_match", ['"2-5"', '"0-5"', '"x"', "nonsense", '""', '"99999999999999999999-1"'])
def test_an_edit_for_another_version_is_refused(api, mug, if_match):
    response = api.send("PATCH", f"/products/{mug.product_id}", {"name": "Cup"}, **{"If-Match": if_match})

    assert_problem(response, 412, "stale_version")
    assert (mug.product.name, mug.product.version) == ("Mug", 1)


def test_any_version_will_do_for_a_star(api, mug):
    assert (
        api.send("PATCH", f"/products/{mug.product_id}", {"name": "Cup"}, **{"If-Match": "*"}).status_code
        == 200
    )


def test_an_unchanged_product_is_304_and_a_sale_changes_it(api, mug):
    path = f"/products/{mug.product_id}"
    tag = api.send("GET", path)["ETag"]

    for if_none_match in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        response = api.send("GET", path, **{"If-None-Match": if_none_match})
        assert (response.status_code, response.content, response["ETag"]) == (304, b"", tag)
    sell(mug)
    response = api.send("GET", path, **{"If-None-Match": tag})
    assert (response.status_code, response["ETag"], response.body["product"]["stock"]) == (200, '"1-4"', 4)


# ---- stock -------------------------------------------------------------------------------------------------------


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


# ---- gone --------------------------------------------------------------------------------------------------------


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


# ---- lists -------------------------------------------------------------------------------------------------------


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
    "query", ["limit=0", "limit=101", "limit=x", f"category={'x' * 101}", "category=%00"]
)
def test_a_query_out_of_bounds_is_refused(api, query):
    assert_problem(
        api.send("GET", f"/products?{query}"), 400, "invalid_request", (f"/{query.split('=')[0]}", ANY_CODE)
    )


class _AnyCode(str):
    """Equal to every code."""

    def __eq__(self, other):
        return isinstance(other, str)

    __hash__ = str.__hash__


ANY_CODE = _AnyCode()


# ---- who may -----------------------------------------------------------------------------------------------------

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


# ---- DynamoDB is down --------------------------------------------------------------------------------------------


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

"""The catalogue over HTTP."""

import uuid

import pytest

from products import inventory, services
from tests.integration.api.conftest import LAMP, assert_problem

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db]


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


# ---- versions ------------------------------------------------------------


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
        assert "Content-Length" not in response  # a cache might take 0 for the length of what it keeps
    sell(mug)
    response = api.send("GET", path, **{"If-None-Match": tag})
    assert (response.status_code, response["ETag"], response.body["product"]["stock"]) == (200, '"1-4"', 4)

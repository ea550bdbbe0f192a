"""HTTP itself: methods, media types, sizes, addresses, and failures that nobody foresaw."""

import json

import pytest

from orders.models import Order
from shop import health
from tests.integration.api.conftest import assert_problem

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db]


@pytest.mark.parametrize(
    "path", ["/nope", "/orders/1/items", "/products/a/b/c", "/users", "/Products", "/orders//1"]
)
def test_an_unknown_address_is_a_problem(api, path):
    assert_problem(api.send("GET", path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/products", "GET, POST, HEAD, OPTIONS"),
        ("DELETE", "/orders", "GET, POST, HEAD, OPTIONS"),
        ("POST", "/products/prod_001", "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"),
        ("DELETE", "/orders/1", "GET, HEAD, OPTIONS"),
        ("GET", "/orders/1/cancel", "PUT, OPTIONS"),
        ("GET", "/products/prod_001/stock-adjustments", "POST, OPTIONS"),
    ],
)
def test_a_method_that_an_address_does_not_answer_is_405_with_those_it_does(api, method, path, allow):
    response = api.send(method, path)

    assert_problem(response, 405, "method_not_allowed")
    assert response["Allow"] == allow


@pytest.mark.parametrize("path", ["/", "/products", "/orders", "/docs/errors", "/health/live"])
def test_head_answers_as_get_does_without_a_body(api, tables, path):
    get, head = api.send("GET", path), api.send("HEAD", path)

    assert (head.status_code, head.content) == (200, b"")
    assert head["Content-Type"] == get["Content-Type"]


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/png"])
def test_what_is_not_json_cannot_be_had(api, accept):
    assert_problem(api.send("GET", "/orders", Accept=accept), 406, "not_acceptable")


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/*", "text/html, */*;q=0.8"])
def test_json_is_answered_to_whoever_takes_it(api, accept):
    response = api.send("GET", "/orders", Accept=accept)

    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml"],
)
@pytest.mark.parametrize("path", ["/orders", "/products"])
def test_a_body_of_any_other_kind_is_415(api, kind, path):
    response = api.generic("POST", path, b'{"items": []}', content_type=kind)
    response.body = json.loads(response.content)

    assert_problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON"])
def test_json_may_name_its_alphabet(api, kind):
    assert api.generic("POST", "/orders", b"{}", content_type=kind).status_code == 400


def test_a_body_of_a_mebibyte_is_read_and_of_one_byte_more_is_not(api):
    room = 1_048_576 - len(b'{"a":""}')

    assert_problem(
        api.send("POST", "/orders", b'{"a":"' + b"x" * room + b'"}'),
        400,
        "invalid_request",
        ("/a", "unknown_field"),
    )
    assert_problem(
        api.send("POST", "/orders", b'{"a":"' + b"x" * (room + 1) + b'"}'), 413, "payload_too_large"
    )


@pytest.mark.parametrize("body", [b'{"a":' * 40 + b"1" + b"}" * 40, b"[" * 200_000])
def test_a_body_without_end_is_broken_json(api, body):
    assert_problem(api.send("POST", "/orders", body), 400, "invalid_json")


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/products/", "/products"),
        ("/orders/1/cancel/", "/orders/1/cancel"),
        ("/orders/?limit=5&cursor=a%2Fb", "/orders?limit=5&cursor=a%2Fb"),
        ("/products/a%3Fb/", "/products/a%3Fb"),
        ("/products/100%25/", "/products/100%25"),
        ("/%5Cevil.example/", "/%5Cevil.example"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_one_slash_too_many_leads_to_the_address_without_it(api, method, path, location):
    response = api.send(method, path, {} if method == "POST" else None)

    assert (response.status_code, response["Location"]) == (308, location)


@pytest.mark.parametrize("path", ["//evil.example/", "//evil.example", "/products//"])
def test_no_slash_leads_to_another_site(api, path):
    response = api.generic("GET", "/", PATH_INFO=path)

    assert (response.status_code, response.get("Location")) == (404, None)


def test_an_unknown_host_is_turned_away_with_a_problem(api):
    assert_problem(api.send("GET", "/products", Host="evil.example"), 400, "invalid_request")


def test_the_request_id_is_taken_and_returned_in_header_and_problem(api):
    response = api.send("GET", "/orders/0", **{"X-Request-ID": "trace-7"})

    assert response["X-Request-ID"] == response.body["requestId"] == "trace-7"


def test_the_order_remembers_the_request_that_placed_it(api, mug, transactional_db):
    body = {"email": "ann@example.com", "items": [{"productId": mug.product_id, "quantity": 1}]}
    api.send("POST", "/orders", body, **{"X-Request-ID": "trace-8"})

    assert Order.objects.get().request_id == "trace-8"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/orders"), ("GET", "/products"), ("GET", "/products/x")]
)
def test_what_nobody_foresaw_is_a_500_without_a_word_of_it(api, monkeypatch, method, path):
    def broken(*_, **__):
        raise RuntimeError("secret detail")

    for name in (
        "orders.selectors.list_orders",
        "products.selectors.list_products",
        "products.selectors.get_product",
    ):
        monkeypatch.setattr(name, broken)
    api.raise_request_exception = False

    response = api.send(method, path)

    assert_problem(response, 500, "internal_error")
    assert b"secret" not in response.content
    assert b"Traceback" not in response.content


# ---- the pages around ------------------------------------------------------------------------------------------


def test_the_front_page_links_to_what_can_be_reached(api, tables):
    front = api.send("GET", "/").body

    assert (front["success"], front["name"]) == (True, "shop")
    for name in ("products", "orders", "docs", "schema", "errors", "live"):
        assert api.send("GET", front["links"][name]).status_code == 200


@pytest.mark.parametrize("path", ["/", "/docs/errors"])
def test_a_browser_gets_a_page(api, path):
    response = api.send("GET", path, Accept="text/html,application/xhtml+xml,*/*;q=0.8")

    assert (response.status_code, response["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"<h1" in response.content


def test_every_problem_is_explained_where_its_type_leads(api):
    codes = {row["code"]: row for row in api.send("GET", "/docs/errors").body["codes"]}
    page = api.send("GET", "/docs/errors", Accept="text/html").content.decode()

    problem = api.send("GET", "/orders/0").body
    assert codes[problem["code"]]["status"] == 404
    assert problem["type"] == f"/docs/errors#{problem['code']}"
    assert all(f'id="{code}"' in page for code in codes)


def test_the_schema_is_openapi_3_1(api):
    response = api.send("GET", "/schema")

    assert json.loads(response.content)["openapi"].startswith("3.1")


def test_ready_names_each_system_and_is_503_when_one_is_silent(api, tables, monkeypatch):
    ready = api.send("GET", "/health/ready")
    assert {"database", "catalogue"} <= set(ready.body["checks"])

    def down():
        raise OSError("secret-host")

    monkeypatch.setitem(health._checks, "catalogue", down)
    response = api.send("GET", "/health/ready")

    assert (response.status_code, response.body["code"], response["Retry-After"]) == (503, "not_ready", "5")
    assert response.body["checks"]["catalogue"]["ok"] is False
    assert response.body["checks"]["database"]["ok"] is True
    assert b"secret-host" not in response.content

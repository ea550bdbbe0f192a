"""What the server owns cannot be set from outside: an unknown member is refused, one that was read is passed over."""

import pytest

from orders.models import Order
from products.models import Product
from tests.integration.api.conftest import ADMIN, ANN, LAMP, assert_problem, body_for, everything_kept

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db, pytest.mark.usefixtures("empty_catalogue")]

# Every name that a model, an answer, Cognito or Django gives to something only the server may decide.
OWNED = [
    "id", "uid", "pk", "orderId", "order_id", "orderUid", "userId", "user_id", "userEmail", "user_email", "sub",
    "status", "step", "total", "currency", "itemCount", "item_count", "payment", "refunded", "cancelReason",
    "cancel_reason", "cancel_requested_at", "shipped_at", "shippedAt", "lease_until", "attempts", "request_id",
    "created_at", "createdAt", "updated_at", "updatedAt", "productId", "product_id", "version", "editId", "edit_id",
    "listKey", "list_key", "catalogue", "deletedAt", "deleted_at", "movementId", "movement_id", "actor", "groups",
    "cognito:groups", "custom:role", "role", "isAdmin", "is_staff", "is_superuser", "confirmed", "emailVerified",
    "email_verified", "success", "message", "__proto__", "constructor", "__class__", "Status", "TOTAL",
]  # fmt: skip

EMAIL = {"email": "ann@example.com"}
PASSWORD = "Str0ng!pass"
# (method, path, a body that works, what may be sent back as it was read)
READ_BACK = {"productId", "createdAt", "updatedAt", "version"}
CATALOGUE_WRITES = [
    ("POST", "/products", LAMP, set()),
    ("PUT", "/products/{}", {"name": "Cup"}, READ_BACK),
    ("PATCH", "/products/{}", {"name": "Cup"}, READ_BACK),
    ("POST", "/products/{}/stock-adjustments", {"delta": 1, "reason": "x"}, set()),
]
USER_WRITES = [
    ("POST", "/users/signup", {**EMAIL, "password": PASSWORD, "name": "Ann"}),
    ("POST", "/users/confirm", {**EMAIL, "code": "123456"}),
    ("POST", "/users/resend-code", EMAIL),
    ("POST", "/users/login", {**EMAIL, "password": PASSWORD}),
    ("POST", "/users/refresh", {"refreshToken": "r"}),
    ("POST", "/users/forgot-password", EMAIL),
    ("POST", "/users/reset-password", {**EMAIL, "code": "654321", "password": PASSWORD}),
    ("POST", "/users/change-password", {"currentPassword": PASSWORD, "newPassword": "N3w!passw"}),
    ("PATCH", "/users/me", {"name": "Ann"}),
    ("POST", "/users/me/confirm-email", {"code": "123456"}),
]


def names_of(writes):
    return [f"{write[0]} {write[1]}" for write in writes]


def pointer(*names):
    return "".join("/" + str(name).replace("~", "~0").replace("/", "~1") for name in names)


def refused(api, method, path, body, *field):
    assert_problem(api.send(method, path, body), 400, "invalid_request", (pointer(*field), "unknown_field"))


@pytest.mark.parametrize(
    ("method", "path", "body", "read_back"), CATALOGUE_WRITES, ids=names_of(CATALOGUE_WRITES)
)
@pytest.mark.parametrize("caller", [None, ADMIN])
def test_the_catalogue_takes_no_member_that_the_server_owns(api, mug, caller, method, path, body, read_back):
    api.signed_in(caller)
    before = everything_kept()

    for name in set(OWNED) - read_back:
        for value in ("forged", 1, None):
            refused(api, method, path.format(mug.product_id), {**body, name: value}, name)

    assert everything_kept() == before


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_what_was_read_may_come_back_changed_and_means_nothing(api, mug, method):
    before = mug.product.to_dynamodb_dict()
    forged = {"productId": "prod_001", "createdAt": "1999-01-01T00:00:00Z", "updatedAt": 5, "version": 99}

    response = api.send(method, f"/products/{mug.product_id}", {"name": "Cup", **forged})

    assert response.status_code == 200
    after = mug.product.to_dynamodb_dict()
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"name", "version", "updatedAt", "editId"}
    assert (mug.product.version, mug.product.name) == (2, "Cup")
    assert Product.count() == 1


def test_nothing_but_what_was_read_is_no_change(api, mug):
    before = everything_kept()

    response = api.send("PATCH", f"/products/{mug.product_id}", {"version": 99, "productId": "prod_001"})

    assert_problem(response, 400, "invalid_request", ("", "nothing_to_change"))
    assert everything_kept() == before


@pytest.mark.parametrize("caller", [None, ANN, ADMIN])
def test_an_order_takes_no_member_that_the_server_owns(api, mug, caller):
    api.signed_in(caller)
    order, before = body_for(mug), everything_kept()
    (line,) = order["items"]

    for name in OWNED:
        refused(api, "POST", "/orders", {**order, name: "forged"}, name)
        if name != "productId":
            refused(api, "POST", "/orders", {**order, "items": [{**line, name: "forged"}]}, "items", 0, name)

    assert everything_kept() == before


def test_metadata_is_a_drawer_of_texts_and_decides_nothing(api, mug):
    forged = {"status": "SHIPPED", "total": "0.00", "user_id": ANN.sub, "__proto__": "x", "cancelReason": "x"}

    placed = api.send("POST", "/orders", body_for(mug, metadata=forged)).body["order"]

    order = Order.objects.get()
    assert (order.metadata, order.user_id, order.status) == (forged, "anonymous", "PROCESSING")
    assert (str(order.total), placed["total"], order.shipped_at) == ("12.50", 12.5, None)


@pytest.mark.parametrize(
    "body", [{"status": "SHIPPED", "user_id": ADMIN.sub, "total": 0}, {"cancel_reason": "x"}]
)
def test_a_cancellation_looks_at_no_body(api, mug, body):
    number = api.send("POST", "/orders", body_for(mug)).body["order"]["orderId"]

    order = api.send("PUT", f"/orders/{number}/cancel", body).body["order"]

    assert (order["status"], order["cancel_reason"]) == ("CANCELLED", "cancelled_by_customer")
    assert (order["user_id"], order["total"], order["shipped_at"]) == ("anonymous", "12.50", None)
    assert mug.stock == 5


@pytest.mark.parametrize(("method", "path", "body"), USER_WRITES, ids=names_of(USER_WRITES))
def test_an_account_takes_no_member_that_the_server_owns(api, pool, method, path, body):
    api.signed_in(ANN)
    before = everything_kept()

    for name in OWNED:
        refused(api, method, path, {**body, name: "forged"}, name)

    assert pool.calls == []
    assert everything_kept() == before


def test_an_account_gives_cognito_the_address_and_the_name_and_nothing_else(api, pool):
    api.send("POST", "/users/signup", {**EMAIL, "password": PASSWORD, "name": "Ann"})
    api.signed_in(ANN).send("PATCH", "/users/me", {"name": "Bea", "email": "bea@example.com"})

    (_, signed_up), (_, changed) = [call for call in pool.calls if call[0] != "get_user"]
    assert signed_up["UserAttributes"] == [
        {"Name": "email", "Value": "ann@example.com"},
        {"Name": "name", "Value": "Ann"},
    ]
    assert changed["UserAttributes"] == [
        {"Name": "name", "Value": "Bea"},
        {"Name": "email", "Value": "bea@example.com"},
    ]

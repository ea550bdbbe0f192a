"""Every failure is a problem of one shape."""

import json
import re

import pytest
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.test import RequestFactory
from rest_framework import exceptions as drf
from structlog.contextvars import bound_contextvars

from orders.errors import OrderNotCancellable, PriceChanged, RequestInProgress, UnknownProduct
from products.errors import CatalogueUnavailable, InsufficientStock, ProductNotFound, StaleVersion
from shop import errors
from shop.errors import FieldError
from shop.exception_handler import (
    FRAMEWORK_PROBLEMS,
    STATUS_BY_KIND,
    exception_handler,
    problem_response,
    status_of,
)
from shop.pages import error_table
from shop.schema import TOKEN_PROBLEMS
from shop.wire import BodyTooLarge, InvalidJson

MEMBERS = ["type", "title", "status", "detail", "instance", "success", "code", "errors", "requestId"]


def answer_to(exception):
    with bound_contextvars(request_id="req-1"):
        return exception_handler(exception, {"request": RequestFactory().get("/orders/7")})


@pytest.mark.parametrize(
    ("kind", "status", "headers"),
    [
        (errors.DomainError, 400, {}),
        (errors.NotAuthenticatedError, 401, {"WWW-Authenticate": 'Bearer error="invalid_request"'}),
        (errors.ForbiddenError, 403, {}),
        (errors.NotFoundError, 404, {}),
        (errors.ConflictError, 409, {}),
        (errors.PreconditionError, 412, {}),
        (BodyTooLarge, 413, {}),
        (errors.UnprocessableError, 422, {}),
        (errors.TooManyRequestsError, 429, {"Retry-After": "30"}),
        (errors.UnavailableError, 503, {"Retry-After": "2"}),
        # leaves
        (ProductNotFound, 404, {}),
        (UnknownProduct, 400, {}),
        (PriceChanged, 409, {}),
        (InsufficientStock, 409, {}),
        (OrderNotCancellable, 409, {}),
        (StaleVersion, 412, {}),
        (RequestInProgress, 409, {"Retry-After": "2"}),
        (CatalogueUnavailable, 503, {"Retry-After": "2"}),
    ],
)
def test_a_domain_error_becomes_a_problem_with_its_status_and_headers(kind, status, headers):
    response = answer_to(kind("In words."))

    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    assert {name: value for name, value in response.headers.items() if name != "Content-Type"} == headers
    assert response.data == {
        "type": f"/docs/errors#{kind.code}",
        "title": kind.title,
        "status": status,
        "detail": "In words.",
        "instance": "/orders/7",
        "success": False,
        "code": kind.code,
        "errors": [],
        "requestId": "req-1",
    }
    assert list(response.data) == MEMBERS


def test_every_fault_is_listed_with_its_own_members():
    fault = FieldError(
        field="/items/0/price", code="price_changed", message="It costs more.", extra={"currentPrice": 5}
    )

    response = answer_to(PriceChanged("No.", errors=[fault]))

    assert response.data["errors"] == [
        {"field": "/items/0/price", "code": "price_changed", "message": "It costs more.", "currentPrice": 5}
    ]


@pytest.mark.parametrize(
    ("exception", "status", "code"),
    [
        (Http404("inner words"), 404, "not_found"),
        (PermissionDenied("inner words"), 403, "permission_denied"),
        (drf.NotFound("inner words"), 404, "not_found"),
        (drf.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (drf.NotAcceptable("inner words"), 406, "not_acceptable"),
        (drf.UnsupportedMediaType("text/plain"), 415, "unsupported_media_type"),
        (drf.NotAuthenticated("inner words"), 401, "not_authenticated"),
        (drf.PermissionDenied("inner words"), 403, "permission_denied"),
    ],
)
def test_a_refusal_of_the_framework_becomes_a_problem_in_our_words(exception, status, code):
    response = answer_to(exception)

    assert (response.status_code, response.data["status"], response.data["code"]) == (status, status, code)
    assert (response.data["title"], response.data["detail"]) == FRAMEWORK_PROBLEMS[status][1:]
    assert response.data["errors"] == []
    assert "inner words" not in json.dumps(response.data)


def test_broken_json_says_where_it_is_broken():
    response = answer_to(InvalidJson("The body is not valid JSON: NaN is not JSON."))

    assert (response.status_code, response.data["code"]) == (400, "invalid_json")
    assert response.data["detail"] == "The body is not valid JSON: NaN is not JSON."


def test_a_token_that_was_refused_keeps_its_own_code_and_challenge():
    refusal = drf.AuthenticationFailed("It has expired.", code="invalid_token")
    setattr(refusal, "auth_header", 'Bearer error="invalid_token"')  # noqa: B010 (as DRF's views do)

    response = answer_to(refusal)

    assert (response.status_code, response.data["code"]) == (401, "invalid_token")
    assert response.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_a_throttled_request_is_told_when_to_come_back():
    response = answer_to(drf.Throttled(wait=17))

    assert (response.status_code, response.data["code"]) == (429, "too_many_requests")
    assert response.headers["Retry-After"] == "17"


@pytest.mark.parametrize(
    ("details", "pointers"),
    [
        ({"name": ["Wrong."]}, ["/name"]),
        ({"name": ["Wrong.", "Too long."]}, ["/name", "/name"]),
        ({"non_field_errors": ["Not an object."]}, [""]),
        (["Wrong."], [""]),
        (
            {"items": {0: {"quantity": ["Wrong."]}, 3: {"productId": ["Wrong."]}}},
            ["/items/0/quantity", "/items/3/productId"],
        ),
        ({"items": [{}, {"quantity": ["Wrong."]}]}, ["/items/1/quantity"]),
        ({"items": {"non_field_errors": ["Empty."]}}, ["/items"]),
        ({"items": {1: {"non_field_errors": ["Not an object."]}}}, ["/items/1"]),
        ({"metadata": {"a/b~c": ["Wrong."]}}, ["/metadata/a~1b~0c"]),
        ({"metadata": {"message": ["Wrong."], "code": ["Wrong."]}}, ["/metadata/message", "/metadata/code"]),
    ],
)
def test_each_fault_has_the_json_pointer_to_its_place(details, pointers):
    response = answer_to(drf.ValidationError(details))

    assert (response.status_code, response.data["code"]) == (400, "invalid_request")
    assert [fault["field"] for fault in response.data["errors"]] == pointers
    assert {fault["code"] for fault in response.data["errors"]} == {"invalid"}


def test_one_fault_alone_is_also_the_detail():
    assert answer_to(drf.ValidationError({"limit": ["Too many."]})).data["detail"] == "Too many."


@pytest.mark.parametrize(
    "exception",
    [
        OperationalError(2013, "Lost connection to MySQL server at 'secret-host'"),
        InterfaceError(0, "secret-host"),
    ],
)
def test_a_silent_database_is_503_and_says_nothing_of_itself(exception):
    response = answer_to(exception)

    assert (response.status_code, response.data["code"]) == (503, "database_unavailable")
    assert response.headers["Retry-After"] == "2"
    assert "secret-host" not in json.dumps(response.data)


@pytest.mark.parametrize("exception", [ValueError("x"), KeyError("x"), AssertionError("x")])
def test_a_bug_is_left_to_the_500_page(exception):
    assert answer_to(exception) is None


def test_outside_of_any_view_the_shape_is_the_same():
    response = problem_response(RequestFactory().post("/orders"), errors.UnavailableError("Later."))

    assert response.status_code == 503
    assert (response["Content-Type"], response["Retry-After"]) == ("application/problem+json", "2")
    assert list(json.loads(response.content)) == MEMBERS


# ---- the table of codes ------------------------------------------------------------------------------------------


def every_kind(kind=errors.DomainError):
    for child in kind.__subclasses__():
        yield child
        yield from every_kind(child)


def ours(kind):
    return kind.__module__.split(".")[0] in {"shop", "products", "users", "orders"}


def test_every_code_has_one_status():
    statuses: dict[str, set[int]] = {}
    for kind in filter(ours, every_kind()):
        statuses.setdefault(kind.code, set()).add(status_of(kind))
    for status, (code, _title, _meaning) in FRAMEWORK_PROBLEMS.items():
        statuses.setdefault(code, set()).add(status)

    assert {code: found for code, found in statuses.items() if len(found) > 1} == {}


def test_every_code_that_can_be_answered_is_in_the_table_with_its_status_and_in_words():
    table = {row["code"]: row for row in error_table()}

    assert len(table) == len(error_table())
    for kind in filter(ours, every_kind()):
        if not kind.__subclasses__():
            assert table[kind.code]["status"] == status_of(kind)
    for status, (code, _title, _meaning) in FRAMEWORK_PROBLEMS.items():
        assert table[code]["status"] == status
    for row in table.values():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", row["code"])
        assert row["title"]
        assert row["meaning"].endswith((".", "`"))


def test_what_the_schema_says_of_tokens_is_what_the_users_room_answers():
    table = {row["code"]: row["status"] for row in error_table()}

    assert {code: table[code] for _, code, _ in TOKEN_PROBLEMS} == {
        code: status for status, code, _ in TOKEN_PROBLEMS
    }


def test_every_kind_has_a_status():
    assert set(STATUS_BY_KIND.values()) == {400, 401, 403, 404, 409, 411, 412, 413, 422, 429, 503}
    assert list(STATUS_BY_KIND)[-1] is errors.DomainError

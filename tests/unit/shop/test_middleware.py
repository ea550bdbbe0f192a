"""What happens to every request before a view sees it."""

import json
import uuid

import pytest
import structlog
from django.contrib.sessions.backends.cache import SessionStore
from django.http import HttpResponse
from django.test import Client, RequestFactory
from structlog.contextvars import bind_contextvars, get_contextvars
from structlog.testing import capture_logs

from shop.deadline import Deadline
from shop.middleware import (
    BackOfficeSessionMiddleware,
    BackOfficeUserMiddleware,
    BodyLimitMiddleware,
    HealthCheckMiddleware,
    RequestIdMiddleware,
)


def answer(_request):
    return HttpResponse("seen")


@pytest.mark.parametrize(
    "offered", ["abc", "Root=1-67891233-abcdef012345678912345678", "a.b:c/d+e=@-_", "x" * 128]
)
def test_a_sane_request_id_is_taken_bound_and_returned(offered):
    seen: dict[str, str] = {}

    def view(request):
        seen.update(get_contextvars(), meta=request.META["shop.request_id"])
        return HttpResponse()

    response = RequestIdMiddleware(view)(RequestFactory().get("/", headers={"X-Request-ID": offered}))

    assert response["X-Request-ID"] == offered
    assert seen == {"request_id": offered, "meta": offered}


@pytest.mark.parametrize(
    "offered", [None, "", "with blank", 'quo"te', "x" * 129, "new\nline", "ümlaut", "<script>"]
)
def test_any_other_request_id_is_replaced_by_a_new_one(offered):
    headers = {} if offered is None else {"X-Request-ID": offered}

    made = [
        RequestIdMiddleware(answer)(RequestFactory().get("/", headers=headers))["X-Request-ID"]
        for _ in range(2)
    ]

    assert all(str(uuid.UUID(one)) == one for one in made)
    assert made[0] != made[1]


def test_nothing_of_the_request_before_is_left_in_the_next_ones_log():
    def view(request):
        bind_contextvars(order_id=7)
        return HttpResponse()

    RequestIdMiddleware(view)(RequestFactory().get("/", headers={"X-Request-ID": "first"}))
    RequestIdMiddleware(answer)(RequestFactory().get("/", headers={"X-Request-ID": "second"}))

    assert get_contextvars() == {"request_id": "second"}


def test_one_line_is_logged_for_a_request_without_its_query():
    with capture_logs() as lines:
        RequestIdMiddleware(answer)(RequestFactory().get("/orders?cursor=secret"))

    (line,) = lines
    assert line.pop("ms") >= 0
    assert line == {
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "path": "/orders",
        "status": 200,
    }


@pytest.mark.parametrize(
    ("method", "path", "headers", "logged"),
    [
        ("GET", "/nope", {}, {"status": 404, "problem": "not_found"}),
        ("GET", "/nope/ann@example.com", {}, {"status": 404, "problem": "not_found"}),
        ("GET", "/orders", {}, {"status": 401, "problem": "not_authenticated"}),
        ("POST", "/orders", {"Content-Length": "1048577"}, {"status": 413, "problem": "payload_too_large"}),
        ("DELETE", "/docs/errors", {}, {"status": 405, "problem": "method_not_allowed"}),
        (
            "GET",
            "/products",
            {"Host": "evil.example"},
            {"status": 400, "problem": "invalid_request", "reason": "DisallowedHost"},
        ),
        (
            "GET",
            "/orders",
            {"Authorization": "Basic YW5uOnNlY3JldA=="},
            {
                "status": 401,
                "problem": "invalid_token",
                "reason": "The Authorization header must be `Bearer` and one access token.",
            },
        ),
        ("POST", "/admin/login/", {}, {"status": 403, "problem": "permission_denied", "reason": "csrf"}),
        ("POST", "/users/login", {}, {"status": 400, "problem": "invalid_request", "faults": ["required"]}),
    ],
)
def test_a_refusal_is_one_line_that_names_its_code(settings, method, path, headers, logged):
    settings.REQUIRE_AUTH = True
    body = b"{}" if path == "/users/login" else b""

    with capture_logs() as lines:
        Client(enforce_csrf_checks=True).generic(
            method, path, body, content_type="application/json", headers=headers
        )

    (line,) = lines
    assert line.pop("ms") >= 0
    assert line == {"event": "request", "log_level": "info", "method": method, "path": path, **logged}


def test_a_refusal_is_written_down_once_and_django_adds_nothing(log_lines, monkeypatch):
    read = log_lines("json")
    # The middleware's own has kept the configuration that it was first used with.
    monkeypatch.setattr("shop.middleware.log", structlog.get_logger("shop.request"))

    Client().get("/nope/ann@example.com", headers={"Host": "evil.example"})

    (line,) = map(json.loads, read())
    assert (line["logger"], line["status"], line["problem"], line["reason"], line["path"]) == (
        "shop.request", 400, "invalid_request", "DisallowedHost", "/***@example.com",
    )  # fmt: skip


def test_health_checks_are_logged_only_when_they_fail():
    with capture_logs() as lines:
        RequestIdMiddleware(answer)(RequestFactory().get("/health/live"))
        RequestIdMiddleware(lambda _: HttpResponse(status=503))(RequestFactory().get("/health/ready"))

    assert [line["status"] for line in lines] == [503]


def test_liveness_is_answered_to_any_host_over_plain_http(settings):
    settings.ALLOWED_HOSTS = []
    settings.SECURE_SSL_REDIRECT = True

    response = HealthCheckMiddleware(answer)(
        RequestFactory().get("/health/live", headers={"Host": "10.0.0.7"})
    )

    assert response.status_code == 200
    assert json.loads(response.content) == {"success": True, "status": "live", "version": settings.VERSION}
    assert response["Content-Length"] == str(len(response.content))


def test_what_is_no_health_check_is_passed_on():
    assert HealthCheckMiddleware(answer)(RequestFactory().get("/health/lively")).content == b"seen"


@pytest.mark.parametrize(
    ("length", "status"), [("0", 200), ("1048576", 200), ("1048577", 413), ("9" * 40, 413), ("x", 200)]
)
def test_a_body_is_refused_by_its_declared_length(length, status):
    request = RequestFactory().post("/orders", b"", content_type="application/json")
    request.META["CONTENT_LENGTH"] = length

    response = BodyLimitMiddleware(answer)(request)

    assert response.status_code == status
    if status == 413:
        assert json.loads(response.content)["code"] == "payload_too_large"


def test_a_deadline_runs_down_and_below_nothing(monkeypatch):
    moment = 100.0
    monkeypatch.setattr("shop.deadline.time.monotonic", lambda: moment)
    deadline = Deadline(8)

    assert deadline.remaining() == 8
    moment = 109.5
    assert deadline.remaining() == -1.5


@pytest.mark.parametrize(
    ("path", "has"), [("/admin/", True), ("/admin", False), ("/orders", False), ("/docs", False)]
)
@pytest.mark.parametrize(
    ("kind", "name"),
    [(BackOfficeSessionMiddleware, "session"), (BackOfficeUserMiddleware, "user")],
)
def test_the_back_office_alone_has_sessions_and_their_users(kind, name, path, has):
    request = RequestFactory().get(path)
    if name == "user":
        request.session = SessionStore()

    kind(lambda _request: HttpResponse())(request)

    assert hasattr(request, name) is has

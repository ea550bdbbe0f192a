"""Which other sites' pages may call, and what they are told."""

import re

import pytest

from shop.browsers import CORS_URLS_REGEX, LOCAL_ORIGIN, fault_in_origins
from tests.unit.shop.conftest import ANSWERS, SITE


@pytest.mark.parametrize(("method", "path", "sent", "status"), [row[1:] for row in ANSWERS])
def test_a_site_on_the_list_may_read_every_answer_but_those_of_the_back_office(
    browser, method, path, sent, status
):
    browser.handler.enforce_csrf_checks = True

    answer = browser.generic(method, path, headers={**sent, "Origin": SITE})
    answer.close()

    assert answer.status_code == status
    if path.startswith("/admin"):
        assert not any(name.lower().startswith("access-control-") for name in answer.headers)
        return
    assert answer["Access-Control-Allow-Origin"] == SITE
    assert answer["Access-Control-Expose-Headers"] == (
        "ETag, Location, Retry-After, X-Request-ID, Idempotent-Replayed"
    )
    assert "Access-Control-Allow-Credentials" not in answer
    assert "origin" in answer["Vary"].lower()


def test_a_site_on_the_list_may_send_what_the_api_takes(browser):
    answer = browser.options(
        "/orders",
        headers={
            "Origin": SITE,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
        },
    )

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["Access-Control-Allow-Origin"] == SITE
    assert answer["Access-Control-Allow-Headers"] == (
        "authorization, content-type, idempotency-key, if-match, if-none-match, x-request-id"
    )
    assert set(answer["Access-Control-Allow-Methods"].split(", ")) == {
        "DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT",
    }  # fmt: skip
    assert answer["Access-Control-Max-Age"] == "7200"
    assert "Access-Control-Allow-Credentials" not in answer


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "https://evil.example",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com.evil.example",
        "https://evil.example/https://app.example.com",
        "https://evil-app.example.com",
        "https://user@app.example.com",
        "http://localhost:5173",
        "file://",
        "https://[",
    ],
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_any_other_site_is_told_nothing(browser, method, origin):
    answer = browser.generic(
        method, "/docs/errors", headers={"Origin": origin, "Access-Control-Request-Method": "GET"}
    )

    assert answer.status_code == 200
    assert not any(name.lower().startswith("access-control-") for name in answer.headers)


@pytest.mark.parametrize(
    ("origin", "is_local"),
    [
        ("http://localhost", True),
        ("http://localhost:5173", True),
        ("https://localhost:8443", True),
        ("http://127.0.0.1:3000", True),
        ("http://[::1]:3000", True),
        ("http://localhost.evil.example", False),
        ("http://localhost:5173.evil.example", False),
        ("http://localhost:5173\n", False),
        ("http://evil.example/localhost", False),
        ("http://127.0.0.12", False),
        ("http://127a0.0.1", False),
        ("http://sub.localhost", False),
        ("null", False),
    ],
)
def test_a_local_stack_lets_pages_of_its_own_machine_call(browser, settings, origin, is_local):
    settings.CORS_ALLOWED_ORIGIN_REGEXES = [rf"{LOCAL_ORIGIN}\Z"]  # as CORS_ALLOW_LOCAL_ORIGINS sets it

    answer = browser.get("/docs/errors", headers={"Origin": origin})

    assert answer.get("Access-Control-Allow-Origin") == (origin if is_local else None)


@pytest.mark.parametrize(
    ("path", "is_open"),
    [("/", True), ("/orders", True), ("/administrators", True), ("/admin", False), ("/admin/login/", False)],
)
def test_the_back_office_is_no_part_of_it(path, is_open):
    assert bool(re.match(CORS_URLS_REGEX, path)) is is_open


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example.com",
        "http://localhost:5173",
        "https://xn--bcher-kva.example",
        "http://[::1]:3000",
    ],
)
def test_an_origin_is_scheme_host_and_perhaps_a_port(origin):
    assert fault_in_origins([SITE, origin]) is None


@pytest.mark.parametrize(
    "entry",
    [
        "*",
        "null",
        "app.example.com",
        "https://",
        "https://*.example.com",
        "https://app.example.com/",
        "https://app.example.com/path",
        "https://app.example.com?x=1",
        "https://app.example.com#x",
        "https://user@app.example.com",
        "https://App.example.com",
        "https://app.example.com:",
        "https://app.example.com:443",
        "http://app.example.com:80",
        "https://app.example.com:0",
        "https://app.example.com:123456",
        "https://-app.example.com",
        "https://app..example.com",
        "https://bücher.example",
        "ftp://app.example.com",
        "//app.example.com",
        " https://app.example.com",
        "https://app.example.com\n",
    ],
)
def test_anything_else_is_no_origin(entry):
    assert fault_in_origins([SITE, entry]) == entry

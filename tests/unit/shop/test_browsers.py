"""What browsers are told with every answer, whoever makes it."""

import re
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.test import Client, RequestFactory

from shop.middleware import CacheControlMiddleware, ContentSecurityPolicyMiddleware
from tests.unit.shop.conftest import ANSWERS

POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "object-src 'none'",
}
# The back office's pages behind its sign-in, and nothing else: its theme evaluates its templates' attributes.
BACK_OFFICE_POLICY = POLICY - {"script-src 'self'"} | {"script-src 'self' 'unsafe-eval'"}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
    "magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
}


def test_a_page_of_the_back_office_may_evaluate_what_its_theme_needs(rf):
    middleware: Any = ContentSecurityPolicyMiddleware(lambda _: HttpResponse("<p>"))
    answer = middleware(rf.get("/admin/orders/order/"))

    assert set(answer["Content-Security-Policy"].split("; ")) == BACK_OFFICE_POLICY


@pytest.mark.parametrize(("method", "path", "sent", "status"), [row[1:] for row in ANSWERS])
def test_every_answer_carries_every_header(browser, method, path, sent, status):
    browser.handler.enforce_csrf_checks = True

    answer = browser.generic(method, path, headers=sent)
    answer.close()  # a static file is open until then

    assert answer.status_code == status
    assert set(answer["Content-Security-Policy"].split("; ")) == POLICY
    assert {name: answer.get(name) for name in HEADERS} == HEADERS
    assert answer.streaming or answer["Content-Length"] == str(len(answer.content))
    assert "Strict-Transport-Security" not in answer  # there is no TLS here


@pytest.mark.parametrize(("path", "host", "status"), [("/nope", "testserver", 404), ("/nope", "evil", 400)])
def test_behind_tls_browsers_are_told_to_come_by_tls_for_a_year(browser, settings, path, host, status):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 31_536_000, True

    answer = Client().get(path, headers={"X-Forwarded-Proto": "https", "Host": host})

    assert answer.status_code == status
    assert answer["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize(("host", "status"), [("testserver", 301), ("evil.example", 400)])
def test_plain_http_is_sent_to_https_of_our_own_name_with_every_header(settings, host, status):
    settings.SECURE_SSL_REDIRECT = True

    answer = Client().get("/products?a=b", headers={"Host": host, "X-Forwarded-Host": "evil.example"})

    assert (answer.status_code, answer.get("Location")) == (
        status,
        "https://testserver/products?a=b" if status == 301 else None,
    )
    assert {name: answer.get(name) for name in HEADERS} == HEADERS
    assert set(answer["Content-Security-Policy"].split("; ")) == POLICY


# ---- pages under that policy ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/docs", "/docs/errors", "/admin/login/"])
def test_a_page_has_nothing_inline_and_nothing_from_elsewhere(browser, path):
    page = browser.get(path, headers={"Accept": "text/html"}).content.decode()

    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page, re.IGNORECASE)
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL)
    assert [body.strip() for _attributes, body in scripts] == [""] * len(scripts)
    links = re.findall(r"""(?:src|href|action)=["']([^"']*)""", page)
    assert links
    assert all(re.match(r"/(?!/)|#|data:|\Z", link) for link in links), links


def test_the_pages_ask_for_files_that_are_there(browser):
    pages = b"".join(browser.get(path, headers={"Accept": "text/html"}).content for path in ("/", "/docs"))

    files = set(re.findall(r'"/static/([^"]+)"', pages.decode()))

    assert {"shop/pages.css", "shop/docs.css", "shop/docs.js"} < files
    assert all(finders.find(file) for file in files)


# ---- what may be kept -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "headers", "made", "kept"),
    [
        ("/products/prod_001", {}, {}, "no-cache"),
        ("/products/prod_001", {"Authorization": "Bearer x"}, {}, "no-store"),
        ("/static/shop/docs.js", {}, {"Cache-Control": "max-age=60, public"}, "max-age=60, public"),
        ("/static/x.js", {"Authorization": "x"}, {"Cache-Control": "max-age=60, public"}, "no-store"),
        ("/orders", {}, {}, "no-store"),
        ("/orders/7", {}, {}, "no-store"),
        ("/users/login", {}, {}, "no-store"),
        ("/admin/", {}, {"Cache-Control": "private"}, "no-store"),
        ("/ordersfoo", {}, {}, "no-cache"),
    ],
)
def test_what_is_somebodys_is_kept_nowhere(path, headers, made, kept):
    middleware = CacheControlMiddleware(lambda _: HttpResponse(headers=made))

    assert middleware(RequestFactory().get(path, headers=headers))["Cache-Control"] == kept


@pytest.mark.parametrize("status", [400, 404, 429, 503])
def test_a_failure_is_kept_nowhere(status):
    middleware = CacheControlMiddleware(lambda _: HttpResponse(status=status))

    assert middleware(RequestFactory().get("/products/x"))["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/docs/errors"])
def test_an_answer_that_depends_on_accept_says_so(browser, path):
    assert "accept" in browser.get(path)["Vary"].lower()


# ---- cookies ----------------------------------------------------------------------------------------------------


def test_the_only_cookie_before_signing_in_is_the_back_offices_and_no_script_reads_it(browser):
    assert browser.get("/docs", headers={"Accept": "text/html"}).cookies == {}
    (cookie,) = browser.get("/admin/login/").cookies.values()

    assert cookie.key == "csrftoken"  # "__Host-csrftoken" behind TLS, which tests are not
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (
        True, "Strict", "/", "",
    )  # fmt: skip

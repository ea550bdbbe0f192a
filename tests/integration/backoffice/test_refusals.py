"""What staff see when the back office refuses or fails: a page in its theme. Programs get the problem, as everywhere."""

import json

import pytest
from django.contrib import admin
from django.db import OperationalError
from django.test import Client

from shop.exception_handler import PROBLEM_JSON

pytestmark = pytest.mark.django_db

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def assert_is_the_page(answer, *, status, title):
    page = answer.content.decode()
    assert answer.status_code == status
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert f"<h1>{title}</h1>" in page
    assert 'href="/static/backoffice/colours.css"' in page
    assert answer["X-Request-ID"] in page
    assert answer["Cache-Control"] == "no-store"
    assert "'unsafe-eval'" in answer["Content-Security-Policy"]
    assert "Accept" in answer["Vary"]


def assert_is_the_problem(answer, *, status, code):
    assert (answer.status_code, answer["Content-Type"]) == (status, PROBLEM_JSON)
    assert json.loads(answer.content)["code"] == code


def test_what_one_may_not_see_is_refused_on_a_page(support):
    answer = support.get("/admin/reservations/", headers=BROWSER)

    assert_is_the_page(answer, status=403, title="Not allowed")


def test_what_is_not_there_is_said_on_a_page(support):
    for path in ("/admin/nothing/here/", "/admin/orders/order/999999999/change/"):
        assert_is_the_page(support.get(path, headers=BROWSER), status=404, title="Not found")


@pytest.mark.parametrize("number", ["abc", "0", "2", "-1", "1.5", "%00", "9" * 5_000])
def test_a_page_that_the_search_over_the_menu_does_not_have_is_not_there(support, number):
    found = support.get("/admin/search/?s=orders&page=1", headers=BROWSER)
    missing = support.get(f"/admin/search/?s=orders&page={number}", headers=BROWSER)

    assert found.status_code == 200
    assert "/admin/orders/order/" in found.content.decode()
    assert_is_the_page(missing, status=404, title="Not found")


def test_a_form_from_elsewhere_is_refused_on_a_page():
    answer = Client(enforce_csrf_checks=True).post("/admin/login/", {}, headers=BROWSER)

    assert_is_the_page(answer, status=403, title="Not allowed")


def test_a_host_that_is_not_ours_is_refused_on_a_page():
    answer = Client().get("/admin/", headers={**BROWSER, "Host": "evil.example"})

    assert_is_the_page(answer, status=400, title="Invalid request")
    assert "evil.example" not in answer.content.decode()


def test_a_body_that_is_too_large_is_refused_on_a_page():
    answer = Client().post("/admin/login/", {}, headers={**BROWSER, "Content-Length": "1048577"})

    assert_is_the_page(answer, status=413, title="Body too large")


@pytest.fixture
def broken(monkeypatch, staff):
    """A start page that fails; and a client that takes the answer for it."""

    def fail_with(error):
        def fail(*_, **__):
            raise error

        monkeypatch.setattr(admin.site, "get_app_list", fail)
        client = staff("admin")
        client.raise_request_exception = False
        return client

    return fail_with


def test_a_fault_of_ours_is_owned_up_to_on_a_page(broken):
    answer = broken(RuntimeError("a secret of the code")).get("/admin/", headers=BROWSER)

    assert_is_the_page(answer, status=500, title="Internal error")
    assert "a secret" not in answer.content.decode()


def test_a_database_that_does_not_answer_is_no_fault_but_a_pause(broken):
    client = broken(OperationalError(2013, "Lost connection to 10.0.0.1"))

    page = client.get("/admin/", headers=BROWSER)
    assert_is_the_page(page, status=503, title="Temporarily unavailable")
    assert "10.0.0.1" not in page.content.decode()
    assert_is_the_problem(client.get("/admin/"), status=503, code="database_unavailable")


def test_the_page_needs_no_database(django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = Client().get("/admin/", headers={**BROWSER, "Host": "evil.example"})

    assert answer.status_code == 400


def test_a_program_gets_the_problem_there_too(support):
    assert_is_the_problem(support.get("/admin/reservations/"), status=403, code="permission_denied")
    assert_is_the_problem(
        support.get("/admin/nothing/", headers={"Accept": "application/json"}), status=404, code="not_found"
    )


def test_elsewhere_a_browser_gets_the_problem_too(closed_shop):
    client = Client()

    assert_is_the_problem(client.get("/nothing", headers=BROWSER), status=404, code="not_found")
    assert_is_the_problem(client.delete("/docs", headers=BROWSER), status=405, code="method_not_allowed")

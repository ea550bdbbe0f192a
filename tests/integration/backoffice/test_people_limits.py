"""How often one may try a password of an account of the pool at the back office, many times at once too."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import connections

from shop import limits
from shop.aws import cognito_client
from tests.integration.backoffice.pool import new_colleague, try_to_sign_in
from tests.journeys.conftest import PASSWORD

pytestmark = [
    pytest.mark.cognito,
    pytest.mark.dynamodb,
    pytest.mark.usefixtures("clock", "tables", "patient_dynamodb"),
]
WRONG = "Wr0ng!pass"


@pytest.fixture
def clock(monkeypatch):
    """It is ten minutes past a full hour."""
    monkeypatch.setattr(limits, "time", SimpleNamespace(time=lambda: 1_800_000_000 + 600))


@pytest.fixture(autouse=True)
def few(settings):
    settings.TRUSTED_PROXY_HOPS = 1
    settings.LIMIT_LOGIN_PER_ACCOUNT, settings.LIMIT_LOGIN_PER_ADDRESS = 10, 200


def address():
    return f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}::1"


def attempt(email, password=WRONG, *, at=None, **headers):
    return try_to_sign_in(email, password, **{"X-Forwarded-For": at or address(), **headers})


@pytest.mark.django_db(transaction=True)
def test_of_a_hundred_wrong_passwords_at_once_ten_are_looked_at_and_then_the_right_one_waits(monkeypatch):
    colleague = new_colleague("admin")
    looked_at = []
    ask = cognito_client().initiate_auth

    def counted(**sent):
        looked_at.append(1)
        return ask(**sent)

    monkeypatch.setattr(cognito_client(), "initiate_auth", counted)

    def one(_):
        try:
            return attempt(colleague.email).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as threads:
        statuses = Counter(threads.map(one, range(100)))

    assert statuses == {200: 10, 429: 90}
    assert len(looked_at) == 10
    assert attempt(colleague.email, PASSWORD).status_code == 429


@pytest.mark.django_db
def test_the_api_and_the_back_office_count_together(api):
    colleague = new_colleague("admin")
    for _ in range(6):
        body = {"email": colleague.email, "password": WRONG}
        assert api.send("POST", "/users/login", body, **{"X-Forwarded-For": address()}).status_code == 401
    assert [attempt(colleague.email.upper()).status_code for _ in range(4)] == [200] * 4

    assert attempt(colleague.email, PASSWORD).status_code == 429


@pytest.mark.django_db
def test_the_right_password_costs_nothing_and_one_without_a_role_costs_a_try():
    colleague, customer = new_colleague("support"), new_colleague()

    assert [attempt(colleague.email, PASSWORD).status_code for _ in range(12)] == [302] * 12
    assert [attempt(customer.email, PASSWORD).status_code for _ in range(11)] == [200] * 10 + [429]


@pytest.mark.django_db
def test_a_person_reads_on_the_sign_in_page_when_to_come_back(settings, events):
    settings.LIMIT_LOGIN_PER_ACCOUNT = 1
    colleague = new_colleague("admin")
    attempt(colleague.email)

    page = attempt(colleague.email, Accept="text/html")
    problem = attempt(colleague.email)

    assert (page.status_code, page["Retry-After"]) == (429, "300")
    (words,) = page.context["form"].non_field_errors()
    assert words.startswith("Too many requests of this kind. Try again in 5 minutes, at ")
    assert words.endswith(" UTC.")
    assert words in page.content.decode()
    assert PASSWORD not in page.content.decode()
    assert (problem.status_code, json.loads(problem.content)["code"]) == (429, "too_many_requests")
    assert len(events()) == 1  # what is not looked at is in the server's log alone

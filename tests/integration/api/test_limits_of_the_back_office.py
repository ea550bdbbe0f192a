"""How often one may try a password of the back office: by account, however its name is written, and by address."""

import json
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from shop import limits

pytestmark = [
    pytest.mark.dynamodb,
    pytest.mark.django_db,
    pytest.mark.usefixtures("tables", "patient_dynamodb"),
]

GOOD, WRONG = "Str0ng!pass", "Wr0ng!pass"
NOON = 1_800_014_400  # the start of an hour


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A clock that stands ten minutes after noon."""
    monkeypatch.setattr(limits, "time", SimpleNamespace(time=lambda: NOON + 600))


@pytest.fixture(autouse=True)
def few(settings):
    """Three tries for an account, five for an address; passwords are hashed in no time."""
    settings.TRUSTED_PROXY_HOPS = 1
    settings.LIMIT_LOGIN_PER_ACCOUNT, settings.LIMIT_LOGIN_PER_ADDRESS = 3, 5
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def name():
    """The name of a member of staff whom no limit has met yet."""
    name = f"staff-{uuid4().hex[:12]}"
    get_user_model().objects.create_superuser(name, f"{name}@example.com", GOOD)
    return name


def address():
    return f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}::1"


def sign_in(name, password, *, at=None):
    form = {"username": name, "password": password, "next": "/admin/"}
    return Client().post("/admin/login/", form, headers={"X-Forwarded-For": at or address()})


def assert_refused(response):
    assert response.status_code == 429
    assert response["Content-Type"] == "application/problem+json"
    assert response["Retry-After"] == "300"
    assert json.loads(response.content)["code"] == "too_many_requests"
    assert not response.cookies


def test_past_the_limit_even_the_right_password_waits_from_wherever_it_comes(name):
    assert [sign_in(name, WRONG).status_code for _ in range(3)] == [200] * 3

    assert_refused(sign_in(name, WRONG))
    assert_refused(sign_in(name, GOOD))


def test_the_right_password_costs_nothing(name):
    assert [sign_in(name, WRONG).status_code for _ in range(2)] == [200] * 2
    assert [sign_in(name, GOOD).status_code for _ in range(4)] == [302] * 4
    assert sign_in(name, WRONG).status_code == 200
    assert_refused(sign_in(name, WRONG))


@pytest.mark.mysql
def test_a_name_that_the_database_takes_for_another_is_counted_as_that_one(name):
    variants = [name.upper(), name.replace("s", "ś", 1), name.replace("f", "ｆ")]
    assert [sign_in(variant, WRONG).status_code for variant in variants] == [200] * 3

    assert_refused(sign_in(name, WRONG))


def test_many_names_from_one_address_are_refused_too(name):
    at = address()
    assert [sign_in(uuid4().hex, WRONG, at=at).status_code for _ in range(5)] == [200] * 5

    assert_refused(sign_in(name, GOOD, at=at))
    assert sign_in(name, GOOD).status_code == 302


def test_a_name_that_nobody_has_is_refused_alike():
    nobody = uuid4().hex
    assert [sign_in(nobody, WRONG).status_code for _ in range(3)] == [200] * 3

    assert_refused(sign_in(nobody.upper(), WRONG))


def test_a_form_that_is_not_filled_in_counts_nothing(name):
    assert [sign_in(name, "").status_code for _ in range(4)] == [200] * 4

    assert sign_in(name, GOOD).status_code == 302


def test_counters_that_do_not_answer_let_nobody_in(name, settings, monkeypatch):
    def silent(*_args, **_options):
        raise limits.LimitsUnavailable("No answer came in time; try again.")

    monkeypatch.setattr("users.limits.spend", silent)

    response = sign_in(name, GOOD)
    assert (response.status_code, json.loads(response.content)["code"]) == (503, "limits_unavailable")
    assert not response.cookies

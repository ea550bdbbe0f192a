"""``manage.py make_admin``: the first administrator, on a real user pool (ministack's)."""

import io
from uuid import uuid4

import pytest
from django.conf import settings as configured
from django.core.management import CommandError, call_command

from shop.aws import cognito_client
from tests.journeys.conftest import PASSWORD, make_account

pytestmark = pytest.mark.cognito
RESET_CODE = "654321"  # the code that ministack always sends


@pytest.fixture
def email():
    return f"{uuid4().hex}@example.com"


def make(email):
    out = io.StringIO()
    call_command("make_admin", email, stdout=out)
    return out.getvalue()


def groups(email):
    answer = cognito_client().admin_list_groups_for_user(
        UserPoolId=configured.COGNITO_USER_POOL_ID, Username=email
    )
    return [group["GroupName"] for group in answer["Groups"]]


def test_an_account_becomes_an_administrators_and_keeps_its_password(email, api):
    make_account(email)

    assert make(email) == f"{email}: the account is an administrator's now\n"
    assert groups(email) == ["admin"]
    assert api.send("POST", "/users/login", {"email": email, "password": PASSWORD}).status_code == 200


def test_doing_it_twice_does_no_harm(email):
    make_account(email)
    make(email)

    make(email)

    assert groups(email) == ["admin"]


def test_somebody_new_is_invited_and_chooses_the_password(email, api):
    assert "a code was sent" in make(email)
    assert groups(email) == ["admin"]

    chosen = {"email": email, "code": RESET_CODE, "password": "Ch0sen!by-me"}
    assert api.send("POST", "/users/reset-password", chosen).status_code == 200
    answer = api.send("POST", "/users/login", {"email": email, "password": "Ch0sen!by-me"})
    assert answer.status_code == 200, answer.content


def test_what_is_no_address_is_refused():
    with pytest.raises(CommandError, match="'ann' is no e-mail address"):
        make("ann")


def test_a_group_that_is_missing_is_one_clear_line(email, settings):
    make_account(email)
    settings.COGNITO_ADMIN_GROUP = "nobody-made-it"

    with pytest.raises(CommandError, match=r"^Cognito refused: ResourceNotFoundException: "):
        make(email)


def test_a_pool_that_does_not_answer_is_one_clear_line(email, monkeypatch):
    from botocore.exceptions import EndpointConnectionError

    def fail(**_):
        raise EndpointConnectionError(endpoint_url="https://cognito")

    monkeypatch.setattr(cognito_client(), "admin_get_user", fail)

    with pytest.raises(CommandError, match="Cognito could not be asked"):
        make(email)

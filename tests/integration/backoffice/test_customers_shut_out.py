"""Customers and colleagues shut out and let in by the back office; and who may never be."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from botocore.exceptions import EndpointConnectionError
from django.conf import settings as configured
from django.contrib.admin.models import LogEntry
from django.db import OperationalError, connections

from shop.aws import cognito_client
from tests.integration.backoffice.pool import new_colleague, signed_in
from tests.journeys.conftest import PASSWORD
from tests.tokens import SUB
from users import customers, directory
from users.disabled import disabled_list
from users.models import DisabledCustomer, StaffMember
from users.tokens import Claims

pytestmark = [
    pytest.mark.cognito,
    pytest.mark.django_db,
    pytest.mark.dynamodb,
    pytest.mark.usefixtures("tables"),
]
DISABLE, ENABLE = "/admin/customers/disable/", "/admin/customers/enable/"


def act(client, page, colleague, why="they asked for it"):
    """Send the form; return what the page after it says."""
    answer = client.post(page, {"sub": colleague.sub, "why": why}, follow=True)
    assert answer.status_code == 200
    return [str(message) for message in answer.context["messages"]]


def test_a_disabled_customer_is_out_everywhere_and_an_enabled_one_may_come_back(admin, api, customer, events):
    login = {"email": customer.email, "password": PASSWORD}
    tokens = api.send("POST", "/users/login", login).json()
    bearer = {"Authorization": f"Bearer {tokens['accessToken']}"}
    assert api.send("GET", "/users/me", **bearer).status_code == 200

    assert act(admin, DISABLE, customer) == ["The account is disabled, and signed out everywhere."]

    assert not customer.is_enabled()
    assert api.send("POST", "/users/login", login).status_code == 401
    refresh = {"refreshToken": tokens["refreshToken"]}
    assert api.send("POST", "/users/refresh", refresh).status_code == 401
    assert api.send("GET", "/users/me", **bearer).status_code == 401
    entry = LogEntry.objects.get(object_id=customer.sub)
    assert entry.change_message.endswith("signed out everywhere. Reason: they asked for it")
    assert events()[0] == ("acted", "admin-1", entry.change_message)

    assert act(admin, ENABLE, customer) == ["The account is enabled."]
    assert customer.is_enabled()
    assert api.send("POST", "/users/login", login).status_code == 200


def test_a_token_that_was_issued_before_is_refused_within_seconds_and_a_later_one_is_not(
    admin, api, customer, settings, monkeypatch
):
    settings.DISABLED_CHECK_SECONDS = settings.REQUIRE_AUTH = 1
    now = [time.monotonic()]
    monkeypatch.setattr("users.disabled.time.monotonic", lambda: now[0])
    monkeypatch.setattr(disabled_list, "_since", {})
    monkeypatch.setattr(disabled_list, "_next_look", 0.0)
    login = {"email": customer.email, "password": PASSWORD}

    def orders(token):
        return api.send("GET", "/orders", Authorization=f"Bearer {token}").status_code

    before = api.send("POST", "/users/login", login).json()["accessToken"]
    assert orders(before) == 200
    act(admin, DISABLE, customer)
    assert orders(before) == 200  # the list is a second old at most
    now[0] += 1
    assert orders(before) == 401

    act(admin, ENABLE, customer)
    DisabledCustomer.objects.filter(pk=customer.sub).update(since="2026-01-01T00:00:00Z")
    now[0] += 1
    assert orders(api.send("POST", "/users/login", login).json()["accessToken"]) == 200


def test_the_list_of_the_disabled_is_kept_while_mysql_is_silent(settings, monkeypatch):
    settings.DISABLED_CHECK_SECONDS = 10
    claims = Claims(
        sub=SUB,
        groups=frozenset(),
        client_id="c",
        username=SUB,
        issued_at=100,
        expires_at=200,
        access_token="t",
    )
    monkeypatch.setattr(disabled_list, "_since", {SUB: 100.5})
    monkeypatch.setattr(disabled_list, "_next_look", 0.0)
    monkeypatch.setattr("users.disabled._table", lambda: (_ for _ in ()).throw(OperationalError("gone away")))

    assert disabled_list.names(claims)
    assert disabled_list.names(claims)  # and is not asked for again at once


def test_twice_is_once(admin, customer):
    act(admin, DISABLE, customer)

    assert act(admin, DISABLE, customer) == ["The account is disabled, and signed out everywhere."]
    assert not customer.is_enabled()
    act(admin, ENABLE, customer)
    assert act(admin, ENABLE, customer) == ["The account is enabled."]


def test_without_a_reason_nothing_is_done(admin, customer):
    assert admin.post(DISABLE, {"sub": customer.sub, "why": " "}).status_code == 200
    assert admin.get(f"{DISABLE}?sub={customer.sub}").status_code == 200
    assert customer.is_enabled()


def test_support_shuts_nobody_out(support, customer):
    assert support.post(DISABLE, {"sub": customer.sub, "why": "because"}).status_code == 403
    assert support.post(ENABLE, {"sub": customer.sub, "why": "because"}).status_code == 403
    assert customer.is_enabled()


def test_while_cognito_is_silent_nothing_is_done(admin, customer, silence, events):
    answer = admin.post(DISABLE, {"sub": customer.sub, "why": "because"})

    assert "nothing was done" in answer.content.decode()
    assert events() == []


def test_an_answer_that_is_lost_is_told_as_what_it_is(admin, customer, monkeypatch):
    def lose(**_):
        raise EndpointConnectionError(endpoint_url="https://cognito")

    monkeypatch.setattr(cognito_client(), "admin_user_global_sign_out", lose)

    assert act(admin, DISABLE, customer)[0].startswith("It may or may not be done:")
    entry = LogEntry.objects.get(object_id=customer.sub)
    assert "may or may not" in entry.change_message
    assert not customer.is_enabled()
    # The first half was done, and the page offers only the way back: no token counts all the same.
    assert DisabledCustomer.objects.filter(pk=customer.sub).exists()


def test_nobody_shuts_themselves_out():
    me, _other = new_colleague("admin"), new_colleague("admin")
    client = signed_in(me)

    assert act(client, DISABLE, me) == ["Not done. This is your own account; ask a colleague."]
    assert me.is_enabled()


@pytest.fixture
def own_group(settings):
    """A group of administrators of this test's own: the pool has others."""
    settings.COGNITO_ADMIN_GROUP = f"admins-{time.monotonic_ns()}"
    cognito_client().create_group(
        UserPoolId=configured.COGNITO_USER_POOL_ID, GroupName=settings.COGNITO_ADMIN_GROUP
    )
    return settings.COGNITO_ADMIN_GROUP


def test_the_last_administrator_is_not_shut_out_and_a_disabled_one_is_no_other(admin, own_group):
    last, out = new_colleague(own_group), new_colleague(own_group)
    out.disable()

    assert act(admin, DISABLE, last) == ["Not done. This is the last administrator; make another one first."]
    assert last.is_enabled()
    new_colleague(own_group)
    assert act(admin, DISABLE, last) == ["The account is disabled, and signed out everywhere."]


def test_a_member_of_staff_who_is_shut_out_loses_the_session_at_once(admin):
    new_colleague("admin")
    colleague = new_colleague("admin")
    client = signed_in(colleague)

    act(admin, DISABLE, colleague)

    assert client.get("/admin/customers/").status_code == 302
    member = StaffMember.objects.get(pk=colleague.sub)
    assert (member.user.is_staff, member.user.groups.count()) == (False, 0)


@pytest.mark.mysql
@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_shut_each_other_out_at_the_same_moment_leave_one(own_group):
    pair = [new_colleague(own_group), new_colleague(own_group)]
    for colleague in pair:
        signed_in(colleague)
    users = [StaffMember.objects.get(pk=colleague.sub).user for colleague in pair]
    accounts = [directory.find_account(colleague.sub) for colleague in pair]
    together = Barrier(2)

    def shut_out(number):
        together.wait()
        try:
            customers.disable(accounts[number], by=users[1 - number])
        except customers.NotAllowed:
            return "refused"
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(2) as threads:
        outcomes = sorted(threads.map(shut_out, (0, 1)))

    assert outcomes == ["done", "refused"]
    assert sorted(colleague.is_enabled() for colleague in pair) == [False, True]

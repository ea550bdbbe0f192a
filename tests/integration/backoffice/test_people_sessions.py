"""A session of the back office follows the pool: it ends when access is taken away, and waits where nobody can tell."""

import json
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from shop.aws import cognito_client
from tests.integration.backoffice.pool import new_colleague, signed_in, try_to_sign_in
from users import staff, staff_session
from users.models import StaffMember
from users.staff_session import ASK_EVERY_SECONDS, BELIEVE_SECONDS, LONGEST_SECONDS, TRY_EVERY_SECONDS

pytestmark = [pytest.mark.cognito, pytest.mark.django_db, pytest.mark.dynamodb]
PAGE = "/admin/orders/retry/"  # for admin and support, without a call to anything but MySQL
SHIP = "/admin/orders/ship/"  # for admin alone


@pytest.fixture
def time(monkeypatch):
    """The sessions' clock."""
    clock = SimpleNamespace(now=staff_session._now())
    monkeypatch.setattr(staff_session, "_now", lambda: clock.now)
    return clock


@pytest.fixture
def asked():
    """What the pool is asked from now on."""
    sent = []
    events = cognito_client().meta.events

    def note(event_name, **_):
        sent.append(event_name.rpartition(".")[2])

    events.register("before-send.cognito-identity-provider", note)
    yield sent
    events.unregister("before-send.cognito-identity-provider", note)


@pytest.fixture
def silence():
    """Let the pool answer nothing, until it is lifted."""
    events = cognito_client().meta.events

    def cut(**_):
        raise EndpointConnectionError(endpoint_url="https://cognito")

    yield SimpleNamespace(
        begin=lambda: events.register_first("before-send.cognito-identity-provider", cut),
        end=lambda: events.unregister("before-send.cognito-identity-provider", cut),
    )
    events.unregister("before-send.cognito-identity-provider", cut)


def assert_signed_out(answer, why):
    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/?next=/admin/")
    page = answer.wsgi_request._messages
    assert [str(message) for message in page] == [f"You were signed out: {why}."]


def test_the_pool_is_asked_every_few_minutes_and_not_more_often(time, asked):
    client = signed_in(new_colleague("support"))
    asked.clear()

    time.now += ASK_EVERY_SECONDS - 1
    assert client.get(PAGE).status_code == 200
    assert asked == []
    time.now += 1
    assert [client.get(PAGE).status_code for _ in range(3)] == [200] * 3
    assert asked == ["AdminGetUser", "AdminListGroupsForUser"]
    time.now += ASK_EVERY_SECONDS
    client.get(PAGE)
    assert len(asked) == 4


def test_a_disabled_account_loses_its_session_within_minutes(time, events):
    colleague = new_colleague("admin")
    client, other = signed_in(colleague), signed_in(colleague)
    colleague.disable()

    time.now += ASK_EVERY_SECONDS
    assert_signed_out(client.get(PAGE), "the account is disabled")

    assert client.get(PAGE).status_code == 302
    assert other.get(PAGE).status_code == 302  # at once, without being asked for
    user = StaffMember.objects.get(pk=colleague.sub).user
    assert (user.is_staff, user.groups.count()) == (False, 0)
    assert events()[-1] == ("access_lost", colleague.email, "the account is disabled")


def test_a_deleted_account_loses_its_session(time):
    colleague = new_colleague("admin")
    client = signed_in(colleague)
    colleague.delete()

    time.now += ASK_EVERY_SECONDS
    assert_signed_out(client.get(PAGE), "the account is gone")


def test_a_new_account_of_the_same_address_does_not_inherit_the_session(time):
    colleague = new_colleague("admin")
    client = signed_in(colleague)
    StaffMember.objects.filter(pk=colleague.sub).update(username=colleague.email)
    colleague.delete()
    new_colleague("admin", email=colleague.email)

    time.now += ASK_EVERY_SECONDS
    assert_signed_out(client.get(PAGE), "the account is gone")


def test_who_leaves_all_groups_loses_the_session_and_who_changes_them_goes_on_with_the_new_rights(
    time, events
):
    colleague = new_colleague("admin")
    client = signed_in(colleague)
    assert client.get(SHIP).status_code == 200
    colleague.join("support")
    colleague.leave("admin")

    time.now += ASK_EVERY_SECONDS
    assert client.get(SHIP).status_code == 403
    assert client.get(PAGE).status_code == 200
    assert events()[-1] == ("role_changed", colleague.email, "now support")

    colleague.leave("support")
    time.now += ASK_EVERY_SECONDS
    assert_signed_out(client.get(PAGE), "no role any more")


def test_without_an_answer_a_session_goes_on_for_a_while_then_waits_and_goes_on_with_the_next_answer(
    time, silence, events
):
    client = signed_in(new_colleague("support"))
    silence.begin()

    time.now += BELIEVE_SECONDS - 1
    assert client.get(PAGE).status_code == 200
    time.now += 1
    waiting = client.get(PAGE)

    assert waiting.status_code == 503
    assert waiting["Retry-After"] == str(TRY_EVERY_SECONDS)
    assert json.loads(waiting.content)["code"] == "identity_unavailable"
    page = client.get(PAGE, headers={"Accept": "text/html"})
    assert (page.status_code, page["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert "Your session waits" in page.content.decode()
    silence.end()
    assert client.get(PAGE).status_code == 503  # not asked again so soon
    time.now += TRY_EVERY_SECONDS
    assert client.get(PAGE).status_code == 200
    assert [kind for kind, _, _ in events()] == ["signed_in"]


def test_while_there_is_no_answer_the_pool_is_asked_twice_a_minute_at_most(time, silence, monkeypatch):
    client = signed_in(new_colleague("support"))
    silence.begin()
    tries = []
    ask = staff.look_again

    def counted(member):
        tries.append(member)
        return ask(member)

    monkeypatch.setattr(staff, "look_again", counted)

    time.now += ASK_EVERY_SECONDS
    assert [client.get(PAGE).status_code for _ in range(3)] == [200] * 3
    assert len(tries) == 1
    time.now += TRY_EVERY_SECONDS
    assert client.get(PAGE).status_code == 200
    assert len(tries) == 2


def test_a_pool_that_refuses_to_tell_is_one_that_does_not_answer(time, monkeypatch):
    """A task without the right to ask must not keep anybody in."""
    client = signed_in(new_colleague("support"))

    def refuse(**_):
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "AdminGetUser")

    monkeypatch.setattr(cognito_client(), "admin_get_user", refuse)
    time.now += BELIEVE_SECONDS

    assert client.get(PAGE).status_code == 503


def test_one_can_sign_out_while_the_pool_is_silent(time, silence):
    client = signed_in(new_colleague("support"))
    silence.begin()
    time.now += BELIEVE_SECONDS

    assert client.post("/admin/logout/").status_code == 302
    assert client.get(PAGE).status_code == 302


def test_nobody_signs_in_while_the_pool_is_silent(silence):
    colleague = new_colleague("admin")
    silence.begin()

    answer = try_to_sign_in(colleague.email)

    assert (answer.status_code, json.loads(answer.content)["code"]) == (503, "identity_unavailable")
    assert not StaffMember.objects.filter(pk=colleague.sub).exists()


def test_a_busy_session_ends_after_ten_hours_of_the_pools_and_of_local_accounts(time):
    User.objects.create_superuser("root", "", "another Str0ng!pass")
    local = Client()
    assert try_to_sign_in("root", "another Str0ng!pass", client=local).status_code == 302
    clients = [signed_in(new_colleague("admin")), local]
    end = time.now + LONGEST_SECONDS

    while time.now < end - ASK_EVERY_SECONDS:
        time.now += 20 * ASK_EVERY_SECONDS - 1
        assert [client.get(PAGE).status_code for client in clients] == [200, 200]
    time.now = end

    for client in clients:
        assert_signed_out(client.get(PAGE), "the session was too long")


def test_a_clock_that_is_a_little_behind_signs_nobody_out(time):
    client = signed_in(new_colleague("support"))

    time.now -= 5

    assert client.get(PAGE).status_code == 200


def test_an_idle_session_is_over_after_an_hour_and_a_used_one_later(time, settings):
    client = signed_in(new_colleague("admin"))
    assert client.session.get_expiry_age() == settings.SESSION_COOKIE_AGE == 3600
    kept = Session.objects.filter(pk=client.session.session_key)
    before = kept.get().expire_date

    client.get(PAGE)
    assert kept.get().expire_date == before
    time.now += ASK_EVERY_SECONDS
    client.get(PAGE)
    assert kept.get().expire_date > before


def test_a_session_of_the_pool_that_says_nothing_of_its_beginning_is_over():
    colleague = new_colleague("admin")
    signed_in(colleague)
    forged = Client()
    forged.force_login(StaffMember.objects.get(pk=colleague.sub).user)

    assert_signed_out(forged.get(PAGE), "the session has no beginning")

"""Staff sign in with their account of the pool: who gets in, as what, under which name, and how others are refused."""

import pytest
from django.conf import settings as configured
from django.contrib.auth.models import Group, User
from django.test import Client

from shop.aws import cognito_client
from tests.integration.backoffice.pool import new_colleague, signed_in, try_to_sign_in
from tests.journeys.conftest import PASSWORD
from users.back_office import CHALLENGED, NOT_LET_IN, RESET_NEEDED
from users.cognito import _secret_hash
from users.models import StaffMember

pytestmark = [pytest.mark.cognito, pytest.mark.django_db, pytest.mark.dynamodb]

WRONG = "wrong address or password, or disabled"


def roles(client):
    user = User.objects.get(pk=client.session["_auth_user_id"])
    return sorted(user.groups.values_list("name", flat=True)), user.is_staff, user.is_superuser


def words_of(answer):
    """What the sign-in page complains of."""
    assert answer.status_code == 200
    return answer.context["form"].non_field_errors()


def user_of(colleague):
    return StaffMember.objects.get(pk=colleague.sub).user


@pytest.mark.parametrize(
    ("groups", "expected"),
    [(["admin"], ["admin"]), (["support"], ["support"]), (["admin", "support"], ["admin", "support"])],
)
def test_a_member_of_the_pools_group_is_staff_with_the_role_of_that_name(tables, events, groups, expected):
    colleague = new_colleague(*groups)

    client = signed_in(colleague)

    assert roles(client) == (expected, True, False)
    assert client.get("/admin/orders/order/").status_code == 200
    member = StaffMember.objects.get(pk=colleague.sub)
    assert member.user.username == member.user.email == colleague.email
    assert not member.user.has_usable_password()
    assert events() == [("signed_in", colleague.email, "")]


def test_the_address_may_be_written_in_other_letters_and_with_spaces_around():
    colleague = new_colleague("support")

    assert try_to_sign_in(f" {colleague.email.upper()} ").status_code == 302


def test_all_who_are_refused_read_the_same_words_whatever_the_reason(events):
    users = User.objects.count()
    customer, disabled, colleague = new_colleague(), new_colleague("admin"), new_colleague("admin")
    disabled.disable()
    unconfirmed = f"new-{customer.email}"
    cognito_client().sign_up(**_client(unconfirmed), Username=unconfirmed, Password=PASSWORD)

    answers = [
        try_to_sign_in(customer.email),
        try_to_sign_in(disabled.email),
        try_to_sign_in(unconfirmed),
        try_to_sign_in(colleague.email, "Wr0ng!pass"),
        try_to_sign_in(f"nobody-{customer.email}"),
        try_to_sign_in("nobody"),
    ]

    assert [words_of(answer) for answer in answers] == [[NOT_LET_IN]] * 6
    assert not any("sessionid" in answer.cookies for answer in answers)
    assert User.objects.count() == users
    masked = f"{customer.email[0]}***@example.com"
    assert events() == [
        ("refused", masked, "no role"),
        ("refused", f"{disabled.email[0]}***@example.com", WRONG),
        ("refused", "n***@example.com", "not confirmed"),
        ("refused", f"{colleague.email[0]}***@example.com", WRONG),
        ("refused", "n***@example.com", WRONG),
        ("refused", "an unknown name", "local account"),
    ]


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ann@example", PASSWORD),
        ("ann smith@example.com", PASSWORD),
        ("@", PASSWORD),
        ("ann@example.com", "x" * 257),
    ],
)
def test_what_the_pool_would_call_malformed_is_refused_without_asking_it(monkeypatch, events, name, password):
    asked = []
    monkeypatch.setattr(cognito_client(), "initiate_auth", lambda **call: asked.append(call))

    assert words_of(try_to_sign_in(name, password)) == [NOT_LET_IN]
    assert [why for _, _, why in events()] == ["no address, or no password of the pool's"]
    assert asked == []


def _client(email):
    return {"ClientId": configured.COGNITO_CLIENT_ID, **_secret_hash(email)}


def test_a_first_password_that_must_be_changed_is_told_to_who_knows_it(events):
    colleague = new_colleague("admin")
    cognito_client().admin_set_user_password(
        UserPoolId=configured.COGNITO_USER_POOL_ID, Username=colleague.sub, Password=PASSWORD, Permanent=False
    )

    assert words_of(try_to_sign_in(colleague.email)) == [CHALLENGED]
    assert words_of(try_to_sign_in(colleague.email, "Wr0ng!pass")) == [NOT_LET_IN]
    assert [why for _, _, why in events()] == ["a further step is needed", WRONG]


@pytest.mark.parametrize(
    "challenge", ["SOFTWARE_TOKEN_MFA", "SMS_MFA", "MFA_SETUP", "EMAIL_OTP", "SELECT_CHALLENGE"]
)
def test_a_second_factor_is_never_passed_over(monkeypatch, challenge):
    colleague = new_colleague("admin")
    answer = {"ChallengeName": challenge, "Session": "s", "ChallengeParameters": {}}
    monkeypatch.setattr(cognito_client(), "initiate_auth", lambda **_: answer)

    assert words_of(try_to_sign_in(colleague.email)) == [CHALLENGED]
    assert not StaffMember.objects.filter(pk=colleague.sub).exists()


def test_a_token_of_another_pool_lets_nobody_in(settings, events):
    settings.COGNITO_ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Other"
    colleague = new_colleague("admin")

    assert words_of(try_to_sign_in(colleague.email)) == [NOT_LET_IN]
    assert [why for _, _, why in events()] == ["its token does not count"]
    assert not StaffMember.objects.filter(pk=colleague.sub).exists()


def test_a_password_that_must_be_reset_is_told_to_who_knows_it():
    colleague = new_colleague("admin")
    cognito_client().admin_reset_user_password(
        UserPoolId=configured.COGNITO_USER_POOL_ID, Username=colleague.sub
    )

    assert words_of(try_to_sign_in(colleague.email)) == [RESET_NEEDED]


def test_roles_are_set_right_at_each_sign_in_and_nothing_set_by_hand_outlives_it():
    colleague = new_colleague("admin")
    signed_in(colleague)
    user = user_of(colleague)
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    colleague.leave("admin")
    colleague.join("support")

    client = signed_in(colleague)

    assert roles(client) == (["support"], True, False)
    assert user_of(colleague) == user


def test_whoever_left_every_group_is_refused_and_loses_the_old_sessions():
    colleague = new_colleague("admin")
    before = signed_in(colleague)
    colleague.leave("admin")

    assert words_of(try_to_sign_in(colleague.email)) == [NOT_LET_IN]

    assert before.get("/admin/").status_code == 302
    user = user_of(colleague)
    assert (user.is_staff, user.groups.count()) == (False, 0)


def test_a_superuser_of_the_same_name_is_not_taken_over():
    colleague = new_colleague("support")
    local = User.objects.create_superuser(colleague.email, colleague.email, "another Str0ng!pass")

    client = signed_in(colleague)

    assert roles(client) == (["support"], True, False)
    member = StaffMember.objects.get(pk=colleague.sub).user
    assert member != local
    assert member.username == f"{colleague.email} ({colleague.sub[:8]})"
    local.refresh_from_db()
    assert local.is_superuser
    assert local.check_password("another Str0ng!pass")


def test_a_local_password_is_never_tried_for_an_address():
    colleague = new_colleague()
    User.objects.create_superuser(colleague.email, colleague.email, "another Str0ng!pass")

    assert words_of(try_to_sign_in(colleague.email, "another Str0ng!pass")) == [NOT_LET_IN]
    assert words_of(try_to_sign_in(colleague.email)) == [NOT_LET_IN]


def test_an_account_keeps_its_user_when_its_address_changes_and_the_next_owner_of_the_address_gets_another():
    first = new_colleague("admin")
    signed_in(first)
    user = user_of(first)
    old = first.email
    first.rename(f"renamed-{old}")
    second = new_colleague("support", email=old)

    signed_in(second)
    assert try_to_sign_in(f"renamed-{old}").status_code == 302

    user.refresh_from_db()
    assert user.username == f"renamed-{old}"
    assert StaffMember.objects.get(pk=first.sub).user == user
    assert StaffMember.objects.get(pk=second.sub).user != user


def test_a_local_account_signs_in_where_it_may_and_nowhere_else(settings):
    User.objects.create_superuser("root", "", "another Str0ng!pass")
    client = Client()
    assert try_to_sign_in("root", "another Str0ng!pass", client=client).status_code == 302
    assert client.get("/admin/").status_code == 200

    settings.STAFF_LOCAL_ACCOUNTS = False

    assert client.get("/admin/").status_code == 302
    assert words_of(try_to_sign_in("root", "another Str0ng!pass")) == [NOT_LET_IN]


def test_the_session_holds_no_token_and_gets_a_new_key():
    client = Client()
    client.get("/admin/login/")
    session = client.session
    session["mark"] = 1
    session.save()
    before = str(session.session_key)
    colleague = new_colleague("admin")
    client.cookies["sessionid"] = before

    assert try_to_sign_in(colleague.email, client=client).status_code == 302

    assert client.session.session_key != before
    assert "eyJ" not in repr(dict(client.session.items()))
    assert 0 < client.session.get_expiry_age() <= 3600


def test_signing_out_ends_the_session_on_the_server(events):
    colleague = new_colleague("admin")
    client = signed_in(colleague)
    key = str(client.session.session_key)

    answer = client.post("/admin/logout/")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/login/")

    client.cookies["sessionid"] = key
    assert client.get("/admin/").status_code == 302
    assert [(kind, who) for kind, who, _ in events()] == [
        ("signed_in", colleague.email),
        ("signed_out", colleague.email),
    ]


def test_the_roles_groups_are_those_that_the_pools_groups_stand_for(settings):
    settings.COGNITO_ADMIN_GROUP = "bosses"
    colleague = new_colleague("admin")

    assert words_of(try_to_sign_in(colleague.email)) == [NOT_LET_IN]
    assert set(Group.objects.values_list("name", flat=True)) == {"admin", "support"}

"""What is sent to Cognito, and what its answers and refusals become. No Cognito takes part."""

import base64
import hashlib
import hmac

import pytest

from tests.tokens import CLIENT, SUB
from tests.unit.users.conftest import ANN, CALLER, CALLS, GOOD
from users import cognito
from users.accounts import Profile, SignedUp, Tokens
from users.errors import ChallengeRequired, EmailMissing, IdentityUnavailable, WeakPassword

# base64(HMAC-SHA256(key=secret, message=e-mail + client id)), as Cognito's documentation has it
ANN_HASH = base64.b64encode(
    hmac.digest(b"a-secret-of-24-characters", f"{ANN}{CLIENT}".encode(), hashlib.sha256)
).decode()

USER = {
    "Username": SUB,
    "UserAttributes": [
        {"Name": "sub", "Value": SUB},
        {"Name": "email", "Value": "Ann@Example.com"},
        {"Name": "email_verified", "Value": "true"},
        {"Name": "name", "Value": "Ann"},
    ],
}
SIGNED_IN = {
    "AccessToken": "an-access-token",
    "IdToken": "an-id-token",
    "ExpiresIn": 900,
    "TokenType": "Bearer",
}


@pytest.fixture(params=["", "a-secret-of-24-characters"], ids=["no secret", "with secret"])
def secret_hash(request, settings):
    """What the calls of an app client without and with a secret carry."""
    settings.COGNITO_CLIENT_SECRET = request.param
    return {"SecretHash": ANN_HASH} if request.param else {}


# ---- What is sent, and what it becomes ---------------------------------------------------------------------


def test_signing_up_sends_address_and_name(pool, secret_hash):
    sent = {
        "ClientId": CLIENT,
        "Username": ANN,
        "Password": GOOD,
        "UserAttributes": [{"Name": "email", "Value": ANN}, {"Name": "name", "Value": "Ann"}],
        **secret_hash,
    }
    pool.add_response("sign_up", {"UserSub": SUB, "UserConfirmed": False}, sent)

    assert CALLS["sign_up"]() == SignedUp(sub=SUB, confirmed=False)


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("confirm_sign_up", {"ConfirmationCode": "123456"}),
        ("resend_confirmation_code", {}),
        ("forgot_password", {}),
        ("confirm_forgot_password", {"ConfirmationCode": "654321", "Password": GOOD}),
    ],
)
def test_calls_with_codes_name_the_address(pool, secret_hash, operation, more):
    pool.add_response(operation, {}, {"ClientId": CLIENT, "Username": ANN, **more, **secret_hash})

    assert CALLS[operation]() is None


def test_signing_in_sends_the_password_and_returns_tokens(pool, secret_hash):
    parameters = {"USERNAME": ANN, "PASSWORD": GOOD}
    if secret_hash:
        parameters["SECRET_HASH"] = secret_hash["SecretHash"]
    pool.add_response(
        "initiate_auth",
        {"AuthenticationResult": {**SIGNED_IN, "RefreshToken": "refresh-me"}},
        {"ClientId": CLIENT, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters},
    )

    assert CALLS["initiate_auth"]() == Tokens(
        access_token="an-access-token", id_token="an-id-token", refresh_token="refresh-me", expires_in=900
    )


@pytest.mark.parametrize("challenge", ["NEW_PASSWORD_REQUIRED", "SOFTWARE_TOKEN_MFA"])
def test_an_account_that_needs_more_than_a_password_is_told_so(pool, challenge):
    pool.add_response("initiate_auth", {"ChallengeName": challenge, "Session": "s" * 20})

    with pytest.raises(ChallengeRequired):
        CALLS["initiate_auth"]()


@pytest.mark.parametrize(
    ("answered", "in_force"), [({}, "refresh-me"), ({"RefreshToken": "rotated"}, "rotated")]
)
def test_refreshing_tells_which_refresh_token_is_in_force(pool, secret_hash, answered, in_force):
    sent = {"ClientId": CLIENT, "RefreshToken": "refresh-me"}
    if secret_hash:
        sent["ClientSecret"] = "a-secret-of-24-characters"  # itself, not a hash
    pool.add_response("get_tokens_from_refresh_token", {"AuthenticationResult": SIGNED_IN | answered}, sent)

    assert CALLS["get_tokens_from_refresh_token"]().refresh_token == in_force


def test_tokens_are_not_printed():
    tokens = Tokens(access_token="aaa", id_token="iii", refresh_token="rrr", expires_in=900)

    assert repr(tokens) == "Tokens(expires_in=900, token_type='Bearer')"


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("global_sign_out", {}),
        ("delete_user", {}),
        ("verify_user_attribute", {"AttributeName": "email", "Code": "123456"}),
        ("change_password", {"PreviousPassword": "old", "ProposedPassword": GOOD}),
        (
            "update_user_attributes",
            {"UserAttributes": [{"Name": "name", "Value": "Ann"}, {"Name": "email", "Value": ANN}]},
        ),
    ],
)
def test_calls_of_the_signed_in_user_carry_the_access_token(pool, operation, more):
    pool.add_response(operation, {}, {"AccessToken": "token", **more})

    assert CALLS[operation]() is None


def test_only_what_changes_is_sent(pool):
    sent = {"AccessToken": "token", "UserAttributes": [{"Name": "name", "Value": "Ann"}]}
    pool.add_response("update_user_attributes", {"CodeDeliveryDetailsList": []}, sent)

    cognito.update_profile(caller=CALLER, access_token="token", name="Ann", email=None)


@pytest.mark.parametrize(
    ("verified", "expected"), [([{"Name": "email_verified", "Value": "false"}], False), ([], True)]
)
def test_a_profile_is_read_whatever_is_missing(pool, verified, expected):
    pool.add_response("get_user", {"Username": SUB, "UserAttributes": verified}, {"AccessToken": "token"})

    assert CALLS["get_user"]() == Profile(sub=SUB, email="", name="", email_verified=expected)


def test_signing_out_twice_is_no_error(pool):
    pool.add_client_error("global_sign_out", "NotAuthorizedException", "Access Token has been revoked")

    assert CALLS["global_sign_out"]() is None


# ---- Weak passwords never reach Cognito --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: cognito.sign_up(email=ANN, password="weak", name="Ann"), "/password"),
        (lambda: cognito.reset_password(email=ANN, code="1", password="weak"), "/password"),
        (lambda: cognito.change_password(access_token="t", current=GOOD, new="weak"), "/newPassword"),
    ],
)
def test_a_weak_password_is_refused_before_cognito_is_asked(pool, call, field):
    with pytest.raises(WeakPassword) as refused:
        call()
    assert {(error.field, error.code) for error in refused.value.errors} == {
        (field, rule) for rule in ("min_length", "upper", "digit", "special")
    }


# ---- The e-mail address of a caller ------------------------------------------------------------------------


def test_an_address_is_asked_for_once(pool):
    pool.add_response("get_user", USER, {"AccessToken": "token"})

    assert [cognito.email_of(CALLER, "token") for _ in range(3)] == [ANN] * 3


@pytest.mark.parametrize("operation", ["update_user_attributes", "verify_user_attribute", "delete_user"])
def test_a_change_of_the_account_forgets_the_address(pool, operation):
    pool.add_response("get_user", USER)
    pool.add_response(operation, {})
    pool.add_response("get_user", USER)

    cognito.email_of(CALLER, "token")
    CALLS[operation]()
    assert cognito.email_of(CALLER, "token") == ANN


def test_an_account_without_address_is_told_to_name_one(pool):
    pool.add_response("get_user", {"Username": SUB, "UserAttributes": []})

    with pytest.raises(EmailMissing):
        cognito.email_of(CALLER, "token")


def test_a_failed_question_is_not_remembered(pool):
    pool.add_client_error("get_user", "InternalErrorException", "boom", http_status_code=500)
    pool.add_response("get_user", USER)

    with pytest.raises(IdentityUnavailable):
        cognito.email_of(CALLER, "token")
    assert cognito.email_of(CALLER, "token") == ANN

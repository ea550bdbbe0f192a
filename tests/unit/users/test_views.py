"""The room's calls over HTTP: exact shapes, and bodies that are refused before Cognito is asked."""

import pytest

from tests.tokens import NOW, SUB, make_token
from tests.unit.users.conftest import ANN, GOOD
from users import tokens

SIGNED_IN = {
    "AccessToken": "an-access-token",
    "IdToken": "an-id-token",
    "RefreshToken": "a-refresh-token",
    "ExpiresIn": 900,
    "TokenType": "Bearer",
}
WIRE_TOKENS = {
    "success": True,
    "accessToken": "an-access-token",
    "idToken": "an-id-token",
    "refreshToken": "a-refresh-token",
    "expiresIn": 900,
    "tokenType": "Bearer",
}
ME = {"userId": SUB, "email": ANN, "name": "Ann", "emailVerified": True, "groups": ["admin", "vip"]}


def user_in_cognito(email=ANN, verified="true"):
    attributes = {"sub": SUB, "email": email, "email_verified": verified, "name": "Ann"}
    return {
        "Username": SUB,
        "UserAttributes": [{"Name": name, "Value": value} for name, value in attributes.items()],
    }


@pytest.fixture
def bearer(pool_key, keys, monkeypatch):
    """The header of a signed-in member of two groups."""
    monkeypatch.setattr(tokens, "signing_keys", lambda: keys)
    monkeypatch.setattr("users.tokens.time.time", lambda: NOW)
    return {"Authorization": f"Bearer {make_token(pool_key, groups=['vip', 'admin'])}"}


def test_signing_up_answers_the_new_user(api, pool):
    pool.add_response("sign_up", {"UserSub": SUB, "UserConfirmed": False})

    response = api.send(
        "POST", "/users/signup", {"email": "ANN@Example.com", "password": GOOD, "name": "Ann"}
    )

    assert response.status_code == 201
    assert response.json() == {
        "success": True,
        "message": "Account created. Confirm the address with the code we sent: POST /users/confirm",
        "user": {"userId": SUB, "email": ANN, "name": "Ann", "confirmed": False},
    }


def test_signing_in_answers_the_tokens_which_nobody_may_keep(api, pool):
    pool.add_response("initiate_auth", {"AuthenticationResult": SIGNED_IN})

    response = api.send("POST", "/users/login", {"email": ANN, "password": GOOD})

    assert (response.status_code, response["Cache-Control"]) == (200, "no-store")
    assert response.json() == WIRE_TOKENS | {"message": "Login successful"}


def test_refreshing_answers_new_tokens(api, pool):
    pool.add_response("get_tokens_from_refresh_token", {"AuthenticationResult": SIGNED_IN})

    response = api.send("POST", "/users/refresh", {"refreshToken": "a-refresh-token"})

    assert response.json() == WIRE_TOKENS | {"message": "Tokens refreshed"}


def test_a_token_that_ran_out_does_not_stop_its_owner_from_signing_in(api, pool):
    pool.add_response("initiate_auth", {"AuthenticationResult": SIGNED_IN})

    response = api.send(
        "POST", "/users/login", {"email": ANN, "password": GOOD}, Authorization="Bearer ran-out"
    )

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/users/logout"),
        ("POST", "/users/change-password"),
        ("GET", "/users/me"),
        ("PATCH", "/users/me"),
        ("DELETE", "/users/me"),
        ("POST", "/users/me/confirm-email"),
    ],
)
@pytest.mark.parametrize("require_auth", [True, False])
def test_ones_own_account_needs_a_token_in_both_modes(api, settings, method, path, require_auth):
    settings.REQUIRE_AUTH = require_auth

    response = api.send(method, path, {})
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    assert response["WWW-Authenticate"] == 'Bearer error="invalid_request"'


def test_reading_ones_account(api, pool, bearer):
    pool.add_response("get_user", user_in_cognito())

    response = api.send("GET", "/users/me", **bearer)
    assert response.json() == {"success": True, "user": ME}
    assert response["Cache-Control"] == "no-store"


def test_a_new_name_counts_at_once(api, pool, bearer):
    pool.add_response("update_user_attributes", {"CodeDeliveryDetailsList": []})
    pool.add_response("get_user", user_in_cognito())

    response = api.send("PATCH", "/users/me", {"name": "Ann"}, **bearer)
    assert response.json() == {"success": True, "message": "Account updated", "user": ME}


def test_a_new_address_waits_for_its_code(api, pool, bearer):
    pool.add_response("update_user_attributes", {"CodeDeliveryDetailsList": [{"AttributeName": "email"}]})
    pool.add_response("get_user", user_in_cognito())

    response = api.send("PATCH", "/users/me", {"email": "New@Example.com"}, **bearer)
    assert response.json() == {
        "success": True,
        "message": "Confirm the new address with the code sent to it: POST /users/me/confirm-email",
        "user": ME,
        "pendingEmail": "new@example.com",
    }


def test_a_confirmed_new_address_counts(api, pool, bearer):
    pool.add_response("verify_user_attribute", {})
    pool.add_response("get_user", user_in_cognito(email="new@example.com"))

    response = api.send("POST", "/users/me/confirm-email", {"code": "123456"}, **bearer)
    assert response.json() == {
        "success": True,
        "message": "Address confirmed",
        "user": ME | {"email": "new@example.com"},
    }


def test_a_throttled_call_says_when_to_come_back(api, pool):
    pool.add_client_error("initiate_auth", "TooManyRequestsException", "Rate exceeded")

    response = api.send("POST", "/users/login", {"email": ANN, "password": GOOD})
    assert (response.status_code, response.json()["code"]) == (429, "too_many_requests")
    assert response["Retry-After"] == "30"


@pytest.mark.parametrize(
    ("path", "body", "field", "code"),
    [
        ("/users/signup", {"email": "nobody", "password": GOOD, "name": "Ann"}, "/email", "invalid"),
        ("/users/signup", {"email": ANN, "password": GOOD, "name": " "}, "/name", "blank"),
        ("/users/signup", {"email": ANN, "password": GOOD, "name": "a" * 201}, "/name", "max_length"),
        ("/users/signup", {"email": ANN, "password": GOOD, "name": 5}, "/name", "invalid"),
        ("/users/signup", {"email": ANN, "password": 12345678, "name": "Ann"}, "/password", "invalid"),
        ("/users/signup", {"email": ANN, "password": "Aa1!" * 65, "name": "Ann"}, "/password", "max_length"),
        ("/users/signup", {"email": ANN, "name": "Ann"}, "/password", "required"),
        ("/users/signup", {"email": ANN, "password": GOOD, "name": "A", "groups": []}, "/groups", "unknown_field"),
        ("/users/login", {"email": f"{'a' * 250}@example.com", "password": GOOD}, "/email", "max_length"),
        ("/users/login", {"email": ANN, "password": None}, "/password", "null"),
        ("/users/confirm", {"email": ANN, "code": "12 34"}, "/code", "invalid"),
        ("/users/confirm", {"email": ANN, "code": "12\x1f34"}, "/code", "invalid"),
        ("/users/confirm", {"email": ANN, "code": "１２３"}, "/code", "invalid"),
        ("/users/confirm", {"email": ANN, "code": 123456}, "/code", "invalid"),
        ("/users/confirm", {"email": ANN, "code": "1" * 65}, "/code", "max_length"),
        ("/users/refresh", {"refreshToken": "a b"}, "/refreshToken", "invalid"),
        ("/users/refresh", {"refreshToken": 5}, "/refreshToken", "invalid"),
        ("/users/refresh", {"refreshToken": "t" * 8193}, "/refreshToken", "max_length"),
        ("/users/forgot-password", {}, "/email", "required"),
        ("/users/reset-password", {"email": ANN, "password": GOOD}, "/code", "required"),
    ],
)  # fmt: skip
def test_a_faulty_body_is_refused_before_cognito_is_asked(api, pool, path, body, field, code):
    response = api.send("POST", path, body)

    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"email": None}, {"userId": SUB}, {"groups": ["admin"]}])
def test_a_change_of_nothing_or_of_what_is_not_ones_own_is_refused(api, pool, bearer, body):
    assert api.send("PATCH", "/users/me", body, **bearer).status_code == 400


@pytest.mark.parametrize(
    ("path", "body", "operation", "status", "message"),
    [
        (
            "/users/confirm",
            {"email": ANN, "code": "123456"},
            "confirm_sign_up",
            200,
            "Address confirmed. Sign in with POST /users/login",
        ),
        (
            "/users/resend-code",
            {"email": ANN},
            "resend_confirmation_code",
            202,
            "If an account waits for its code, a new one is on its way.",
        ),
        (
            "/users/forgot-password",
            {"email": ANN},
            "forgot_password",
            202,
            "If the account exists, a code is on its way: POST /users/reset-password",
        ),
        (
            "/users/reset-password",
            {"email": ANN, "code": "654321", "password": GOOD},
            "confirm_forgot_password",
            200,
            "Password changed. Sign in with POST /users/login",
        ),
    ],
)
def test_a_call_without_a_token_that_is_done_says_what_comes_next(
    api, pool, path, body, operation, status, message
):
    pool.add_response(operation, {})

    response = api.send("POST", path, body)
    assert (response.status_code, response.json()) == (status, {"success": True, "message": message})


@pytest.mark.parametrize(
    ("method", "path", "body", "operation", "message"),
    [
        ("POST", "/users/logout", None, "global_sign_out", "Logged out"),
        ("DELETE", "/users/me", None, "delete_user", "Account deleted"),
        (
            "POST",
            "/users/change-password",
            {"currentPassword": "old", "newPassword": GOOD},
            "change_password",
            "Password changed",
        ),
    ],
)
def test_a_call_of_the_signed_in_user_that_is_done_says_so(
    api, pool, bearer, method, path, body, operation, message
):
    pool.add_response(operation, {})

    response = api.send(method, path, body, **bearer)
    assert (response.status_code, response.json()) == (200, {"success": True, "message": message})

"""A customer's life against a real user pool (ministack's): with an app client that has a secret, and with one that has none."""

from uuid import uuid4

import pytest
from django.conf import settings as configured

from shop.aws import cognito_client
from users import cognito
from users.callers import Caller
from users.jwks import jwks_ready
from users.tokens import verify_access_token

pytestmark = pytest.mark.cognito

SIGN_UP_CODE = "123456"  # the codes that ministack always sends
RESET_CODE = "654321"
PASSWORD = "Str0ng!pass"
NEWER = "Ev3n-stronger"
NEWEST = "The,str0ngest"


@pytest.fixture(scope="module")
def public_client_id():
    """A second app client of the same pool, without a secret."""
    answer = cognito_client().create_user_pool_client(
        UserPoolId=configured.COGNITO_USER_POOL_ID,
        ClientName="without-secret",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        PreventUserExistenceErrors="ENABLED",
        EnableTokenRevocation=True,
        AccessTokenValidity=15,
        TokenValidityUnits={"AccessToken": "minutes"},
    )
    return answer["UserPoolClient"]["ClientId"]


@pytest.fixture(params=["with secret", "without secret"])
def shop(request, settings, api):
    """The shop's API, configured with one kind of app client."""
    if request.param == "without secret":
        settings.COGNITO_CLIENT_ID = request.getfixturevalue("public_client_id")
        settings.COGNITO_CLIENT_SECRET = ""
    return Shop(api)


class Shop:
    """Calls with a token, and without."""

    def __init__(self, api):
        self.api = api
        self.token = None

    def call(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.api.send(method, path, body, **headers)

    def post(self, path, **body):
        return self.call("POST", path, body)

    def sign_in(self, email, password=PASSWORD):
        tokens = self.post("/users/login", email=email, password=password).json()
        self.token = tokens["accessToken"]
        return tokens


@pytest.fixture
def email():
    return f"ann-{uuid4().hex[:12]}@example.com"


@pytest.fixture
def ann(shop, email):
    """A confirmed customer's address."""
    assert shop.post("/users/signup", email=email, password=PASSWORD, name="Ann").status_code == 201
    assert shop.post("/users/confirm", email=email, code=SIGN_UP_CODE).status_code == 200
    return email


def code_of(response):
    return response.status_code, response.json().get("code")


def test_signing_up_confirming_and_signing_in(shop, email):
    signed_up = shop.post("/users/signup", email=email.upper(), password=PASSWORD, name="Ann")
    user = signed_up.json()["user"]
    assert signed_up.status_code == 201
    assert user == {"userId": user["userId"], "email": email, "name": "Ann", "confirmed": False}

    assert code_of(shop.post("/users/signup", email=email, password=PASSWORD, name="Ann")) == (
        409,
        "email_taken",
    )
    assert code_of(shop.post("/users/login", email=email, password=PASSWORD)) == (403, "user_not_confirmed")
    assert code_of(shop.post("/users/confirm", email=email, code="000000")) == (400, "code_mismatch")
    assert shop.post("/users/resend-code", email=email).status_code == 202
    assert shop.post("/users/confirm", email=email, code=SIGN_UP_CODE).json()["success"] is True
    assert code_of(shop.post("/users/confirm", email=email, code=SIGN_UP_CODE)) == (400, "code_expired")

    answer = shop.post("/users/login", email=email.title(), password=PASSWORD)
    assert answer.status_code == 200
    assert set(answer.json()) == {
        "success",
        "message",
        "accessToken",
        "idToken",
        "refreshToken",
        "expiresIn",
        "tokenType",
    }
    assert (answer.json()["expiresIn"], answer.json()["tokenType"]) == (900, "Bearer")
    assert answer["Cache-Control"] == "no-store"
    assert verify_access_token(answer.json()["accessToken"]).sub == user["userId"]


def test_nobody_learns_who_has_an_account(shop, ann, email):
    nobody = f"nobody-{email}"

    wrong = shop.post("/users/login", email=ann, password=NEWER)
    unknown = shop.post("/users/login", email=nobody, password=NEWER)
    assert code_of(wrong) == code_of(unknown) == (401, "invalid_credentials")
    assert wrong.json()["detail"] == unknown.json()["detail"]
    assert wrong["WWW-Authenticate"] == unknown["WWW-Authenticate"]

    for path in ("/users/forgot-password", "/users/resend-code"):
        known, other = (shop.post(path, email=address) for address in (ann, nobody))
        assert (known.status_code, known.json()) == (other.status_code, other.json())
        assert known.status_code == 202
    assert code_of(shop.post("/users/confirm", email=nobody, code=SIGN_UP_CODE)) == (400, "code_mismatch")


def test_a_code_that_was_never_asked_for_tells_nothing_of_the_account(shop, ann, email):
    known, other = (
        shop.post("/users/reset-password", email=address, code=RESET_CODE, password=NEWER)
        for address in (ann, f"nobody-{email}")
    )

    assert code_of(known) == code_of(other) == (400, "code_mismatch")
    assert known.json()["detail"] == other.json()["detail"]


def test_reading_and_changing_ones_account(shop, ann):
    assert code_of(shop.call("GET", "/users/me")) == (401, "not_authenticated")
    tokens = shop.sign_in(ann)

    me = shop.call("GET", "/users/me").json()
    user = {"userId": me["user"]["userId"], "email": ann, "name": "Ann", "emailVerified": True, "groups": []}
    assert me == {"success": True, "user": user}

    changed = shop.call("PATCH", "/users/me", {"name": "Ann Ümlaut"})
    assert (changed.status_code, changed.json()["user"]) == (200, {**user, "name": "Ann Ümlaut"})
    assert code_of(shop.call("PATCH", "/users/me", {"groups": ["admin"]})) == (400, "invalid_request")
    assert code_of(shop.call("PATCH", "/users/me", {})) == (400, "invalid_request")

    shop.token = tokens["idToken"]
    assert code_of(shop.call("GET", "/users/me")) == (401, "invalid_token")


def test_refreshing_gives_tokens_that_work(shop, ann):
    first = shop.sign_in(ann)

    answer = shop.post("/users/refresh", refreshToken=first["refreshToken"])
    second = answer.json()
    assert answer.status_code == 200
    assert second["refreshToken"] == first["refreshToken"]  # our pools do not rotate them
    assert second["accessToken"] != first["accessToken"]
    shop.token = second["accessToken"]
    assert shop.call("GET", "/users/me").json()["user"]["email"] == ann

    assert code_of(shop.post("/users/refresh", refreshToken="made-up")) == (401, "invalid_refresh_token")
    assert code_of(shop.post("/users/refresh", refreshToken="not even, a token")) == (400, "invalid_request")


def test_changing_the_password(shop, ann):
    shop.sign_in(ann)

    wrong = shop.post("/users/change-password", currentPassword=NEWEST, newPassword=NEWER)
    assert code_of(wrong) == (400, "wrong_password")
    assert wrong.json()["errors"][0]["field"] == "/currentPassword"
    weak = shop.post("/users/change-password", currentPassword=PASSWORD, newPassword="weak")
    assert [error["code"] for error in weak.json()["errors"]] == ["min_length", "upper", "digit", "special"]
    assert shop.post("/users/change-password", currentPassword=PASSWORD, newPassword=NEWER).status_code == 200

    assert code_of(shop.post("/users/login", email=ann, password=PASSWORD)) == (401, "invalid_credentials")
    assert shop.post("/users/login", email=ann, password=NEWER).status_code == 200


def test_a_forgotten_password_is_set_anew_with_a_code(shop, ann):
    assert shop.post("/users/forgot-password", email=ann).status_code == 202

    wrong = shop.post("/users/reset-password", email=ann, code="000000", password=NEWEST)
    assert code_of(wrong) == (400, "code_mismatch")
    weak = shop.post("/users/reset-password", email=ann, code=RESET_CODE, password="weak")
    assert code_of(weak) == (400, "weak_password")
    assert shop.post("/users/reset-password", email=ann, code=RESET_CODE, password=NEWEST).status_code == 200
    assert shop.post("/users/login", email=ann, password=NEWEST).status_code == 200


def test_signing_out_revokes_the_refresh_token(shop, ann):
    tokens = shop.sign_in(ann)

    assert shop.call("POST", "/users/logout").status_code == 200
    assert shop.call("POST", "/users/logout").status_code == 200
    refused = shop.post("/users/refresh", refreshToken=tokens["refreshToken"])
    assert code_of(refused) == (401, "invalid_refresh_token")
    revoked = shop.call("GET", "/users/me")
    assert code_of(revoked) == (401, "invalid_token")
    assert revoked["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_a_deleted_account_is_gone(shop, ann):
    shop.sign_in(ann)

    assert shop.call("DELETE", "/users/me").status_code == 200
    assert code_of(shop.call("GET", "/users/me")) == (401, "invalid_token")
    shop.token = None
    assert code_of(shop.post("/users/login", email=ann, password=PASSWORD)) == (401, "invalid_credentials")


def test_a_token_names_the_groups_and_cognito_the_address(shop, ann, settings):
    cognito_client().admin_add_user_to_group(
        UserPoolId=settings.COGNITO_USER_POOL_ID, Username=ann, GroupName=settings.COGNITO_ADMIN_GROUP
    )
    claims = verify_access_token(shop.sign_in(ann)["accessToken"])

    assert claims.caller == Caller(sub=claims.sub, groups=frozenset({"admin"}))
    assert claims.caller.is_admin
    assert cognito.email_of(claims.caller, claims.access_token) == ann
    assert shop.call("GET", "/users/me").json()["user"]["groups"] == ["admin"]


def test_the_pools_keys_are_loaded(shop):
    assert jwks_ready()
    assert shop.call("GET", "/users/me").status_code == 401

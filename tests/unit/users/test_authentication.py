"""The Authorization header: nobody without one, a caller with a good token, and 401 with a challenge otherwise."""

import pytest
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from shop.logging import facts_of
from tests.tokens import NOW, SUB, make_token
from users import tokens
from users.authentication import CognitoAuthentication, CognitoAuthenticationScheme
from users.callers import Caller, caller_of
from users.errors import IdentityUnavailable, InvalidToken
from users.jwks import KeyCache
from users.permissions import IsSignedIn, ReadOnlyOrAdmin, SignedInIfRequired

pytestmark = pytest.mark.usefixtures("_known_keys")


@pytest.fixture
def _known_keys(monkeypatch, keys):
    monkeypatch.setattr(tokens, "signing_keys", lambda: keys)
    monkeypatch.setattr("users.tokens.time.time", lambda: NOW)


def ask(permission, *, method="GET", **headers):
    """Call a view that this permission guards."""

    class View(APIView):
        permission_classes = (permission,)

        def handle(self, request):
            caller = caller_of(request)
            return Response({"caller": caller and caller.sub})

        get = post = put = patch = delete = handle

    request = APIRequestFactory().generic(method, "/", **headers)
    return View.as_view()(request)


def bearer(token):
    return {"HTTP_AUTHORIZATION": f"Bearer {token}"}


@pytest.fixture
def customer(pool_key):
    return bearer(make_token(pool_key))


@pytest.fixture
def admin(pool_key):
    return bearer(make_token(pool_key, groups=["admin"]))


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_good_token_makes_a_caller_and_keeps_the_token_for_cognito(pool_key, scheme):
    token = make_token(pool_key)
    request = APIRequestFactory().get("/", HTTP_AUTHORIZATION=f"{scheme} {token}")

    found = CognitoAuthentication().authenticate(request)

    assert found is not None
    caller, claims = found
    assert caller == Caller(sub=SUB)
    assert (claims.access_token, claims.sub) == (token, SUB)


@pytest.mark.parametrize("headers", [{}, {"HTTP_AUTHORIZATION": ""}, {"HTTP_AUTHORIZATION": "  "}])
def test_without_a_token_the_caller_is_nobody(headers):
    assert ask(SignedInIfRequired, **headers).status_code in {200, 401}
    assert CognitoAuthentication().authenticate(APIRequestFactory().get("/", **headers)) is None


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer not-a-token",
        "Bearer {token} {token}",
        "Bearer {token},Bearer {token}",
        "Bearer {token}, Bearer {token}",
        "Bearer {token}x",
        "Basic dXNlcjpwYXNz",
        "Token {token}",
        "{token}",
        "Bearer\u00a0{token}",
        "Bearer t\u00f6ken",
    ],
)
@pytest.mark.parametrize("require_auth", [True, False])
def test_a_header_that_is_no_good_token_is_401_in_both_modes(settings, pool_key, header, require_auth):
    settings.REQUIRE_AUTH = require_auth

    response = ask(SignedInIfRequired, HTTP_AUTHORIZATION=header.format(token=make_token(pool_key)))

    assert (response.status_code, response.data["code"], response.data["title"]) == (
        401,
        "invalid_token",
        "Invalid token",
    )
    assert response["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_a_token_elsewhere_is_not_looked_at(settings, pool_key):
    settings.REQUIRE_AUTH = True
    token = make_token(pool_key)

    response = ask(IsSignedIn, QUERY_STRING=f"access_token={token}", HTTP_COOKIE=f"accessToken={token}")

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer error="invalid_request"'


@pytest.mark.parametrize(
    ("headers", "challenge"),
    [
        ({}, 'Bearer error="invalid_request"'),
        ({"HTTP_AUTHORIZATION": "Bearer x"}, 'Bearer error="invalid_token"'),
    ],
)
def test_the_challenge_names_an_error_only_if_a_token_was_sent(headers, challenge):
    request = APIRequestFactory().get("/", **headers)

    assert CognitoAuthentication().authenticate_header(request) == challenge


def test_the_documentation_knows_the_scheme():
    scheme = CognitoAuthenticationScheme(CognitoAuthentication).get_security_definition(None)

    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


def test_the_log_line_of_a_refused_token_says_why_and_not_whose(pool_key):
    request = APIRequestFactory().get("/", **bearer(make_token(pool_key, exp=NOW - 100, iat=NOW - 200)))

    with pytest.raises(InvalidToken):
        CognitoAuthentication().authenticate(request)

    assert facts_of(request) == {
        "reason": "The access token has expired; get a new one with POST /users/refresh."
    }


def test_the_log_line_of_a_good_token_names_its_caller_and_nothing_else_of_it(customer):
    request = APIRequestFactory().get("/", **customer)

    CognitoAuthentication().authenticate(request)

    assert facts_of(request) == {"sub": SUB}


def test_without_keys_a_token_is_503_and_nobody_is_served_as_ever(settings, monkeypatch, customer):
    def no_answer() -> bytes:
        raise OSError

    monkeypatch.setattr(tokens, "signing_keys", lambda: KeyCache(fetch=no_answer))
    settings.REQUIRE_AUTH = False

    refused = ask(SignedInIfRequired, **customer)
    assert (refused.status_code, refused.data["code"]) == (503, IdentityUnavailable.code)
    assert refused["Retry-After"] == "2"
    assert ask(SignedInIfRequired).status_code == 200


MATRIX = [
    # permission, REQUIRE_AUTH, method -> nobody, customer, admin
    (IsSignedIn, True, "GET", (401, 200, 200)),
    (IsSignedIn, False, "GET", (401, 200, 200)),
    (SignedInIfRequired, True, "GET", (401, 200, 200)),
    (SignedInIfRequired, True, "POST", (401, 200, 200)),
    (SignedInIfRequired, False, "GET", (200, 200, 200)),
    (SignedInIfRequired, False, "POST", (200, 200, 200)),
    *[(ReadOnlyOrAdmin, True, method, (200, 200, 200)) for method in ("GET", "HEAD", "OPTIONS")],
    *[(ReadOnlyOrAdmin, True, method, (401, 403, 200)) for method in ("POST", "PUT", "PATCH", "DELETE")],
    *[(ReadOnlyOrAdmin, False, method, (200, 200, 200)) for method in ("GET", "POST", "PATCH", "DELETE")],
]


@pytest.mark.parametrize(("permission", "require_auth", "method", "expected"), MATRIX)
def test_who_may_call_what(settings, customer, admin, permission, require_auth, method, expected):
    settings.REQUIRE_AUTH = require_auth

    nobody: dict[str, str] = {}
    statuses = [ask(permission, method=method, **who).status_code for who in (nobody, customer, admin)]

    assert tuple(statuses) == expected


def test_the_admin_group_is_a_setting(settings):
    caller = Caller(sub=SUB, groups=frozenset({"staff"}))
    assert not caller.is_admin

    settings.COGNITO_ADMIN_GROUP = "staff"
    assert caller.is_admin


def test_a_caller_is_known_to_the_frameworks_tools():
    caller = Caller(sub=SUB)

    assert (caller.pk, caller.is_authenticated, caller.is_anonymous) == (SUB, True, False)

"""How often one may try passwords and codes: by account and by client address, whether or not the account exists."""

from uuid import uuid4

import pytest

from tests.integration.api.conftest import NOON, assert_problem
from users import cognito
from users.callers import Caller

pytestmark = [
    pytest.mark.dynamodb,
    pytest.mark.cognito,
    pytest.mark.usefixtures("clock", "tables", "patient_dynamodb"),
]

GOOD, WRONG = "Str0ng!pass", "Wr0ng!pass"
UPDATE = "UpdateItem"
LOGIN, RESEND, FORGOT = "/users/login", "/users/resend-code", "/users/forgot-password"
BY_CODE = {
    "/users/confirm": {"code": "000000"},
    RESEND: {},
    FORGOT: {},
    "/users/reset-password": {"code": "000000", "password": GOOD},
}


@pytest.fixture(autouse=True)
def client(settings):
    """A client nobody else shares an address with: the header that one proxy of ours writes."""
    settings.TRUSTED_PROXY_HOPS = 1
    return {"X-Forwarded-For": f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}::1"}


@pytest.fixture
def post(api, client):
    def send(path, **body):
        return api.send("POST", path, body, **client)

    return send


@pytest.fixture
def unknown():
    """An address without an account."""
    return f"{uuid4()}@example.com"


@pytest.fixture
def known():
    """The address of an account that was confirmed."""
    email = f"{uuid4()}@example.com"
    cognito.sign_up(email=email, password=GOOD, name="Ann")
    cognito.confirm(email=email, code="123456")
    return email


@pytest.fixture
def me(api, known):
    """A signed-in user, with a real access token."""
    token = cognito.log_in(email=known, password=GOOD).access_token
    caller = Caller(sub=cognito.get_profile(access_token=token).sub)
    api.signed_in(caller)
    api.handler._force_token.__dict__["access_token"] = token
    return caller


def assert_refused(response, seconds):
    assert_problem(response, 429, "too_many_requests")
    assert response["Retry-After"] == str(seconds)


def status_of(response):
    return response.status_code


# ---- passwords -----------------------------------------------------------------------------------------------------


def test_after_so_many_wrong_passwords_even_the_right_one_waits_for_the_next_quarter_of_an_hour(
    post, known, settings, clock, calls
):
    settings.LIMIT_LOGIN_PER_ACCOUNT = 3
    assert [status_of(post(LOGIN, email=known, password=WRONG)) for _ in range(3)] == [401] * 3
    calls.clear()

    assert_refused(post(LOGIN, email=known, password=GOOD), 300)
    assert calls == [UPDATE]  # Cognito is not asked

    clock.now = NOON + 900
    assert post(LOGIN, email=known, password=GOOD).status_code == 200


def test_the_right_password_costs_nothing(post, known, settings):
    settings.LIMIT_LOGIN_PER_ACCOUNT = 1

    assert [status_of(post(LOGIN, email=known, password=GOOD)) for _ in range(4)] == [200] * 4
    assert post(LOGIN, email=known, password=WRONG).status_code == 401
    assert_refused(post(LOGIN, email=known.upper(), password=GOOD), 300)


def test_a_try_that_got_no_answer_costs_nothing(post, known, settings, monkeypatch):
    settings.LIMIT_LOGIN_PER_ACCOUNT = 1
    with monkeypatch.context() as patch:
        patch.setattr("shop.aws.settings.COGNITO_CLIENT_ID", "gone")  # Cognito does not know this client
        assert [status_of(post(LOGIN, email=known, password=GOOD)) for _ in range(3)] == [503] * 3

    assert post(LOGIN, email=known, password=WRONG).status_code == 401


def test_one_address_cannot_try_the_passwords_of_many_accounts(post, settings, client):
    settings.LIMIT_LOGIN_PER_ADDRESS = 3

    answers = [post(LOGIN, email=f"{uuid4()}@example.com", password=WRONG) for _ in range(4)]
    assert [status_of(answer) for answer in answers] == [401, 401, 401, 429]
    assert_refused(answers[-1], 300)

    client["X-Forwarded-For"] = client["X-Forwarded-For"].removesuffix("1") + "2"  # the same network
    assert post(LOGIN, email=f"{uuid4()}@example.com", password=WRONG).status_code == 429
    client["X-Forwarded-For"] = (
        f"{client['X-Forwarded-For']}, 198.51.100.{uuid4().int % 250}"  # another proxy's word
    )
    assert post(LOGIN, email=f"{uuid4()}@example.com", password=WRONG).status_code == 401


def test_an_address_that_is_used_up_cannot_use_up_an_account(post, known, settings, client):
    settings.LIMIT_LOGIN_PER_ADDRESS = 1
    settings.LIMIT_LOGIN_PER_ACCOUNT = 2
    assert [status_of(post(LOGIN, email=known, password=WRONG)) for _ in range(5)] == [401] + [429] * 4

    client["X-Forwarded-For"] = f"2001:db8:{uuid4().hex[:4]}::1"
    assert post(LOGIN, email=known, password=GOOD).status_code == 200


def test_the_current_password_is_no_easier_to_guess_for_who_holds_a_token(post, me, settings):
    settings.LIMIT_LOGIN_PER_ACCOUNT = 2
    change = "/users/change-password"

    answers = [post(change, currentPassword=WRONG, newPassword="N3w!passw") for _ in range(3)]
    assert [status_of(answer) for answer in answers] == [400, 400, 429]
    assert_refused(answers[-1], 300)


# ---- codes, sign-ups -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", BY_CODE)
def test_codes_are_limited_by_account(post, unknown, settings, calls, path):
    settings.LIMIT_CODES_PER_ACCOUNT = 2
    body = {"email": unknown, **BY_CODE[path]}
    first = [status_of(post(path, **body)) for _ in range(2)]
    assert first[0] == first[1] < 429
    calls.clear()

    assert_refused(post(path, **body), 3000)
    assert calls == [UPDATE]


def test_all_calls_with_codes_share_their_limits(post, unknown, settings):
    settings.LIMIT_CODES_PER_ACCOUNT = 4
    settings.LIMIT_CODES_PER_ADDRESS = 6

    for path, body in BY_CODE.items():
        assert post(path, email=unknown, **body).status_code < 429
    assert_refused(post(FORGOT, email=unknown), 3000)  # the address has spent five by now
    assert post(FORGOT, email=f"{uuid4()}@example.com").status_code == 202
    assert_refused(post(FORGOT, email=f"{uuid4()}@example.com"), 3000)


def test_a_new_address_of_ones_own_is_a_code_too_and_a_new_name_is_not(
    api, me, client, settings, unknown, calls
):
    settings.LIMIT_CODES_PER_ACCOUNT = 2

    def send(method, path, **body):
        calls.clear()
        return api.send(method, path, body, **client)

    assert send("PATCH", "/users/me", email=unknown).status_code == 200
    send("POST", "/users/me/confirm-email", code="000000")
    assert calls == [UPDATE, "VerifyUserAttribute"]  # which the stand-in does not know
    assert_refused(send("POST", "/users/me/confirm-email", code="123456"), 3000)
    assert_refused(send("PATCH", "/users/me", email=unknown), 3000)
    assert calls == [UPDATE]
    assert send("PATCH", "/users/me", name="Jo").status_code == 200


def test_sign_ups_are_limited_by_address(post, settings, calls):
    settings.LIMIT_SIGN_UP_PER_ADDRESS = 2
    person = {"password": GOOD, "name": "Ann"}
    taken = f"{uuid4()}@example.com"
    assert post("/users/signup", email=taken, **person).status_code == 201
    assert post("/users/signup", email=taken, **person).status_code == 409
    calls.clear()

    assert_refused(post("/users/signup", email=f"{uuid4()}@example.com", **person), 3000)
    assert calls == [UPDATE]


# ---- nothing tells of an account -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "body"), [(LOGIN, {"password": WRONG}), (RESEND, {}), (FORGOT, {})])
def test_an_account_that_exists_is_answered_like_one_that_does_not_by_the_same_calls(
    post, known, unknown, settings, calls, path, body
):
    for name in ("LOGIN_PER_ACCOUNT", "LOGIN_PER_ADDRESS", "CODES_PER_ACCOUNT", "CODES_PER_ADDRESS"):
        setattr(settings, f"LIMIT_{name}", 2 if "ACCOUNT" in name else 100)
    seen = {}
    for email in (known, unknown):
        calls.clear()
        answers = [post(path, email=email, **body) for _ in range(3)]
        told = [{name: value for name, value in a.body.items() if name != "requestId"} for a in answers]
        headers = [{n: v for n, v in a.headers.items() if n != "X-Request-ID"} for a in answers]
        seen[email] = ([status_of(answer) for answer in answers], told, headers, list(calls))

    assert seen[known] == seen[unknown]
    statuses, _, _, sent = seen[known]
    assert statuses[-1] == 429
    operation = {LOGIN: "InitiateAuth", RESEND: "ResendConfirmationCode", FORGOT: "ForgotPassword"}[path]
    assert sent == [UPDATE, UPDATE, operation] * 2 + [UPDATE] * 2


# ---- without counters ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("silent_counters")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (LOGIN, {"password": GOOD}),
        ("/users/signup", {"password": GOOD, "name": "Ann"}),
        *BY_CODE.items(),
    ],
)
def test_without_an_answer_from_the_counters_nothing_is_begun(post, unknown, settings, calls, path, body):
    for name in ("LOGIN_PER_ACCOUNT", "SIGN_UP_PER_ADDRESS", "CODES_PER_ACCOUNT"):
        setattr(settings, f"LIMIT_{name}", 100)

    response = post(path, email=unknown, **body)

    assert_problem(response, 503, "limits_unavailable")
    assert int(response["Retry-After"]) >= 1
    assert set(calls) == {UPDATE}

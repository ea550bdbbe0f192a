"""One conditional update for each unit; fixed windows; nobody's address is stored; no answer lets nobody through."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop import limits
from shop.errors import TooManyRequestsError
from shop.exception_handler import status_of
from shop.limits import Limit, LimitsUnavailable, RateCounter, Unit, count, ensure_left, give_back, spend

NOON = 1_800_014_400  # the start of an hour
TRIES = Limit(setting="LIMIT_LOGIN_PER_ACCOUNT", window_seconds=900)
ANN = "ann@example.com"
REFUSED = "ConditionalCheckFailedException"


@pytest.fixture(autouse=True)
def clock(monkeypatch, settings):
    """A clock that stands at noon; three units for each window."""
    settings.LIMIT_LOGIN_PER_ACCOUNT = 3
    clock = SimpleNamespace(now=float(NOON))
    monkeypatch.setattr(limits, "time", SimpleNamespace(time=lambda: clock.now))
    return clock


def key_in(request):
    return request["Key"]["key"]["S"]


def spelled_out(request, expression):
    """An expression with its names and values in their places."""
    words = request[expression]
    for short, name in request["ExpressionAttributeNames"].items():
        words = words.replace(short, name)
    for short, value in request["ExpressionAttributeValues"].items():
        words = words.replace(short, value["N"])
    return words


def updated(spent=1):
    return {"Attributes": {"key": {"S": "k"}, "spent": {"N": str(spent)}, "expiresAt": {"N": "1"}}}


def key_of_next(dynamodb, subject=ANN, limit=TRIES):
    dynamodb.then(200, updated())
    spend(limit, subject)
    return key_in(dynamodb.requests[-1][1])


def test_a_unit_is_one_update_under_the_condition_that_one_is_left(dynamodb):
    dynamodb.then(200, updated())

    unit = spend(TRIES, ANN)

    ((operation, request),) = dynamodb.requests
    assert operation == "UpdateItem"
    assert spelled_out(request, "UpdateExpression") == f"SET expiresAt = {NOON + 900} ADD spent 1"
    assert spelled_out(request, "ConditionExpression") == "(attribute_not_exists (spent) OR spent < 3)"
    assert unit == Unit(key=key_in(request))
    assert key_in(request).startswith("LIMIT_LOGIN_PER_ACCOUNT#")
    assert key_in(request).endswith(f"#{NOON}")


def test_what_is_stored_does_not_tell_whose_it_is(dynamodb, settings):
    key = key_of_next(dynamodb)

    assert "ann" not in key
    assert len(key.split("#")[1]) == 32
    settings.SECRET_KEY = "another"
    assert key_of_next(dynamodb) != key


def test_each_limit_subject_and_window_has_a_counter_of_its_own(dynamodb, clock):
    codes = Limit(setting="LIMIT_CODES_PER_ACCOUNT", window_seconds=900)
    keys = [key_of_next(dynamodb), key_of_next(dynamodb, "bob@example.com")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.LIMIT_CODES_PER_ACCOUNT", 1)
        keys.append(key_of_next(dynamodb, limit=codes))
    clock.now = NOON + 899.999
    assert key_of_next(dynamodb) == keys[0]
    clock.now = NOON + 900
    keys.append(key_of_next(dynamodb))

    assert len(set(keys)) == 4


@pytest.mark.parametrize(
    ("after", "left"), [(0, 900), (0.5, 900), (1, 899), (600, 300), (899, 1), (899.999, 1)]
)
def test_a_refusal_names_the_seconds_until_the_next_window(dynamodb, clock, after, left):
    clock.now = NOON + after
    dynamodb.then_refuse(REFUSED)

    with pytest.raises(TooManyRequestsError) as refusal:
        spend(TRIES, ANN)
    assert refusal.value.retry_after_seconds == left
    assert refusal.value.message == f"Too many requests of this kind; try again in {left} seconds."
    assert status_of(type(refusal.value)) == 429


@given(st.floats(min_value=0, max_value=4e9), st.integers(min_value=1, max_value=86_400))
def test_a_moment_is_always_inside_its_window(now, seconds):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "time", SimpleNamespace(time=lambda: now))
        key, end = limits._counter_of(Limit(setting="LIMIT_X", window_seconds=seconds), ANN)

        assert end - seconds <= now < end
        assert key.endswith(f"#{end - seconds}")
        assert 1 <= limits._used_up(key, end).retry_after_seconds <= seconds


def test_a_limit_of_zero_is_off_and_asks_nobody(dynamodb, settings):
    settings.LIMIT_LOGIN_PER_ACCOUNT = 0

    assert spend(TRIES, ANN) is None
    ensure_left(TRIES, ANN)
    give_back(None)
    count(TRIES, ANN)
    assert not dynamodb.calls


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AccessDeniedException"])
@pytest.mark.parametrize("ask", [spend, ensure_left])
def test_counters_that_cannot_be_reached_let_nobody_through(dynamodb, ask, code):
    dynamodb.then_refuse(code)

    with pytest.raises(LimitsUnavailable) as refusal:
        ask(TRIES, ANN)
    assert status_of(type(refusal.value)) == 503
    assert refusal.value.retry_after_seconds > 0


def test_a_throttled_unit_is_asked_for_again(dynamodb, naps):
    dynamodb.then_refuse("ThrottlingException").then(200, updated())

    assert spend(TRIES, ANN)
    assert dynamodb.calls == {"UpdateItem": 2}


@pytest.mark.parametrize(("spent", "is_left"), [(0, True), (2, True), (3, False), (4, False)])
def test_asking_whether_any_is_left_spends_none(dynamodb, spent, is_left):
    dynamodb.then(200, {"Item": updated(spent)["Attributes"]})

    if is_left:
        ensure_left(TRIES, ANN)
    else:
        with pytest.raises(TooManyRequestsError) as refusal:
            ensure_left(TRIES, ANN)
        assert refusal.value.retry_after_seconds == 900
    assert dynamodb.calls == {"GetItem": 1}
    assert dynamodb.requests[0][1]["ConsistentRead"] is True


def test_where_nothing_was_spent_all_is_left(dynamodb):
    dynamodb.then(200, {})

    ensure_left(TRIES, ANN)


def test_a_unit_goes_back_to_the_window_it_came_from(dynamodb, clock):
    dynamodb.then(200, updated()).then(200, updated(0))
    unit = spend(TRIES, ANN)
    clock.now = NOON + 3600

    give_back(unit)

    _, request = dynamodb.requests[-1]
    assert key_in(request) == key_in(dynamodb.requests[0][1])
    assert spelled_out(request, "UpdateExpression") == "ADD spent -1"
    assert spelled_out(request, "ConditionExpression") == "spent > 0"


@pytest.mark.parametrize("code", [REFUSED, "AccessDeniedException", "ValidationException"])
def test_a_unit_that_cannot_be_given_back_is_nobodys_error(dynamodb, code):
    dynamodb.then_refuse(code)

    give_back(Unit(key="k"))
    assert dynamodb.calls == {"UpdateItem": 1}


@pytest.mark.parametrize("code", [REFUSED, "AccessDeniedException", "ValidationException"])
def test_counting_what_has_happened_never_fails(dynamodb, code):
    dynamodb.then_refuse(code)

    count(TRIES, ANN)
    assert dynamodb.calls == {"UpdateItem": 1}


def test_counting_survives_a_bug_in_the_counter(monkeypatch):
    monkeypatch.setattr(limits, "spend", lambda *_args, **_options: 1 / 0)

    count(TRIES, ANN)


def test_what_dynamodb_finds_wrong_with_a_request_of_ours_is_a_fault_and_no_limit(dynamodb):
    dynamodb.then_refuse("ValidationException")

    with pytest.raises(Exception, match="ValidationException"):
        spend(TRIES, ANN)


def test_the_table_lets_counters_expire():
    assert RateCounter._ttl_attribute().attr_name == "expiresAt"

"""Only a valid access token of our pool and client is let in; every other is refused, and says why in our words."""

import hashlib
import hmac
import json

import pytest

from tests.tokens import (
    ANY,
    CLIENT,
    NOW,
    SUB,
    access_claims,
    base64url,
    make_token,
)
from tests.unit.users.refused import (
    BAD_GROUPS,
    BAD_HEADER,
    BAD_SIGNATURE,
    EXP_NO_TIME,
    EXPIRED,
    IAT_NO_TIME,
    LIFETIME,
    MALFORMED,
    NBF_NO_TIME,
    NO_KEY_ID,
    NO_SUB,
    NO_USERNAME,
    NOT_ACCESS,
    NOT_RS256,
    NOT_THREE,
    NOT_YET,
    OTHER_CLIENT,
    OTHER_ISSUER,
    TOO_LONG,
    UNKNOWN_KEY,
    refusal_of,
)
from users.callers import Caller
from users.errors import IdentityUnavailable
from users.jwks import KeyCache
from users.tokens import Claims, verify_access_token


def test_a_good_token_tells_who_calls(pool_key, keys):
    token = make_token(pool_key, groups=["admin", "vip"])

    claims = verify_access_token(token, keys=keys, now=NOW)

    assert claims == Claims(
        sub=SUB,
        groups=frozenset({"admin", "vip"}),
        client_id=CLIENT,
        username=SUB,
        issued_at=NOW - 60,
        expires_at=NOW + 840,
        access_token=token,
    )
    assert claims.caller == Caller(sub=SUB, groups=frozenset({"admin", "vip"}))


def test_a_token_without_groups_is_of_a_plain_customer(pool_key, keys):
    assert verify_access_token(make_token(pool_key), keys=keys, now=NOW).caller == Caller(sub=SUB)


def test_claims_are_printed_without_the_token(pool_key, keys):
    token = make_token(pool_key)

    assert token not in repr(verify_access_token(token, keys=keys, now=NOW))


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW - 29},
        {"iat": NOW + 30, "exp": NOW + 900},
        {"nbf": NOW + 30},
        {"iat": NOW, "exp": NOW + 3600},
        {"nbf": NOW - 60},
        {"aud": "whatever"},
    ],
    ids=[
        "just expired",
        "issued by a fast clock",
        "begins by a fast clock",
        "an hour",
        "with nbf",
        "with aud",
    ],
)
def test_clocks_may_differ_by_half_a_minute_and_tokens_live_an_hour(pool_key, keys, claims):
    assert verify_access_token(make_token(pool_key, **claims), keys=keys, now=NOW).sub == SUB


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Other"}, OTHER_ISSUER),
        ({"iss": ["https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Test"]}, OTHER_ISSUER),
        ({"iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Test/"}, OTHER_ISSUER),
        ({"iss": ANY}, OTHER_ISSUER),
        ({"token_use": "id", "aud": CLIENT}, NOT_ACCESS),
        ({"token_use": "refresh"}, NOT_ACCESS),
        ({"token_use": ANY}, NOT_ACCESS),
        ({"client_id": "another-client"}, OTHER_CLIENT),
        ({"client_id": [CLIENT]}, OTHER_CLIENT),
        ({"client_id": ANY, "aud": CLIENT}, OTHER_CLIENT),
        ({"exp": NOW - 30}, EXPIRED),
        ({"iat": NOW - 7200, "exp": NOW - 3600}, EXPIRED),
        ({"iat": NOW + 31, "exp": NOW + 900}, NOT_YET),
        ({"nbf": NOW + 31}, NOT_YET),
        ({"exp": NOW - 60}, LIFETIME),
        ({"exp": NOW + 3541}, LIFETIME),
        ({"exp": 10**30}, LIFETIME),
        ({"iat": 0}, LIFETIME),
        ({"exp": 1e30}, EXP_NO_TIME),
        ({"exp": float("nan")}, MALFORMED),
        ({"exp": float("inf")}, MALFORMED),
        ({"exp": str(NOW + 840)}, EXP_NO_TIME),
        ({"exp": NOW + 840.0}, EXP_NO_TIME),
        ({"exp": True}, EXP_NO_TIME),
        ({"exp": None}, EXP_NO_TIME),
        ({"exp": ANY}, EXP_NO_TIME),
        ({"iat": ANY}, IAT_NO_TIME),
        ({"iat": "yesterday"}, IAT_NO_TIME),
        ({"nbf": None}, NBF_NO_TIME),
        ({"nbf": str(NOW)}, NBF_NO_TIME),
        ({"sub": ANY}, NO_SUB),
        ({"sub": ""}, NO_SUB),
        ({"sub": 7}, NO_SUB),
        ({"sub": "s" * 65}, NO_SUB),
        ({"username": ANY}, NO_USERNAME),
        ({"groups": "admin"}, BAD_GROUPS),
        ({"groups": [["admin"]]}, BAD_GROUPS),
        ({"groups": None}, BAD_GROUPS),
        ({"groups": {"admin": True}}, BAD_GROUPS),
    ],
    ids=str,
)
def test_a_wrong_claim_is_refused_though_well_signed(pool_key, keys, claims, reason):
    assert refusal_of(make_token(pool_key, **claims), keys) == reason


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"alg": "none"}, NOT_RS256),
        ({"alg": "NoNe"}, NOT_RS256),
        ({"alg": "rs256"}, NOT_RS256),
        ({"alg": "RS512"}, NOT_RS256),
        ({"alg": "PS256"}, NOT_RS256),
        ({"alg": "ES256"}, NOT_RS256),
        ({"alg": ["RS256"]}, NOT_RS256),
        ({"alg": None}, NOT_RS256),
        ({"alg": ANY}, NOT_RS256),
        ({"jku": "https://evil.example/jwks.json"}, BAD_HEADER),
        ({"x5u": "https://evil.example/cert.pem"}, BAD_HEADER),
        ({"x5c": ["MIIB"]}, BAD_HEADER),
        ({"jwk": {"kty": "RSA"}}, BAD_HEADER),
        ({"crit": ["exp"]}, MALFORMED),
        ({"crit": []}, MALFORMED),
        ({"crit": ["b64"], "b64": True}, BAD_HEADER),
        ({"zip": "DEF"}, BAD_HEADER),
        ({"enc": "A256GCM"}, BAD_HEADER),
        ({"kid": ANY}, NO_KEY_ID),
        ({"kid": ""}, NO_KEY_ID),
        ({"kid": "k" * 129}, NO_KEY_ID),
        ({"kid": 1}, MALFORMED),
        ({"kid": ["pool-key="]}, MALFORMED),
        ({"kid": "../../etc/passwd"}, UNKNOWN_KEY),
        ({"kid": "https://evil.example/key"}, UNKNOWN_KEY),
        ({"kid": "' OR 1=1 --"}, UNKNOWN_KEY),
        ({"kid": "POOL-KEY="}, UNKNOWN_KEY),
        ({"kid": "pool-key=\n"}, UNKNOWN_KEY),
    ],
    ids=str,
)
def test_a_header_that_asks_for_anything_is_refused(pool_key, keys, header, reason):
    assert refusal_of(make_token(pool_key, header=header), keys) == reason


def test_a_key_id_of_ten_kilobytes_is_too_long(pool_key, keys):
    assert refusal_of(make_token(pool_key, header={"kid": "k" * 10_240}), keys) == TOO_LONG


def test_a_foreign_key_under_a_real_key_id_is_refused(pool_key, foreign_key, keys):
    assert refusal_of(make_token(foreign_key, header={"kid": pool_key.kid}), keys) == BAD_SIGNATURE


def test_a_foreign_key_is_unknown(foreign_key, keys):
    assert refusal_of(make_token(foreign_key), keys) == UNKNOWN_KEY


def test_a_foreign_key_sent_along_in_the_header_is_not_used(pool_key, foreign_key, keys):
    header = {"kid": pool_key.kid, "jwk": foreign_key.as_jwk(kid=pool_key.kid)}

    assert refusal_of(make_token(foreign_key, header=header), keys) == BAD_HEADER


@pytest.mark.parametrize("algorithm", ["HS256", "RS256"])
def test_our_public_key_as_a_shared_secret_signs_nothing(pool_key, keys, algorithm):
    header = base64url(json.dumps({"alg": algorithm, "kid": pool_key.kid}).encode())
    signed = f"{header}.{base64url(json.dumps(access_claims()).encode())}"
    signature = hmac.new(pool_key.public_pem(), signed.encode(), hashlib.sha256).digest()

    expected = {"HS256": NOT_RS256, "RS256": BAD_SIGNATURE}[algorithm]
    assert refusal_of(f"{signed}.{base64url(signature)}", keys) == expected


def test_without_any_key_nothing_can_be_said_of_a_token(pool_key):
    def no_answer() -> bytes:
        raise OSError("no route")

    with pytest.raises(IdentityUnavailable) as refused:
        verify_access_token(make_token(pool_key), keys=KeyCache(fetch=no_answer), now=NOW)
    assert refused.value.code == "identity_unavailable"


def test_a_malformed_token_is_refused_without_asking_for_keys():
    def never() -> bytes:
        raise AssertionError("asked")

    assert refusal_of("not-a-token", KeyCache(fetch=never)) == NOT_THREE

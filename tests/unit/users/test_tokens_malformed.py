"""What only looks like a token is refused, and as what, before anything in it is believed."""

import base64
import json

import pytest

from tests.tokens import (
    NOW,
    SUB,
    access_claims,
    base64url,
    make_token,
    raw_token,
)
from tests.unit.users.refused import BAD_SIGNATURE, MALFORMED, NOT_THREE, OTHER_ISSUER, TOO_LONG, refusal_of
from users.tokens import verify_access_token


@pytest.mark.parametrize(
    ("alter", "reason"),
    [
        (lambda head, body, _sign: f"{head}.{body}.", BAD_SIGNATURE),
        (lambda head, body, sign: f"{head}.{body}.{sign[:-6]}", BAD_SIGNATURE),
        (lambda head, body, sign: f"{head}.{body}.{sign[4:8]}{sign[:4]}{sign[8:]}", BAD_SIGNATURE),
        (lambda head, body, sign: f"{head}.{body[4:]}.{sign}", BAD_SIGNATURE),
        (lambda head, body, sign: f"{head}.{base64url(b'{}')}.{sign}", BAD_SIGNATURE),
        (lambda head, body, sign: f"{head}..{sign}", BAD_SIGNATURE),
        (lambda head, body, sign: f"{head[:-4]}.{body}.{sign}", MALFORMED),
        (lambda head, body, sign: f".{body}.{sign}", MALFORMED),
        (lambda head, body, sign: f"{base64url(b'[]')}.{body}.{sign}", MALFORMED),
        (lambda head, body, sign: f"{base64url(b'null')}.{body}.{sign}", MALFORMED),
        (lambda head, body, sign: f"{base64url(b'[' * 5000)}.{body}.{sign[:9]}", MALFORMED),
        (lambda head, body, sign: f"{base64url(b'9' * 5000)}.{body}.{sign[:9]}", MALFORMED),
        (lambda head, body, sign: f"{base64url(bytes([255, 254]))}.{body}.{sign}", MALFORMED),
        (lambda head, body, sign: f"!{head}.{body}.{sign}", MALFORMED),
        (lambda head, _body, _sign: head, NOT_THREE),
        (lambda head, body, _sign: f"{head}.{body}", NOT_THREE),
        (lambda head, body, sign: f"{head}.{body}.{sign}.{sign}", NOT_THREE),
        (lambda head, body, sign: f"{head}.{head}.{body}.{body}.{sign}", NOT_THREE),
        (lambda head, body, sign: f"{head}.{body}.{sign}é", NOT_THREE),
        (lambda head, body, sign: f"{head}.{body}.{sign}\u0660", NOT_THREE),
        (lambda *_parts: "", NOT_THREE),
        (lambda *_parts: "..", MALFORMED),
        (lambda head, body, sign: f"{head}.{body}.{sign}".ljust(8193, "A"), TOO_LONG),
        (lambda *_parts: "A" * 1_000_000, TOO_LONG),
        (lambda *_parts: "." * 8193, TOO_LONG),
    ],
)
def test_a_token_cut_bent_or_blown_up_is_refused(pool_key, keys, alter, reason):
    assert refusal_of(alter(*make_token(pool_key).split(".")), keys) == reason


def test_an_encrypted_token_has_five_parts_and_is_refused(keys):
    header = base64url(json.dumps({"alg": "RSA-OAEP", "enc": "A256GCM", "kid": "pool-key="}).encode())

    assert refusal_of(f"{header}.{'.'.join([base64url(b'x' * 32)] * 4)}", keys) == NOT_THREE


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ("[]", MALFORMED),
        ("null", MALFORMED),
        ('"text"', MALFORMED),
        ("{", MALFORMED),
        ("{}{}", MALFORMED),
        ("[" * 4000, MALFORMED),
        ('{"exp": 1e999}', OTHER_ISSUER),
        ('{"exp": NaN}', MALFORMED),
        ('{"sub": "somebody", "sub": "somebody else"}', MALFORMED),
        (json.dumps(access_claims(sub="a\0b")), MALFORMED),
    ],
)
def test_a_well_signed_payload_that_is_no_claims_is_refused(pool_key, keys, payload, reason):
    header = json.dumps({"alg": "RS256", "kid": pool_key.kid})

    assert refusal_of(raw_token(pool_key, header=header, payload=payload), keys) == reason


def test_a_signature_in_the_other_base64_alphabet_is_refused(pool_key, keys):
    head, body, sign = make_token(pool_key).split(".")
    other = base64.b64encode(base64.urlsafe_b64decode(sign + "==")).decode().rstrip("=")

    assert refusal_of(f"{head}.{body}.{other}/", keys) == MALFORMED


def test_a_token_at_the_size_limit_is_judged_like_any_other(pool_key, keys):
    token = make_token(pool_key, scope="s" * 5400)

    assert 7000 < len(token) <= 8192
    assert verify_access_token(token, keys=keys, now=NOW).sub == SUB

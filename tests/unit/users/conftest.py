"""A user pool of our own: real RSA keys, and tokens as Cognito issues them."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from users import cognito
from users.callers import Caller
from users.emails import EmailCache
from users.jwks import KeyCache

NOW = 1_800_000_000
ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Test"
CLIENT = "the-client"
SUB = "219fd469-6bbb-48f9-87ce-a05a8fc0f5e3"
ANY = object()
CALLER = Caller(sub=SUB)
ANN = "ann@example.com"
GOOD = "Str0ng!pass"

# One call of each function, with the operation that it needs.
CALLS: dict[str, Callable[[], Any]] = {
    "sign_up": lambda: cognito.sign_up(email=ANN, password=GOOD, name="Ann"),
    "confirm_sign_up": lambda: cognito.confirm(email=ANN, code="123456"),
    "resend_confirmation_code": lambda: cognito.resend_code(email=ANN),
    "forgot_password": lambda: cognito.forgot_password(email=ANN),
    "confirm_forgot_password": lambda: cognito.reset_password(email=ANN, code="654321", password=GOOD),
    "initiate_auth": lambda: cognito.log_in(email=ANN, password=GOOD),
    "get_tokens_from_refresh_token": lambda: cognito.refresh(refresh_token="refresh-me"),
    "global_sign_out": lambda: cognito.log_out(access_token="token"),
    "get_user": lambda: cognito.get_profile(access_token="token"),
    "update_user_attributes": lambda: cognito.update_profile(
        caller=CALLER, access_token="token", name="Ann", email=ANN
    ),
    "verify_user_attribute": lambda: cognito.confirm_email(
        caller=CALLER, access_token="token", code="123456"
    ),
    "change_password": lambda: cognito.change_password(access_token="token", current="old", new=GOOD),
    "delete_user": lambda: cognito.delete_account(caller=CALLER, access_token="token"),
}


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True)
class SigningKey:
    """One key of a pool."""

    kid: str
    private: RSAPrivateKey = field(default_factory=lambda: generate_private_key(65537, 2048))

    def public_pem(self) -> bytes:
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def as_jwk(self, **changes: Any) -> dict[str, Any]:
        jwk = RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {
            "kty": "RSA",
            "n": jwk["n"],
            "e": jwk["e"],
            "kid": self.kid,
            "alg": "RS256",
            "use": "sig",
        } | changes

    def sign(self, signed: bytes) -> bytes:
        return self.private.sign(signed, padding.PKCS1v15(), hashes.SHA256())


def jwks(*keys: SigningKey) -> bytes:
    return json.dumps({"keys": [key.as_jwk() for key in keys]}).encode()


def access_claims(*, groups: Any = ANY, **changes: Any) -> dict[str, Any]:
    """Return the claims of a good access token; a change to ANY leaves a claim out."""
    claims = {
        "cognito:groups": groups,
        "sub": SUB,
        "iss": ISSUER,
        "token_use": "access",
        "client_id": CLIENT,
        "username": SUB,
        "iat": NOW - 60,
        "exp": NOW + 840,
        "auth_time": NOW - 60,
        "jti": "2c038230-6306-4553-bf69-ac991ca923b7",
        "scope": "aws.cognito.signin.user.admin",
    } | changes
    return {name: value for name, value in claims.items() if value is not ANY}


def make_token(key: SigningKey, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """Sign claims as Cognito would; ``header`` adds to the header, ANY leaves a member out."""
    head = {"alg": "RS256", "kid": key.kid} | (header or {})
    head = {name: value for name, value in head.items() if value is not ANY}
    return raw_token(key, header=json.dumps(head), payload=json.dumps(access_claims(**claims)))


def raw_token(key: SigningKey, *, header: str, payload: str) -> str:
    signed = f"{base64url(header.encode())}.{base64url(payload.encode())}"
    return f"{signed}.{base64url(key.sign(signed.encode()))}"


@pytest.fixture(scope="session")
def pool_key() -> SigningKey:
    """The key our pool signs with."""
    return SigningKey("pool-key=")


@pytest.fixture(scope="session")
def next_key() -> SigningKey:
    """The key our pool will sign with after a rotation."""
    return SigningKey("next-key=")


@pytest.fixture(scope="session")
def foreign_key() -> SigningKey:
    """Somebody else's key."""
    return SigningKey("foreign-key=")


@pytest.fixture
def keys(pool_key) -> KeyCache:
    """What we know of our pool's keys."""
    return KeyCache(fetch=lambda: jwks(pool_key))


@pytest.fixture(autouse=True)
def _our_pool(settings):
    settings.COGNITO_ISSUER = ISSUER
    settings.COGNITO_CLIENT_ID = CLIENT
    settings.COGNITO_CLIENT_SECRET = ""
    settings.COGNITO_ADMIN_GROUP = "admin"


@pytest.fixture(scope="session")
def one_client():
    """A client that reaches nobody; making one takes a while."""
    return boto3.session.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1"
    ).client(
        "cognito-idp",
        endpoint_url="http://cognito.invalid",
        config=Config(retries={"total_max_attempts": 1, "mode": "standard"}),
    )


@pytest.fixture
def client(one_client, monkeypatch):
    """The client that users.cognito will use."""
    monkeypatch.setattr(cognito, "cognito_client", lambda: one_client)
    return one_client


@pytest.fixture
def pool(client):
    """A user pool that answers as told, and only what it is asked for."""
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


@pytest.fixture(autouse=True)
def _no_address_remembered(monkeypatch):
    monkeypatch.setattr(cognito, "_emails", EmailCache(max_age_seconds=300, max_size=10))

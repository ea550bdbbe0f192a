"""A user pool of our own: real RSA keys, and tokens as Cognito issues them."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from tests.tokens import CLIENT, ISSUER, SUB, SigningKey, jwks
from users import cognito
from users.callers import Caller
from users.emails import EmailCache
from users.jwks import KeyCache

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

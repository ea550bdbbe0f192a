"""Make a Cognito user pool for a local stack, accounts in it, and sign them in; boto3 alone, no Django.

The settings demand a pool's id, so this runs before the shop can start. The pool has the shape of the one that
the infrastructure code makes on AWS.
"""

import base64
import contextlib
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

ACCESS_TOKEN_MINUTES = 15
CUSTOMER = "customer"
GROUPS = {
    "admin": "May change the catalogue and see every order",
    "support": "May see orders and help customers",
}


@dataclass(frozen=True)
class Pool:
    """A user pool and its one app client.

    Attributes:
        endpoint: base address of the Cognito stand-in, without a slash at the end.
        client_secret: empty if the app client has none.
    """

    endpoint: str
    pool_id: str
    client_id: str
    client_secret: str

    def environment(self) -> dict[str, str]:
        """Return the shop's settings for this pool. The issuer stays AWS's, as the stand-in writes it."""
        return {
            "COGNITO_USER_POOL_ID": self.pool_id,
            "COGNITO_CLIENT_ID": self.client_id,
            "COGNITO_CLIENT_SECRET": self.client_secret,
            "COGNITO_JWKS_URL": f"{self.endpoint}/{self.pool_id}/.well-known/jwks.json",
        }


@dataclass(frozen=True)
class Account:
    """Someone who can sign in. ``role`` is ``customer``, ``superuser``, or the name of a group."""

    role: str
    email: str
    password: str


def new_accounts() -> list[Account]:
    """Return a customer and a member of each group with random passwords, for :func:`create_account`."""
    return [
        Account(role=role, email=f"{role}@example.com", password=_new_password())
        for role in (CUSTOMER, *GROUPS)
    ]


def new_superuser() -> Account:
    """Return the back office's local superuser, who is in no pool: its name has no ``@``."""
    return Account(role="superuser", email="root", password=_new_password())


def _new_password() -> str:
    # The fixed part satisfies the password policy; no character needs quoting in a shell.
    return f"Shop-{secrets.token_hex(6)}-7"


def cognito(endpoint: str, *, region: str) -> "CognitoIdentityProviderClient":
    """Make a client for a Cognito stand-in (both keys are ``test``)."""
    return boto3.session.Session().client(
        "cognito-idp",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 (the stand-in's own, in no way secret)
        config=Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 2}, proxies={}),
    )


def create_pool(client: "CognitoIdentityProviderClient", *, with_secret: bool = True) -> Pool:
    """Create a pool whose users sign in by a verified e-mail address, with the groups of staff.

    Args:
        client: from :func:`cognito`.
        with_secret: whether the app client has a secret.
    """
    pool_id = client.create_user_pool(
        PoolName="shop",
        UsernameAttributes=["email"],
        UsernameConfiguration={"CaseSensitive": False},
        AutoVerifiedAttributes=["email"],
        UserAttributeUpdateSettings={"AttributesRequireVerificationBeforeUpdate": ["email"]},
        AccountRecoverySetting={"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]},
        Policies={
            "PasswordPolicy": {
                "MinimumLength": 8,
                "RequireUppercase": True,
                "RequireLowercase": True,
                "RequireNumbers": True,
                "RequireSymbols": True,
            }
        },
    )["UserPool"]["Id"]
    create_groups(client, pool_id=pool_id)
    app = client.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="shop",
        GenerateSecret=with_secret,
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        PreventUserExistenceErrors="ENABLED",
        EnableTokenRevocation=True,
        AccessTokenValidity=ACCESS_TOKEN_MINUTES,
        IdTokenValidity=ACCESS_TOKEN_MINUTES,
        TokenValidityUnits={"AccessToken": "minutes", "IdToken": "minutes"},
    )["UserPoolClient"]
    return Pool(
        endpoint=client.meta.endpoint_url,
        pool_id=pool_id,
        client_id=app["ClientId"],
        client_secret=app.get("ClientSecret", ""),
    )


def create_groups(client: "CognitoIdentityProviderClient", *, pool_id: str) -> None:
    """Create the groups of staff that a pool has not yet."""
    for name, description in GROUPS.items():
        with contextlib.suppress(client.exceptions.GroupExistsException):
            client.create_group(UserPoolId=pool_id, GroupName=name, Description=description)


def create_account(client: "CognitoIdentityProviderClient", *, pool: Pool, account: Account) -> None:
    """Create a confirmed user with a lasting password; all but customers join the group of their role."""
    client.admin_create_user(
        UserPoolId=pool.pool_id,
        Username=account.email,
        UserAttributes=[
            {"Name": "email", "Value": account.email},
            {"Name": "email_verified", "Value": "true"},
        ],
        MessageAction="SUPPRESS",
    )
    client.admin_set_user_password(
        UserPoolId=pool.pool_id, Username=account.email, Password=account.password, Permanent=True
    )
    if account.role != CUSTOMER:
        client.admin_add_user_to_group(
            UserPoolId=pool.pool_id, Username=account.email, GroupName=account.role
        )


def access_token(client: "CognitoIdentityProviderClient", *, pool: Pool, account: Account) -> str:
    """Sign an account in and return its access token."""
    parameters = {"USERNAME": account.email, "PASSWORD": account.password}
    if pool.client_secret:
        digest = hmac.new(
            pool.client_secret.encode(), (account.email + pool.client_id).encode(), hashlib.sha256
        )
        parameters["SECRET_HASH"] = base64.b64encode(digest.digest()).decode()
    answer = client.initiate_auth(
        AuthFlow="USER_PASSWORD_AUTH", ClientId=pool.client_id, AuthParameters=parameters
    )
    return answer["AuthenticationResult"]["AccessToken"]

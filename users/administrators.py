"""Making administrators: the one thing here that takes rights to the user pool, an operator's and not the service's.

They are ``cognito-idp:AdminGetUser``, ``AdminCreateUser``, ``AdminSetUserPassword`` and ``AdminAddUserToGroup``.
"""

import secrets
from enum import Enum

from django.conf import settings

from shop.aws import cognito_client
from users.cognito import forgot_password
from users.passwords import check_password


class Made(Enum):
    """What became of an address."""

    PROMOTED = "the account is an administrator's now"
    INVITED = "the account is new; a code was sent to the address, for POST /users/reset-password"


def make_admin(email: str) -> Made:
    """Put an account into the group of administrators; where there is none, make it and have a code sent to it.

    Harmless to repeat. Whoever reads the address's mail chooses the password; nobody else ever knows one.

    Raises:
        ClientError, BotoCoreError: Cognito refused, or did not answer. Run it again.
        DomainError: the code could not be sent; POST /users/forgot-password sends another.
    """
    client = cognito_client()
    pool = settings.COGNITO_USER_POOL_ID
    new = False
    try:
        client.admin_get_user(UserPoolId=pool, Username=email)
    except client.exceptions.UserNotFoundException:
        _make_account(email)
        new = True
    client.admin_add_user_to_group(UserPoolId=pool, Username=email, GroupName=settings.COGNITO_ADMIN_GROUP)
    if new:
        forgot_password(email=email)
    return Made.INVITED if new else Made.PROMOTED


def _make_account(email: str) -> None:
    # Not Cognito's own invitation: its first password is a challenge at sign-in, which this API does not offer.
    client = cognito_client()
    pool = settings.COGNITO_USER_POOL_ID
    client.admin_create_user(
        UserPoolId=pool,
        Username=email,
        MessageAction="SUPPRESS",
        UserAttributes=[
            {"Name": "email", "Value": email},
            {"Name": "email_verified", "Value": "true"},
            {"Name": "name", "Value": email.partition("@")[0]},
        ],
    )
    password = f"Aa1!{secrets.token_urlsafe(32)}"
    check_password(password)
    client.admin_set_user_password(UserPoolId=pool, Username=email, Password=password, Permanent=True)

"""The only code of the service that uses an operator's rights to the user pool: look an account up, shut it out, let it in.

They are ``cognito-idp:AdminGetUser``, ``AdminListGroupsForUser``, ``ListUsersInGroup``, ``AdminDisableUser``,
``AdminEnableUser`` and ``AdminUserGlobalSignOut``; deploy/stacks/grants.py gives them to the web tasks alone. No
password, group or profile is ever changed here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from shop.aws import cognito_client
from users.refusals import Translation, translated

CONFIRMED = "CONFIRMED"


class NoSuchAccount(Exception):
    """The pool has no such account. Never leaves the room."""


_NOBODY: Mapping[str, Translation] = dict.fromkeys(
    ("UserNotFoundException", "InvalidParameterException"), lambda message: NoSuchAccount(message)
)


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account as the pool knows it.

    Attributes:
        username: Cognito's name for it (the sub, in a pool that signs in by e-mail).
        status: Cognito's word; ``CONFIRMED`` may sign in.
        enabled: False once somebody shut it out.
    """

    sub: str
    username: str
    email: str
    email_verified: bool
    name: str
    status: str
    enabled: bool
    created_at: datetime
    changed_at: datetime


def find_account(name: str) -> Account | None:
    """Look an account up by its e-mail address, sub or user name.

    Raises:
        TooManyRequestsError, IdentityUnavailable: Cognito did not answer.
    """
    try:
        with translated("AdminGetUser", _NOBODY):
            answer = cognito_client().admin_get_user(UserPoolId=settings.COGNITO_USER_POOL_ID, Username=name)
    except NoSuchAccount:
        return None
    attributes = {each["Name"]: each.get("Value", "") for each in answer.get("UserAttributes", [])}
    return Account(
        sub=attributes.get("sub", answer["Username"]),
        username=answer["Username"],
        email=attributes.get("email", "").lower(),
        email_verified=attributes.get("email_verified") == "true",
        name=attributes.get("name", ""),
        status=answer["UserStatus"],
        enabled=answer["Enabled"],
        created_at=answer["UserCreateDate"],
        changed_at=answer["UserLastModifiedDate"],
    )


def groups_of(username: str) -> frozenset[str]:
    """Return the names of an account's groups.

    Raises:
        TooManyRequestsError, IdentityUnavailable: Cognito did not answer.
    """
    pages = cognito_client().get_paginator("admin_list_groups_for_user")
    try:
        with translated("AdminListGroupsForUser", _NOBODY):
            answers = list(pages.paginate(UserPoolId=settings.COGNITO_USER_POOL_ID, Username=username))
    except NoSuchAccount:
        return frozenset()
    return frozenset(group["GroupName"] for answer in answers for group in answer["Groups"])


def others_in(group: str, *, than: str) -> bool:
    """Tell whether a group has a member besides this account who can sign in.

    Args:
        group: the group's name.
        than: a sub.

    Raises:
        TooManyRequestsError, IdentityUnavailable: Cognito did not answer.
    """
    pages = cognito_client().get_paginator("list_users_in_group")
    with translated("ListUsersInGroup"):
        for answer in pages.paginate(UserPoolId=settings.COGNITO_USER_POOL_ID, GroupName=group):
            for user in answer["Users"]:
                attributes = {each["Name"]: each.get("Value") for each in user.get("Attributes", [])}
                usable = user.get("Enabled") and user.get("UserStatus") == CONFIRMED
                if usable and attributes.get("sub", user["Username"]) != than:
                    return True
    return False


def disable(username: str) -> None:
    """Shut an account out: it cannot sign in or refresh, and Cognito takes its tokens no more. Harmless to repeat.

    Raises:
        TooManyRequestsError, IdentityUnavailable: it may or may not have been done; do it again.
    """
    with translated("AdminDisableUser"):
        cognito_client().admin_disable_user(UserPoolId=settings.COGNITO_USER_POOL_ID, Username=username)
    with translated("AdminUserGlobalSignOut"):
        cognito_client().admin_user_global_sign_out(
            UserPoolId=settings.COGNITO_USER_POOL_ID, Username=username
        )


def enable(username: str) -> None:
    """Let an account in again. Harmless to repeat.

    Raises:
        TooManyRequestsError, IdentityUnavailable: it may or may not have been done; do it again.
    """
    with translated("AdminEnableUser"):
        cognito_client().admin_enable_user(UserPoolId=settings.COGNITO_USER_POOL_ID, Username=username)

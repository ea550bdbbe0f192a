"""Shutting a customer out, and letting them in again: what staff may do to an account, with its guards."""

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import transaction

from shop.errors import RetryLater
from users import directory, disabled, staff
from users.directory import Account


class NotAllowed(Exception):
    """A guard stands against it; the message says which, to staff."""


def disable(account: Account, *, by: User) -> None:
    """Shut an account out for good, until :func:`enable`. Harmless to repeat.

    No new tokens from now on; Cognito takes the old ones no more; the API refuses them within
    ``DISABLED_CHECK_SECONDS``; a session in the back office ends with its next request.

    Args:
        account: whose.
        by: the member of staff who does it.

    Raises:
        NotAllowed: it is one's own, or the last administrator's.
        TooManyRequestsError, IdentityUnavailable: it may or may not have been done; do it again.
    """
    me = staff.membership(by)
    if me is not None and me.sub == account.sub:
        raise NotAllowed("This is your own account; ask a colleague.")
    is_admin = settings.COGNITO_ADMIN_GROUP in directory.groups_of(account.username)
    try:
        if is_admin:
            _disable_an_administrator(account, me=me.username if me else None)
        else:
            directory.disable(account.username)
    except RetryLater:  # perhaps done, and then the page offers only to let them in again
        disabled.remember(account.sub)
        raise
    disabled.remember(account.sub)
    if (member := staff.member_of(account.sub)) is not None:
        staff.take_away(member.user)


@transaction.atomic
def _disable_an_administrator(account: Account, *, me: str | None) -> None:
    """One at a time: two administrators who disable each other would leave none."""
    Group.objects.select_for_update().get(name=staff.ADMIN)
    if me is not None and not _is_enabled(me):
        raise NotAllowed("Your own account was disabled meanwhile.")
    if not directory.others_in(settings.COGNITO_ADMIN_GROUP, than=account.sub):
        raise NotAllowed("This is the last administrator; make another one first.")
    directory.disable(account.username)


def _is_enabled(username: str) -> bool:
    account = directory.find_account(username)
    return account is not None and account.enabled


def enable(account: Account) -> None:
    """Let an account in again; it has to sign in anew. Harmless to repeat.

    Raises:
        TooManyRequestsError, IdentityUnavailable: it may or may not have been done; do it again.
    """
    directory.enable(account.username)

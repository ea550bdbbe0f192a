"""Who of the user pool is staff, as what, and still: the only code that makes Django users of accounts of the pool.

The pool says who somebody is and which role they have; Django's user is a copy, made anew at each sign-in, under the
account's ``sub``. It has no password, and nothing that is set by hand in Django's tables outlives the next sign-in.
"""

from dataclasses import dataclass
from typing import cast

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction

from users import cognito, directory
from users.models import StaffMember
from users.tokens import verify_access_token

ADMIN, SUPPORT = "admin", "support"
"""Names of Django's groups; what each may do is written in :mod:`orders.backoffice.roles`."""


class NoRole(Exception):
    """The password is right, but the account belongs to no member of staff. Never told to who signs in."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Whom the pool vouches for."""

    sub: str
    username: str
    email: str
    name: str
    roles: frozenset[str]


def roles_of(groups: frozenset[str]) -> frozenset[str]:
    """Return the roles that the pool's groups stand for."""
    names = {settings.COGNITO_ADMIN_GROUP: ADMIN, settings.COGNITO_SUPPORT_GROUP: SUPPORT}
    return frozenset(names[group] for group in groups & names.keys())


def sign_in(*, email: str, password: str) -> User:
    """Return the Django user of a member of staff, made or set right by what the pool says now.

    The tokens are judged and dropped: a session of the back office holds none.

    Raises:
        InvalidCredentials, UserNotConfirmed, PasswordResetRequired, ChallengeRequired: as :func:`users.cognito.log_in`.
        NoRole: an account without a role.
        TooManyRequestsError, IdentityUnavailable: Cognito did not answer.
    """
    tokens = cognito.log_in(email=email, password=password)
    claims = verify_access_token(tokens.access_token)
    roles = roles_of(claims.groups)
    if not roles:
        _take_away(claims.sub)
        raise NoRole
    profile = cognito.get_profile(access_token=tokens.access_token)
    person = Person(
        sub=claims.sub, username=claims.username, email=profile.email, name=profile.name, roles=roles
    )
    try:
        return _admit(person)
    except IntegrityError:  # the same person, for the first time, twice at once
        return _admit(person)


@transaction.atomic
def _admit(person: Person) -> User:
    member = StaffMember.objects.select_for_update().select_related("user").filter(pk=person.sub).first()
    user = member.user if member else User()
    if member is None:
        user.set_unusable_password()
    user.username = _free_name(person, user)
    user.email, user.first_name, user.last_name = person.email[:254], person.name[:150], ""
    user.is_active = user.is_staff = True
    user.is_superuser = False
    user.save()
    StaffMember.objects.update_or_create(pk=person.sub, defaults={"user": user, "username": person.username})
    user.user_permissions.clear()
    _set_roles(user, person.roles)
    return user


def _free_name(person: Person, user: User) -> str:
    """Return the name that colleagues see: the address, unless a local account or somebody else has it."""
    name = person.email[:130] or person.sub
    if User.objects.filter(username=name).exclude(pk=user.pk).exists():
        return f"{name} ({person.sub[:8]})"
    return name


def _set_roles(user: User, roles: frozenset[str]) -> bool:
    """Give exactly these roles; return whether they were others before."""
    before = set(user.groups.values_list("name", flat=True))
    if before == roles:
        return False
    user.groups.set(Group.objects.filter(name__in=roles))
    return True


# ---- While a session goes on -------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How the pool sees a member of staff now.

    Attributes:
        lost: why there is no access any more; empty if there is.
        changed: whether the roles are others than before.
        roles: what they are now.
    """

    lost: str = ""
    changed: bool = False
    roles: frozenset[str] = frozenset()


def look_again(member: StaffMember) -> Standing:
    """Ask the pool about a member of staff and set the Django user right at once.

    Raises:
        TooManyRequestsError, IdentityUnavailable: Cognito did not answer; nothing was changed.
    """
    account = directory.find_account(member.username)
    lost = _why_lost(account, member)
    roles = frozenset[str]() if lost else roles_of(directory.groups_of(member.username))
    if not roles:
        take_away(member.user)
        return Standing(lost=lost or "no role any more")
    return Standing(changed=_set_roles(member.user, roles), roles=roles)


def _why_lost(account: directory.Account | None, member: StaffMember) -> str:
    if account is None or account.sub != member.sub:
        return "the account is gone"
    if not account.enabled:
        return "the account is disabled"
    return "" if account.status == directory.CONFIRMED else "the account must be confirmed anew"


def take_away(user: User) -> None:
    """Take all rights from a Django user of the pool, and end every session: a new password, even a void one, does."""
    user.is_staff = user.is_superuser = False
    user.set_unusable_password()
    user.save(update_fields=["is_staff", "is_superuser", "password"])
    user.groups.clear()


def _take_away(sub: str) -> None:
    if (member := member_of(sub)) is not None and member.user.is_staff:
        take_away(member.user)


def member_of(sub: str) -> StaffMember | None:
    """Return the tie of an account of the pool, if it was ever staff."""
    return StaffMember.objects.select_related("user").filter(pk=sub).first()


def membership(user: User) -> StaffMember | None:
    """Return a Django user's tie to the pool; None for a local account."""
    return cast("StaffMember | None", getattr(user, "staff_member", None))

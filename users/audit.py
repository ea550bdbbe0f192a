"""The audit log of staff: the only code that writes and forgets its lines.

A stranger's e-mail address is masked as in the server's log, and of a network address only its network is kept: both
tell an office from the rest of the world, and neither tells of a person.
"""

import ipaddress
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, cast

import structlog
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone
from structlog.contextvars import get_contextvars

from shop.logging import mask
from users.models import StaffEvent

log = structlog.get_logger("users.staff")

Kind = StaffEvent.Kind
EVENTS_PER_DELETE = 1000
PREFIXES = {4: 24, 6: 48}  # what of an address is kept
_MASKED_ADDRESS = re.compile(r"\S\*{3}@\S+")  # and nothing around it

_network: ContextVar[str] = ContextVar("network_of_staff", default="")


@contextmanager
def coming_from(address: str) -> Iterator[None]:
    """Note where the present request comes from, for the lines that are written inside."""
    token = _network.set(_network_of(address))
    try:
        yield
    finally:
        _network.reset(token)


def _network_of(address: str) -> str:
    """Return the network of an address or of a network; empty if it is neither."""
    try:
        found = ipaddress.ip_network(address, strict=False)
    except ValueError:
        return ""
    return str(found.supernet(new_prefix=min(PREFIXES[found.version], found.prefixlen)))


def write(
    kind: StaffEvent.Kind, *, user: User | None, who: str = "", about: str = "", details: str = ""
) -> None:
    """Add a line.

    Args:
        kind: what happened.
        user: the member of staff; None for a stranger.
        who: the name that a stranger gave, which may be anything.
        about: what it was done to, in words.
        details: what was done, and why; masked.
    """
    name = user.get_username() if user else _strangers_name(who)
    StaffEvent.objects.create(
        kind=kind,
        user=user,
        who=name[:254],
        network=_network.get(),
        about=mask(about)[:200],
        details=mask(details)[:1000],
        request_id=str(get_contextvars().get("request_id", ""))[:128],
    )
    log.info("staff", what=str(kind), user_id=user.pk if user else None, about=about, details=details)


def write_export(about: str, *, request: HttpRequest) -> None:
    """Add a line: who takes which rows away, as the parameters of their request narrow them down."""
    chosen = ", ".join(f"{name}: {value}" for name, value in request.GET.items() if value)
    write(Kind.EXPORTED, user=cast(User, request.user), about=about, details=chosen)


def _strangers_name(who: str) -> str:
    """Return what may be kept of a name that nobody here has: people type passwords into the wrong field."""
    masked = mask(who)
    return masked if _MASKED_ADDRESS.fullmatch(masked) else "an unknown name"


def copy_admin_log(*, instance: LogEntry, created: bool, raw: bool = False, **_: Any) -> None:
    """Add a line for each entry of Django's own log of what staff do (a receiver of ``post_save``)."""
    if created and not raw:
        write(
            Kind.ACTED,
            user=instance.user,
            about=instance.object_repr,
            details=instance.get_change_message(),
        )


def forget_old_events() -> int:
    """Delete lines older than ``STAFF_LOG_DAYS``, and sessions that are over; return how many lines.

    In small bites, so that no delete holds locks for long.
    """
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    old = StaffEvent.objects.filter(created_at__lt=timezone.now() - timedelta(days=settings.STAFF_LOG_DAYS))
    deleted = 0
    while numbers := list(old.order_by("created_at").values_list("pk", flat=True)[:EVENTS_PER_DELETE]):
        deleted += StaffEvent.objects.filter(pk__in=numbers).delete()[0]
    return deleted

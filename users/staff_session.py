"""A session of the back office: how long it lasts, and that it ends when the pool takes its owner's access away.

The pool is asked every few minutes. Where it does not answer, a session goes on for a while, and then waits: nobody is
let in on an old word, and nobody is signed out by an outage.
"""

import time
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from shop.client_address import client_address
from shop.errors import TooManyRequestsError
from shop.exception_handler import problem_response
from users import audit, staff
from users.audit import Kind
from users.errors import IdentityUnavailable

BACK_OFFICE = "/admin/"
RECORD = "staff"
LONGEST_SECONDS = 10 * 3600  # a working day; then one signs in again, however busy
ASK_EVERY_SECONDS = 180
TRY_EVERY_SECONDS = 30  # while there is no answer: each try may take seconds
BELIEVE_SECONDS = 900  # without an answer for so long, the session waits

UNKNOWN = "The identity service does not answer, so nobody can tell whether you may still be here. Your session waits; try again in a moment."


def begin(request: HttpRequest) -> None:
    """Start the clock of a session that was just signed in."""
    now = _now()
    request.session[RECORD] = {"since": now, "asked": now, "tried": now}


class StaffSessionMiddleware:
    """Stands behind Django's own sessions and users; looks at the back office alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let the request through, unless its session is over or cannot be vouched for."""
        if not request.path.startswith(BACK_OFFICE):
            return self.get_response(request)
        with audit.coming_from(client_address(request.META)):
            return self._refusal(request) or self.get_response(request)

    def _refusal(self, request: HttpRequest) -> HttpResponse | None:
        leaving = request.path in {reverse("admin:logout"), reverse("admin:login")}
        if leaving or not request.user.is_authenticated:
            return None
        user = request.user
        member = staff.membership(user)
        record = request.session.get(RECORD)
        if record is None:
            return _end(request, user, "the session has no beginning") if member else None
        now = _now()
        if now - record["since"] >= LONGEST_SECONDS:
            return _end(request, user, "the session was too long")
        if now - max(record["asked"], record["tried"]) >= _pause(record):
            standing = _ask(member)
            # Also writes the session, and so moves the end of an idle one.
            request.session[RECORD] = record = {
                **record,
                "tried": now,
                "asked": now if standing else record["asked"],
            }
            if standing and standing.lost:
                return _end(request, user, standing.lost)
            if standing and standing.changed:
                roles = " and ".join(sorted(standing.roles))
                audit.write(Kind.ROLE_CHANGED, user=user, details=f"now {roles}")
        return _wait(request) if now - record["asked"] >= BELIEVE_SECONDS else None


def _pause(record: dict[str, int]) -> int:
    return ASK_EVERY_SECONDS if record["tried"] <= record["asked"] else TRY_EVERY_SECONDS


def _ask(member: Any) -> staff.Standing | None:
    """Return how the pool sees them now; None if it does not answer. A local account has nobody to ask."""
    if member is None:
        return staff.Standing()
    try:
        return staff.look_again(member)
    except (IdentityUnavailable, TooManyRequestsError):
        return None


def _end(request: HttpRequest, user: User, why: str) -> HttpResponse:
    audit.write(Kind.ACCESS_LOST, user=user, details=why)
    logout(request)
    messages.warning(request, f"You were signed out: {why}.")
    return redirect_to_login(request.get_full_path(), reverse("admin:login"))


def _wait(request: HttpRequest) -> HttpResponse:
    return problem_response(request, IdentityUnavailable(UNKNOWN, retry_after_seconds=TRY_EVERY_SECONDS))


def _now() -> int:
    return int(time.time())

"""Signing in to the back office and out of it, within the limits of every sign-in.

A name with an ``@`` belongs to an account of the user pool; any other to a local account of Django's, where
``STAFF_LOCAL_ACCOUNTS`` allows them. So no password is ever tried at both.
"""

import math
from datetime import timedelta
from typing import Any, cast

from csp.constants import SELF
from csp.decorators import csp_replace
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from unfold.forms import AuthenticationForm

from shop.errors import RetryLater
from shop.exception_handler import for_people, problem_response
from users import audit, limits, staff, staff_session
from users.audit import Kind
from users.errors import (
    ChallengeRequired,
    InvalidCredentials,
    InvalidToken,
    PasswordResetRequired,
    UserNotConfirmed,
)
from users.serializers import LogInInput

# The same for all that a stranger may not tell apart: an address without an account, a wrong password, an account
# that is not confirmed (Cognito says so before it looks at the password), disabled, or nobody of staff.
NOT_LET_IN = (
    "This name and password do not let you in. Check both. The account must be confirmed, and belong to staff. "
    "After several wrong tries, wait a quarter of an hour."
)
# Cognito says these only to who knows the password.
CHALLENGED = (
    "This account needs a further step before it can sign in: a password of its own instead of the first one, or a "
    "second factor, which is not offered here. Nobody was signed in. Ask an administrator of the user pool."
)
RESET_NEEDED = "This account needs a new password: ask for a code with POST /users/forgot-password, then POST /users/reset-password."


class SignInForm(AuthenticationForm):  # type: ignore[misc]  # the theme has no types
    """Looks at a password only if the account and the client's address have a try left.

    Attributes:
        refusal: why the password was not looked at, and when to come back.
    """

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": NOT_LET_IN,
        "inactive": NOT_LET_IN,
    }
    refusal: RetryLater | None = None

    def __init__(self, request: HttpRequest | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        field = self.fields["username"]
        field.label, field.max_length = "E-mail address", 254
        field.widget.attrs |= {"maxlength": 254, "autocomplete": "username", "autocapitalize": "none"}

    def clean(self) -> Any:
        """Return the fields, if the password is right."""
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not name or not password:
            return self.cleaned_data
        try:
            with limits.password_try(cast(HttpRequest, self.request), account=_account_of(name)):
                return self._signed_in(name, password)
        except RetryLater as refusal:
            self.refusal = refusal
            raise ValidationError(_come_back(refusal), code="come_back") from refusal

    def _signed_in(self, name: str, password: str) -> Any:
        """Look at the password; write down who was refused, and why, which is told to nobody else.

        Raises:
            ValidationError: refused.
            RetryLater: Cognito did not answer.
        """
        if "@" not in name:
            return self._signed_in_locally(name)
        try:
            self.user_cache = staff.sign_in(**self._asked(name, password))
        except InvalidCredentials as refusal:
            raise self._refused(name, "wrong address or password, or disabled") from refusal
        except UserNotConfirmed as refusal:
            raise self._refused(name, "not confirmed") from refusal
        except staff.NoRole as refusal:
            raise self._refused(name, "no role") from refusal
        except (
            InvalidToken
        ) as refusal:  # the settings name another pool, or the account was deleted this moment
            raise self._refused(name, "its token does not count") from refusal
        except ChallengeRequired as refusal:
            raise self._refused(name, "a further step is needed", words=CHALLENGED) from refusal
        except PasswordResetRequired as refusal:
            raise self._refused(name, "the password must be reset", words=RESET_NEEDED) from refusal
        return self.cleaned_data

    def _asked(self, name: str, password: str) -> Any:
        """Return what the pool may be asked. Of other values than the API takes, Cognito speaks as of a fault of ours.

        Raises:
            ValidationError: refused.
        """
        asked = LogInInput(data={"email": name, "password": password})
        if not asked.is_valid():
            raise self._refused(name, "no address, or no password of the pool's")
        return asked.validated_data

    def _signed_in_locally(self, name: str) -> Any:
        try:
            return super().clean()
        except ValidationError:
            raise self._refused(name, "local account") from None

    def _refused(self, name: str, why: str, *, words: str = NOT_LET_IN) -> ValidationError:
        known = User.objects.filter(username=_address(name)).first()
        audit.write(Kind.REFUSED, user=known, who=name, details=why)
        return ValidationError(words, code="invalid_login")


def _address(name: str) -> str:
    return name.strip().lower()


def _account_of(name: str) -> str:
    """Return what tries are counted by: with ``POST /users/login`` for an address of the pool, else by itself.

    The database finds a local account also under its name in other letters.
    """
    if "@" in name:
        return _address(name)
    found = User.objects.filter(username=name).values_list("pk", flat=True).first()
    return f"staff {found or name.casefold()}"


def _come_back(refusal: RetryLater) -> str:
    """Say when, in words and by the clock."""
    seconds = refusal.retry_after_seconds
    minutes = math.ceil(seconds / 60)
    at = timezone.now() + timedelta(seconds=seconds)
    wait = f"{minutes} minutes" if minutes > 1 else f"{seconds} seconds"
    return f"{refusal.message.partition(';')[0].rstrip('.')}. Try again in {wait}, at {at:%H:%M:%S} UTC."


@csp_replace({"script-src": [SELF]})  # the page is not the theme's, which makes code of text
def sign_in(request: HttpRequest) -> HttpResponse:
    """Show the form, or sign in."""
    response = admin.site.login(request)
    if request.method == "POST" and response.status_code == 302:
        staff_session.begin(request)
        audit.write(Kind.SIGNED_IN, user=cast(User, request.user))
    form = (getattr(response, "context_data", None) or {}).get("form")
    refusal = getattr(form, "refusal", None)
    if refusal is None:
        return response
    problem = problem_response(request, refusal)
    if not for_people(request):
        return problem
    response.status_code = problem.status_code
    response["Retry-After"] = problem["Retry-After"]
    return response


def sign_out(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """End the session, and write down whose it was."""
    user = request.user
    response = _django_sign_out(request, extra_context)
    if not user.is_authenticated or request.user.is_authenticated:
        return response
    audit.write(Kind.SIGNED_OUT, user=user)
    messages.success(request, "You are signed out.")
    return redirect("admin:login")


_django_sign_out = admin.site.logout
admin.site.login_form = SignInForm
admin.site.logout = sign_out  # type: ignore[method-assign, assignment]  # the site asks itself for it when it makes its addresses

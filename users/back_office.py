"""Signing in to the back office: Django's own form and accounts, within the limits of every sign-in."""

from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse

from shop.errors import RetryLater
from shop.exception_handler import problem_response
from users import limits


class SignInForm(AdminAuthenticationForm):
    """Looks at a password only if the account and the client's address have a try left."""

    def clean(self) -> dict[str, Any]:
        """Return the fields, if the password is right.

        Raises:
            TooManyRequestsError, LimitsUnavailable: the password is not looked at.
        """
        name = self.cleaned_data.get("username")
        if not name or not self.cleaned_data.get("password"):
            return super().clean()
        with limits.password_try(cast(HttpRequest, self.request), account=_account_of(name)):
            return super().clean()


def _account_of(name: str) -> str:
    """Return what tries are counted by. The database finds an account also under its name in other letters."""
    found = get_user_model().objects.filter(username=name).values_list("pk", flat=True).first()
    return f"staff {found or name.casefold()}"


admin.site.login_form = SignInForm


def sign_in(request: HttpRequest) -> HttpResponse:
    """Show the form, or sign in."""
    try:
        return admin.site.login(request)
    except RetryLater as refusal:
        return problem_response(request, refusal)

"""The signed-in user's own account over HTTP."""

from typing import Any, cast

from drf_spectacular.utils import OpenApiExample
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shop.schema import describe
from users import cognito, limits
from users.base_views import ANY_CALL, EXAMPLE_PASSWORD, LIMITED_CALL, done, read
from users.callers import Caller
from users.errors import (
    CodeExpired,
    CodeMismatch,
    CodeNotSent,
    EmailTaken,
    InvalidToken,
    ValueRefused,
    WeakPassword,
    WrongPassword,
)
from users.permissions import IsSignedIn
from users.serializers import (
    ChangePasswordInput,
    ConfirmEmailInput,
    MessageAnswer,
    UpdateMeInput,
    UserAnswer,
    UserChangedAnswer,
)
from users.tokens import Claims

TOKEN_CALL = (InvalidToken, *ANY_CALL)
LIMITED_TOKEN_CALL = (InvalidToken, *LIMITED_CALL)


class AccountView(APIView):
    """For the signed-in user."""

    permission_classes = (IsSignedIn,)


def _caller(request: Request) -> tuple[Caller, str]:
    """Return the caller and the access token, which IsSignedIn has seen to."""
    claims = cast(Claims, request.auth)
    return claims.caller, claims.access_token


def _user(request: Request) -> dict[str, Any]:
    caller, access_token = _caller(request)
    profile = cognito.get_profile(access_token=access_token)
    return {
        "userId": caller.sub,
        "email": profile.email,
        "name": profile.name,
        "emailVerified": profile.email_verified,
        "groups": sorted(caller.groups),
    }


class LogOutView(AccountView):
    """Signing out."""

    @describe(
        operation_id="log_out",
        success={200: (MessageAnswer, "Every refresh token of the user is revoked.")},
        errors=[*TOKEN_CALL],
    )
    def post(self, request: Request) -> Response:
        """Sign out everywhere. Access tokens end by themselves, within 15 minutes."""
        cognito.log_out(access_token=_caller(request)[1])
        return done("Logged out")


class ChangePasswordView(AccountView):
    """A new password for those who know theirs."""

    @describe(
        operation_id="change_password",
        request=ChangePasswordInput,
        success={200: (MessageAnswer, "The new password counts.")},
        errors=[WeakPassword, WrongPassword, ValueRefused, *LIMITED_TOKEN_CALL],
        examples=[
            OpenApiExample("Both", value={"currentPassword": EXAMPLE_PASSWORD, "newPassword": "N3w!passw"})
        ],
    )
    def post(self, request: Request) -> Response:
        """Change the password."""
        body = read(request, ChangePasswordInput)
        caller, access_token = _caller(request)
        with limits.password_try(request, account=caller.sub):
            cognito.change_password(
                access_token=access_token, current=body["currentPassword"], new=body["newPassword"]
            )
        return done("Password changed")


class MeView(AccountView):
    """The signed-in user."""

    @describe(
        operation_id="get_me",
        success={200: (UserAnswer, "The account behind the token.")},
        errors=[*TOKEN_CALL],
    )
    def get(self, request: Request) -> Response:
        """Read one's own account."""
        return Response({"success": True, "user": _user(request)})

    @describe(
        operation_id="update_me",
        request=UpdateMeInput,
        success={200: (UserChangedAnswer, "Changed; a new address first waits for its code.")},
        errors=[ValueRefused, EmailTaken, CodeNotSent, *LIMITED_TOKEN_CALL],
        examples=[OpenApiExample("A new name", value={"name": "Jo Roe"})],
    )
    def patch(self, request: Request) -> Response:
        """Change the fields that are sent; the others stay."""
        body = read(request, UpdateMeInput)
        caller, access_token = _caller(request)
        if "email" in body:  # it is sent a code, or found to be taken
            limits.spend_code(request, account=caller.sub)
        cognito.update_profile(
            caller=caller, access_token=access_token, name=body.get("name"), email=body.get("email")
        )
        user = _user(request)
        if body.get("email") in {None, user["email"]}:
            return Response({"success": True, "message": "Account updated", "user": user})
        message = "Confirm the new address with the code sent to it: POST /users/me/confirm-email"
        return Response({"success": True, "message": message, "user": user, "pendingEmail": body["email"]})

    @describe(
        operation_id="delete_me",
        success={200: (MessageAnswer, "The account is gone; its past orders keep what they recorded.")},
        errors=[*TOKEN_CALL],
    )
    def delete(self, request: Request) -> Response:
        """Delete one's own account for good."""
        caller, access_token = _caller(request)
        cognito.delete_account(caller=caller, access_token=access_token)
        return done("Account deleted")


class ConfirmEmailView(AccountView):
    """Confirmation of a changed address."""

    @describe(
        operation_id="confirm_new_email",
        request=ConfirmEmailInput,
        success={200: (UserChangedAnswer, "The new address counts.")},
        errors=[CodeMismatch, CodeExpired, ValueRefused, EmailTaken, *LIMITED_TOKEN_CALL],
        examples=[OpenApiExample("The code", value={"code": "123456"})],
    )
    def post(self, request: Request) -> Response:
        """Confirm a changed address with the code that was sent to it."""
        body = read(request, ConfirmEmailInput)
        caller, access_token = _caller(request)
        limits.spend_code(request, account=caller.sub)
        cognito.confirm_email(caller=caller, access_token=access_token, code=body["code"])
        return Response({"success": True, "message": "Address confirmed", "user": _user(request)})

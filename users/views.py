"""Accounts over HTTP, for those who cannot show a token yet: signing up, in, and back in."""

from drf_spectacular.utils import OpenApiExample
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shop.schema import Link, describe
from users import cognito, limits
from users.accounts import Tokens
from users.base_views import ANY_CALL, EXAMPLE_PASSWORD, LIMITED_CALL, done, read
from users.errors import (
    ChallengeRequired,
    CodeExpired,
    CodeMismatch,
    CodeNotSent,
    EmailTaken,
    InvalidCredentials,
    InvalidRefreshToken,
    PasswordResetRequired,
    UserNotConfirmed,
    ValueRefused,
    WeakPassword,
)
from users.serializers import (
    ConfirmInput,
    EmailInput,
    LogInInput,
    MessageAnswer,
    NewUserOutput,
    RefreshInput,
    ResetPasswordInput,
    SignedUpAnswer,
    SignUpInput,
    TokensAnswer,
)

EMAIL = "customer@example.com"
_SAME_EMAIL = {"email": "$request.body#/email"}
_SIGNED_IN = "With `Authorization: Bearer` and the `accessToken` of this answer."
SIGNED_IN_CALLS = [
    Link("get_me", words=_SIGNED_IN),
    Link("log_out", words=_SIGNED_IN),
    Link("refresh_tokens", body={"refreshToken": "$response.body#/refreshToken"}),
]


class PublicView(APIView):
    """For those who cannot show a token yet; one that has run out does not stop them from getting another."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


def _tokens(message: str, tokens: Tokens) -> Response:
    return Response(
        {
            "success": True,
            "message": message,
            "accessToken": tokens.access_token,
            "idToken": tokens.id_token,
            "refreshToken": tokens.refresh_token,
            "expiresIn": tokens.expires_in,
            "tokenType": tokens.token_type,
        }
    )


class SignUpView(PublicView):
    """New accounts."""

    @describe(
        operation_id="sign_up",
        request=SignUpInput,
        success={201: (SignedUpAnswer, "The account is made; a code is on its way to the address.")},
        errors=[WeakPassword, ValueRefused, EmailTaken, CodeNotSent, *LIMITED_CALL],
        examples=[
            OpenApiExample(
                "A customer", value={"email": EMAIL, "password": EXAMPLE_PASSWORD, "name": "Jo Doe"}
            )
        ],
        links=[
            Link(
                "confirm_sign_up",
                body={**_SAME_EMAIL, "code": "123456"},
                words="With the code from the e-mail.",
            ),
            Link("resend_code", body=_SAME_EMAIL),
        ],
        auth=False,
    )
    def post(self, request: Request) -> Response:
        """Make an account."""
        body = read(request, SignUpInput)
        limits.spend_sign_up(request)
        account = cognito.sign_up(**body)
        user = {
            "sub": account.sub,
            "email": body["email"],
            "name": body["name"],
            "confirmed": account.confirmed,
        }
        answer = {
            "success": True,
            "message": "Account created. Confirm the address with the code we sent: POST /users/confirm",
            "user": NewUserOutput(user).data,
        }
        return Response(answer, status=201)


class ConfirmView(PublicView):
    """Confirmation of a new account's address."""

    @describe(
        operation_id="confirm_sign_up",
        request=ConfirmInput,
        success={200: (MessageAnswer, "Confirmed; the account can sign in.")},
        errors=[CodeMismatch, CodeExpired, ValueRefused, *LIMITED_CALL],
        examples=[OpenApiExample("The code", value={"email": EMAIL, "code": "123456"})],
        auth=False,
    )
    def post(self, request: Request) -> Response:
        """Confirm the address with the code that was sent to it."""
        body = read(request, ConfirmInput)
        limits.spend_code(request, account=body["email"])
        cognito.confirm(**body)
        return done("Address confirmed. Sign in with POST /users/login")


class ResendCodeView(PublicView):
    """New sign-up codes."""

    @describe(
        operation_id="resend_code",
        request=EmailInput,
        success={202: (MessageAnswer, "The same whatever the address.")},
        errors=[*LIMITED_CALL],
        examples=[OpenApiExample("An address", value={"email": EMAIL})],
        auth=False,
    )
    def post(self, request: Request) -> Response:
        """Send the sign-up code again."""
        body = read(request, EmailInput)
        limits.spend_code(request, account=body["email"])
        cognito.resend_code(**body)
        return done("If an account waits for its code, a new one is on its way.", status=202)


class LogInView(PublicView):
    """Signing in."""

    @describe(
        operation_id="log_in",
        request=LogInInput,
        success={200: (TokensAnswer, "Signed in.")},
        errors=[
            InvalidCredentials,
            UserNotConfirmed,
            PasswordResetRequired,
            ChallengeRequired,
            *LIMITED_CALL,
        ],
        examples=[OpenApiExample("A customer", value={"email": EMAIL, "password": EXAMPLE_PASSWORD})],
        links=SIGNED_IN_CALLS,
        auth=False,
    )
    def post(self, request: Request) -> Response:
        """Sign in with e-mail address and password."""
        body = read(request, LogInInput)
        with limits.password_try(request, account=body["email"]):
            tokens = cognito.log_in(**body)
        return _tokens("Login successful", tokens)


class RefreshView(PublicView):
    """Staying signed in."""

    @describe(
        operation_id="refresh_tokens",
        request=RefreshInput,
        success={200: (TokensAnswer, "New tokens, and the refresh token in force from now on.")},
        errors=[InvalidRefreshToken, *ANY_CALL],
        links=SIGNED_IN_CALLS,
        auth=False,
    )
    def post(self, request: Request) -> Response:
        """Exchange a refresh token for new tokens."""
        body = read(request, RefreshInput)
        return _tokens("Tokens refreshed", cognito.refresh(refresh_token=body["refreshToken"]))


class ForgotPasswordView(PublicView):
    """Codes for those who forgot their password."""

    @describe(
        operation_id="forgot_password",
        request=EmailInput,
        success={202: (MessageAnswer, "The same whatever the address.")},
        errors=[*LIMITED_CALL],
        examples=[OpenApiExample("An address", value={"email": EMAIL})],
        auth=False,
    )
    def post(self, request: Request) -> Response:
        """Send a code that allows a new password."""
        body = read(request, EmailInput)
        limits.spend_code(request, account=body["email"])
        cognito.forgot_password(**body)
        return done("If the account exists, a code is on its way: POST /users/reset-password", status=202)


class ResetPasswordView(PublicView):
    """A new password for those who forgot theirs."""

    @describe(
        operation_id="reset_password",
        request=ResetPasswordInput,
        success={200: (MessageAnswer, "The new password counts.")},
        errors=[WeakPassword, CodeMismatch, ValueRefused, *LIMITED_CALL],
        examples=[
            OpenApiExample("The code", value={"email": EMAIL, "code": "654321", "password": "N3w!passw"})
        ],
        auth=False,
    )
    def post(self, request: Request) -> Response:
        """Set a new password with the code that was sent."""
        body = read(request, ResetPasswordInput)
        limits.spend_code(request, account=body["email"])
        cognito.reset_password(**body)
        return done("Password changed. Sign in with POST /users/login")

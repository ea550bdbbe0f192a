"""Accounts over HTTP, for those who cannot show a token yet: signing up, in, and back in."""

from drf_spectacular.utils import OpenApiExample
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from shop.schema import describe
from users import cognito
from users.accounts import Tokens
from users.base_views import ANY_CALL, EXAMPLE_PASSWORD, IdentityView, done, read
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


class PublicView(IdentityView):
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
        errors=[WeakPassword, ValueRefused, EmailTaken, CodeNotSent, *ANY_CALL],
        examples=[
            OpenApiExample(
                "A customer", value={"email": EMAIL, "password": EXAMPLE_PASSWORD, "name": "Jo Doe"}
            )
        ],
        auth=False,
    )
    def post(self, request: Request) -> Response:
        """Make an account."""
        body = read(request, SignUpInput)
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
        errors=[CodeMismatch, CodeExpired, ValueRefused, *ANY_CALL],
        examples=[OpenApiExample("The code", value={"email": EMAIL, "code": "123456"})],
        auth=False,
    )
    def post(self, request: Request) -> Response:
        """Confirm the address with the code that was sent to it."""
        cognito.confirm(**read(request, ConfirmInput))
        return done("Address confirmed. Sign in with POST /users/login")


class ResendCodeView(PublicView):
    """New sign-up codes."""

    @describe(
        operation_id="resend_code",
        request=EmailInput,
        success={202: (MessageAnswer, "The same whatever the address.")},
        errors=[*ANY_CALL],
        examples=[OpenApiExample("An address", value={"email": EMAIL})],
        auth=False,
    )
    def post(self, request: Request) -> Response:
        """Send the sign-up code again."""
        cognito.resend_code(**read(request, EmailInput))
        return done("If an account waits for its code, a new one is on its way.", status=202)


class LogInView(PublicView):
    """Signing in."""

    @describe(
        operation_id="log_in",
        request=LogInInput,
        success={200: (TokensAnswer, "Signed in.")},
        errors=[InvalidCredentials, UserNotConfirmed, PasswordResetRequired, ChallengeRequired, *ANY_CALL],
        examples=[OpenApiExample("A customer", value={"email": EMAIL, "password": EXAMPLE_PASSWORD})],
        auth=False,
    )
    def post(self, request: Request) -> Response:
        """Sign in with e-mail address and password."""
        return _tokens("Login successful", cognito.log_in(**read(request, LogInInput)))


class RefreshView(PublicView):
    """Staying signed in."""

    @describe(
        operation_id="refresh_tokens",
        request=RefreshInput,
        success={200: (TokensAnswer, "New tokens, and the refresh token in force from now on.")},
        errors=[InvalidRefreshToken, *ANY_CALL],
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
        errors=[*ANY_CALL],
        examples=[OpenApiExample("An address", value={"email": EMAIL})],
        auth=False,
    )
    def post(self, request: Request) -> Response:
        """Send a code that allows a new password."""
        cognito.forgot_password(**read(request, EmailInput))
        return done("If the account exists, a code is on its way: POST /users/reset-password", status=202)


class ResetPasswordView(PublicView):
    """A new password for those who forgot theirs."""

    @describe(
        operation_id="reset_password",
        request=ResetPasswordInput,
        success={200: (MessageAnswer, "The new password counts.")},
        errors=[WeakPassword, CodeMismatch, CodeExpired, ValueRefused, *ANY_CALL],
        examples=[
            OpenApiExample("The code", value={"email": EMAIL, "code": "654321", "password": "N3w!passw"})
        ],
        auth=False,
    )
    def post(self, request: Request) -> Response:
        """Set a new password with the code that was sent."""
        cognito.reset_password(**read(request, ResetPasswordInput))
        return done("Password changed. Sign in with POST /users/login")

"""Accounts on the wire. Passwords, codes and tokens come in here and go nowhere but to Cognito."""

import re
from typing import Any

from rest_framework import serializers

from shop.serializers import ChangeSerializer, EmailTextField, StrictSerializer, TextField
from users.passwords import MAX_PASSWORD_CHARACTERS

MAX_NAME_CHARACTERS = 200
MAX_REFRESH_TOKEN_CHARACTERS = 8192
_CODE = re.compile(r"[!-~]+")  # ASCII, without white space
_TOKEN = re.compile(r"[A-Za-z0-9_=.-]+")


class PasswordField(TextField):
    """A password exactly as typed. Its rules are checked later, all at once."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_PASSWORD_CHARACTERS, trim_whitespace=False, **kwargs)


class CodeField(TextField):
    """A code from an e-mail. Cognito takes no white space inside."""

    pattern = r"^\s*[!-~]+\s*$"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=64, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Refuse what no code looks like."""
        code = super().to_internal_value(data)
        if not _CODE.fullmatch(code):
            raise serializers.ValidationError(
                "Expected the code from the e-mail, such as 123456.", code="invalid"
            )
        return code


class RefreshTokenField(TextField):
    """A refresh token: the letters of base64url, dots between."""

    pattern = r"^\s*[A-Za-z0-9_=.-]+\s*$"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_REFRESH_TOKEN_CHARACTERS, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Refuse what Cognito would call malformed."""
        value = super().to_internal_value(data)
        if not _TOKEN.fullmatch(value):
            raise serializers.ValidationError("Expected a refresh token.", code="invalid")
        return value


class SignUpInput(StrictSerializer):
    """A new account."""

    email = EmailTextField()
    password = PasswordField()
    name = TextField(min_length=1, max_length=MAX_NAME_CHARACTERS)


class EmailInput(StrictSerializer):
    """Whose account."""

    email = EmailTextField()


class ConfirmInput(EmailInput):
    """The code that was sent when signing up."""

    code = CodeField()


class LogInInput(EmailInput):
    """Who signs in."""

    password = PasswordField()


class RefreshInput(StrictSerializer):
    """The refresh token in force."""

    refreshToken = RefreshTokenField()


class ResetPasswordInput(ConfirmInput):
    """The code that was sent, and the password from now on."""

    password = PasswordField()


class ChangePasswordInput(StrictSerializer):
    """The password so far, and the password from now on."""

    currentPassword = PasswordField()
    newPassword = PasswordField()


class UpdateMeInput(ChangeSerializer):
    """What to change."""

    name = TextField(min_length=1, max_length=MAX_NAME_CHARACTERS, required=False)
    email = EmailTextField(required=False, help_text="Counts once the code sent to it is confirmed.")


class ConfirmEmailInput(StrictSerializer):
    """The code that was sent to the new address."""

    code = CodeField()


class MessageAnswer(serializers.Serializer[Any]):
    """It is done."""

    success = serializers.BooleanField()
    message = serializers.CharField()


class NewUserOutput(serializers.Serializer[Any]):
    """An account just made."""

    userId = serializers.CharField(source="sub")
    email = serializers.EmailField()
    name = serializers.CharField()
    confirmed = serializers.BooleanField(help_text="Whether it can sign in already.")


class SignedUpAnswer(MessageAnswer):
    """The account is made."""

    user = NewUserOutput()


class TokensAnswer(MessageAnswer):
    """Send `accessToken` as `Authorization: Bearer …`."""

    accessToken = serializers.CharField(source="access_token")
    idToken = serializers.CharField(source="id_token")
    refreshToken = serializers.CharField(source="refresh_token")
    expiresIn = serializers.IntegerField(source="expires_in", help_text="Seconds.")
    tokenType = serializers.CharField(source="token_type")


class UserOutput(serializers.Serializer[Any]):
    """The signed-in user."""

    userId = serializers.CharField()
    email = serializers.CharField()
    name = serializers.CharField()
    emailVerified = serializers.BooleanField()
    groups = serializers.ListField(child=serializers.CharField())


class UserAnswer(serializers.Serializer[Any]):
    """The signed-in user."""

    success = serializers.BooleanField()
    user = UserOutput()


class UserChangedAnswer(UserAnswer):
    """The signed-in user after a change."""

    message = serializers.CharField()
    pendingEmail = serializers.CharField(
        required=False, help_text="A new address that waits for its code; absent if none does."
    )

"""The only code that calls Cognito for its users: accounts, passwords, codes, profiles, in typed functions.

Everything is called as an app client on the user's behalf; :mod:`users.directory` has what takes rights to the pool.
Nothing here keeps or logs a password, code or token.
"""

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, TypedDict

from botocore.exceptions import ClientError
from django.conf import settings

from shop.aws import cognito_client
from users.accounts import Profile, SignedUp, Tokens
from users.callers import Caller
from users.emails import EmailCache
from users.errors import ChallengeRequired, EmailMissing
from users.passwords import check_password
from users.refusals import (
    CHANGE_PASSWORD,
    CODES,
    REFRESH,
    RESET_CODES,
    SENDING,
    SIGN_IN,
    VALUES,
    WITH_TOKEN,
    NothingSent,
    translated,
)

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.type_defs import AuthenticationResultTypeTypeDef

_emails = EmailCache(max_age_seconds=300, max_size=10_000)


class _SecretHash(TypedDict, total=False):
    SecretHash: str


def _secret_hash(username: str) -> _SecretHash:
    """Prove that the call comes from the app client, if it has a secret (Cognito's "SecretHash")."""
    secret: str = settings.COGNITO_CLIENT_SECRET
    if not secret:
        return {}
    digest = hmac.new(
        secret.encode(), (username + settings.COGNITO_CLIENT_ID).encode(), hashlib.sha256
    ).digest()
    return {"SecretHash": base64.b64encode(digest).decode()}


# ---- Accounts and codes ------------------------------------------------------------------------------------


def sign_up(*, email: str, password: str, name: str) -> SignedUp:
    """Make an account; Cognito sends a code to the address.

    Raises:
        WeakPassword, EmailTaken, ValueRefused, CodeNotSent, IdentityUnavailable.
    """
    check_password(password)
    with translated("SignUp", VALUES):
        answer = cognito_client().sign_up(
            ClientId=settings.COGNITO_CLIENT_ID,
            Username=email,
            Password=password,
            UserAttributes=[{"Name": "email", "Value": email}, {"Name": "name", "Value": name}],
            **_secret_hash(email),
        )
    return SignedUp(sub=answer["UserSub"], confirmed=answer["UserConfirmed"])


def confirm(*, email: str, code: str) -> None:
    """Confirm a new account's address.

    Raises:
        CodeMismatch, CodeExpired: also for an unknown address.
        TooManyRequestsError, IdentityUnavailable.
    """
    with translated("ConfirmSignUp", CODES):
        cognito_client().confirm_sign_up(
            ClientId=settings.COGNITO_CLIENT_ID, Username=email, ConfirmationCode=code, **_secret_hash(email)
        )


def resend_code(*, email: str) -> None:
    """Send a new sign-up code, if an account waits for one; the outcome is the same if none does.

    Raises:
        IdentityUnavailable.
    """
    try:
        with translated("ResendConfirmationCode", SENDING):
            cognito_client().resend_confirmation_code(
                ClientId=settings.COGNITO_CLIENT_ID, Username=email, **_secret_hash(email)
            )
    except NothingSent:
        return


def forgot_password(*, email: str) -> None:
    """Send a code that allows a new password, if the account exists; the outcome is the same if it does not.

    Raises:
        IdentityUnavailable.
    """
    try:
        with translated("ForgotPassword", SENDING):
            cognito_client().forgot_password(
                ClientId=settings.COGNITO_CLIENT_ID, Username=email, **_secret_hash(email)
            )
    except NothingSent:
        return


def reset_password(*, email: str, code: str, password: str) -> None:
    """Set a new password with a code from :func:`forgot_password`.

    Raises:
        WeakPassword, CodeMismatch, TooManyRequestsError, IdentityUnavailable.
    """
    check_password(password)
    with translated("ConfirmForgotPassword", RESET_CODES):
        cognito_client().confirm_forgot_password(
            ClientId=settings.COGNITO_CLIENT_ID,
            Username=email,
            ConfirmationCode=code,
            Password=password,
            **_secret_hash(email),
        )


# ---- Sessions ----------------------------------------------------------------------------------------------


def log_in(*, email: str, password: str) -> Tokens:
    """Sign in with the password.

    Raises:
        InvalidCredentials: the same for an unknown address and for a wrong password.
        UserNotConfirmed, PasswordResetRequired, ChallengeRequired: one more step is needed; the message names it.
        TooManyRequestsError, IdentityUnavailable.
    """
    secret_hash = _secret_hash(email).get("SecretHash")
    with translated("InitiateAuth", SIGN_IN):
        answer = cognito_client().initiate_auth(
            ClientId=settings.COGNITO_CLIENT_ID,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={
                "USERNAME": email,
                "PASSWORD": password,
                **({"SECRET_HASH": secret_hash} if secret_hash else {}),
            },
        )
    result = answer.get("AuthenticationResult")
    if not result:
        raise ChallengeRequired("This account needs a further sign-in step that this API does not offer.")
    return _tokens(result, refresh_token="")


def refresh(*, refresh_token: str) -> Tokens:
    """Exchange a refresh token for new tokens.

    Returns:
        New tokens; the refresh token is a new one where the pool rotates them, else the one given.

    Raises:
        InvalidRefreshToken, TooManyRequestsError, IdentityUnavailable.

    Source:
        GetTokensFromRefreshToken takes the client secret itself. InitiateAuth's older flow would need a hash over
        the user name, which the holder of a refresh token does not know.
    """
    client = cognito_client()
    with translated("GetTokensFromRefreshToken", REFRESH):
        if secret := settings.COGNITO_CLIENT_SECRET:
            answer = client.get_tokens_from_refresh_token(
                RefreshToken=refresh_token, ClientId=settings.COGNITO_CLIENT_ID, ClientSecret=secret
            )
        else:
            answer = client.get_tokens_from_refresh_token(
                RefreshToken=refresh_token, ClientId=settings.COGNITO_CLIENT_ID
            )
    return _tokens(answer["AuthenticationResult"], refresh_token=refresh_token)


def _tokens(result: "AuthenticationResultTypeTypeDef", *, refresh_token: str) -> Tokens:
    return Tokens(
        access_token=result["AccessToken"],
        id_token=result["IdToken"],
        refresh_token=result.get("RefreshToken") or refresh_token,
        expires_in=result["ExpiresIn"],
    )


def log_out(*, access_token: str) -> None:
    """Revoke the user's refresh tokens, on every device. Doing it again changes nothing.

    Raises:
        InvalidToken: the account is gone.
        TooManyRequestsError, IdentityUnavailable.
    """
    with translated("GlobalSignOut", WITH_TOKEN):
        try:
            cognito_client().global_sign_out(AccessToken=access_token)
        except ClientError as error:
            # "Access Token has been revoked": by an earlier sign-out, whose answer may have been lost.
            if "revoked" not in error.response.get("Error", {}).get("Message", ""):
                raise


# ---- The signed-in user ------------------------------------------------------------------------------------


def get_profile(*, access_token: str) -> Profile:
    """Read the user's profile.

    Raises:
        InvalidToken, TooManyRequestsError, IdentityUnavailable.
    """
    with translated("GetUser", WITH_TOKEN):
        answer = cognito_client().get_user(AccessToken=access_token)
    attributes = {attribute["Name"]: attribute.get("Value", "") for attribute in answer["UserAttributes"]}
    return Profile(
        sub=attributes.get("sub", answer["Username"]),
        email=attributes.get("email", "").lower(),
        name=attributes.get("name", ""),
        # Cognito says "false" of an address that is not confirmed. It leaves the word out only for accounts that
        # an administrator made; an account of one's own making cannot sign in before it is confirmed.
        email_verified=attributes.get("email_verified", "true") == "true",
    )


def update_profile(*, caller: Caller, access_token: str, name: str | None, email: str | None) -> None:
    """Change the name, the e-mail address, or both; None leaves as is.

    A new address gets a code; the old one counts until :func:`confirm_email`.

    Raises:
        InvalidToken, EmailTaken, ValueRefused, CodeNotSent, TooManyRequestsError, IdentityUnavailable.
    """
    changes = {"name": name, "email": email}
    attributes = [{"Name": key, "Value": value} for key, value in changes.items() if value is not None]
    with translated("UpdateUserAttributes", VALUES, WITH_TOKEN):
        cognito_client().update_user_attributes(AccessToken=access_token, UserAttributes=attributes)  # type: ignore[arg-type]
    _emails.forget(caller.sub)


def confirm_email(*, caller: Caller, access_token: str, code: str) -> None:
    """Confirm a changed e-mail address with the code that was sent to it.

    Raises:
        CodeMismatch, CodeExpired, EmailTaken, InvalidToken, TooManyRequestsError, IdentityUnavailable.
    """
    with translated("VerifyUserAttribute", VALUES, WITH_TOKEN):
        cognito_client().verify_user_attribute(AccessToken=access_token, AttributeName="email", Code=code)
    _emails.forget(caller.sub)


def change_password(*, access_token: str, current: str, new: str) -> None:
    """Change the password.

    Raises:
        WeakPassword, WrongPassword, InvalidToken, TooManyRequestsError, IdentityUnavailable.
    """
    check_password(new, field="/newPassword")
    with translated("ChangePassword", CHANGE_PASSWORD):
        cognito_client().change_password(
            AccessToken=access_token, PreviousPassword=current, ProposedPassword=new
        )


def delete_account(*, caller: Caller, access_token: str) -> None:
    """Delete the user's account for good; orders keep what they recorded.

    Raises:
        InvalidToken, TooManyRequestsError, IdentityUnavailable.
    """
    with translated("DeleteUser", WITH_TOKEN):
        cognito_client().delete_user(AccessToken=access_token)
    _emails.forget(caller.sub)


def email_of(caller: Caller, access_token: str) -> str:
    """Return the caller's e-mail address: access tokens carry none, so Cognito is asked at most every 5 minutes.

    Raises:
        EmailMissing: the account has none.
        InvalidToken, TooManyRequestsError, IdentityUnavailable.
    """
    email = _emails.get(caller.sub)
    if email is None:
        email = get_profile(access_token=access_token).email
        if not email:
            raise EmailMissing("The account has no e-mail address; send `email`.")
        _emails.put(caller.sub, email)
    return email

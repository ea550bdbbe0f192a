"""Cognito's refusals in our words; the only code that knows its exception codes.

Cognito says several different things with one code (``NotAuthorizedException``), so each call states what the
ambiguous ones mean to it. Whatever is not understood counts as a fault between us and Cognito: logged, and 503.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import structlog
from botocore.exceptions import BotoCoreError, ClientError

from shop.errors import FieldError, TooManyRequestsError
from users.errors import (
    CodeExpired,
    CodeMismatch,
    CodeNotSent,
    EmailTaken,
    IdentityUnavailable,
    InvalidCredentials,
    InvalidRefreshToken,
    InvalidToken,
    PasswordResetRequired,
    UserNotConfirmed,
    ValueRefused,
    WrongPassword,
)
from users.passwords import weak_password, weak_password_from

log = structlog.get_logger("users.cognito")

# From Cognito's message (which stays inside) to the error that the client sees.
Translation = Callable[[str], Exception]

UNAVAILABLE = "The identity service did not answer; try again."


class NothingSent(Exception):
    """No code was sent, for a reason that would tell whether the account exists. Never leaves the room."""


def says(kind: type[Exception], message: str) -> Translation:
    """Make a translation that always gives this error."""
    return lambda _cognito_message: kind(message)


_too_many = says(TooManyRequestsError, "Too many tries; wait a while and try again.")
_email_taken = says(EmailTaken, "An account with this e-mail address exists already.")

# What these codes mean wherever they come from.
ALWAYS: Mapping[str, Translation] = {
    "TooManyRequestsException": _too_many,
    "TooManyFailedAttemptsException": _too_many,
    "LimitExceededException": _too_many,
    "ThrottlingException": _too_many,
    "UsernameExistsException": _email_taken,
    "AliasExistsException": _email_taken,
    "CodeMismatchException": says(CodeMismatch, "The code is not the one that was sent."),
    "ExpiredCodeException": says(CodeExpired, "The code is too old or used up; ask for a new one."),
    "CodeDeliveryFailureException": says(
        CodeNotSent, "The code could not be sent; ask for another with POST /users/resend-code."
    ),
    "InvalidPasswordException": weak_password_from,
    "PasswordHistoryPolicyViolationException": lambda _message: weak_password(["reused"]),
    "UserNotConfirmedException": says(
        UserNotConfirmed,
        "Confirm the e-mail address first: POST /users/confirm with the code that was sent"
        " (POST /users/resend-code sends a new one).",
    ),
    "PasswordResetRequiredException": says(
        PasswordResetRequired,
        "A new password is needed: POST /users/forgot-password, then POST /users/reset-password.",
    ),
}

# ---- What the ambiguous codes mean to each call ------------------------------------------------------------

# Calls that hand on what the client wrote, which Cognito may find malformed where we do not.
VALUES: Mapping[str, Translation] = {
    "InvalidParameterException": says(
        ValueRefused, "The identity service does not take one of these values."
    ),
}

# Calls with a code. An unknown address looks like a wrong code: the answer names no accounts.
_wrong_code = says(CodeMismatch, "The code is not the one that was sent.")
CODES: Mapping[str, Translation] = {
    **VALUES,
    "UserNotFoundException": _wrong_code,
    "UserNotConfirmedException": _wrong_code,
    "NotAuthorizedException": says(  # "User cannot be confirmed. Current status is CONFIRMED"
        CodeExpired, "The code is too old or used up. If the address is confirmed already, just sign in."
    ),
}

# Codes for those who are not signed in and forgot their password. Only a known address can have a code that expired,
# or none at all, or too many wrong tries; so all of that is one answer.
RESET_CODES: Mapping[str, Translation] = {
    **VALUES,
    **dict.fromkeys(
        (
            "CodeMismatchException",
            "ExpiredCodeException",
            "LimitExceededException",
            "NotAuthorizedException",
            "TooManyFailedAttemptsException",
            "UserNotConfirmedException",
            "UserNotFoundException",
        ),
        says(
            CodeMismatch,
            "The code is not the one that was sent, or too old, or used up; ask for a new one with POST /users/forgot-password.",
        ),
    ),
}

# Calls that send a code to an address. LimitExceeded counts by account, so it would tell of one too.
_nothing_sent = says(NothingSent, "no code was sent")
SENDING: Mapping[str, Translation] = dict.fromkeys(
    (
        "CodeDeliveryFailureException",
        "InvalidParameterException",  # "User is already confirmed." or no confirmed address to send to
        "LimitExceededException",
        "NotAuthorizedException",  # "User is disabled."
        "UserNotConfirmedException",
        "UserNotFoundException",
    ),
    _nothing_sent,
)

_wrong_credentials = says(
    InvalidCredentials,
    "The e-mail address or the password is wrong. After several wrong tries, wait a while.",
)
SIGN_IN: Mapping[str, Translation] = {
    "NotAuthorizedException": _wrong_credentials,  # also "Password attempts exceeded" and "User is disabled."
    "UserNotFoundException": _wrong_credentials,
}

_wrong_refresh_token = says(
    InvalidRefreshToken,
    "The refresh token is unknown, expired or revoked; sign in again with POST /users/login.",
)
REFRESH: Mapping[str, Translation] = dict.fromkeys(
    (
        "NotAuthorizedException",
        "RefreshTokenReuseException",
        "UserNotFoundException",
        "UserNotConfirmedException",
    ),
    _wrong_refresh_token,
)

# Calls with the user's access token. It passed our own check, so Cognito knows something newer.
_revoked = says(InvalidToken, "The access token is not valid any more; sign in again with POST /users/login.")
WITH_TOKEN: Mapping[str, Translation] = dict.fromkeys(
    ("NotAuthorizedException", "UserNotFoundException", "UserNotConfirmedException"), _revoked
)


def _wrong_password_or_token(message: str) -> Exception:
    if message.startswith("Incorrect"):  # "Incorrect username or password."
        words = "The current password is wrong; nothing was changed."
        return WrongPassword(
            words, errors=[FieldError(field="/currentPassword", code="wrong_password", message=words)]
        )
    return _revoked(message)


CHANGE_PASSWORD: Mapping[str, Translation] = {
    **VALUES,
    **WITH_TOKEN,
    "NotAuthorizedException": _wrong_password_or_token,
    "InvalidPasswordException": lambda message: weak_password_from(message, field="/newPassword"),
    "PasswordHistoryPolicyViolationException": lambda _message: weak_password(
        ["reused"], field="/newPassword"
    ),
}


@contextmanager
def translated(operation: str, *meanings: Mapping[str, Translation]) -> Iterator[None]:
    """Turn whatever botocore raises inside the block into a domain error.

    Args:
        operation: for the log.
        meanings: Cognito code -> error, for this call; earlier ones win, then ``ALWAYS``.

    Raises:
        Exception: what the tables say; a domain error, but for ``NothingSent``.
        IdentityUnavailable: no answer, a fault of Cognito's, or a refusal that no client can mend.
    """
    try:
        yield
    except ClientError as error:
        raise _translation_of(error, operation, meanings) from error
    except BotoCoreError as error:  # no connection, no answer in time, no credentials, …
        log.warning("Cognito did not answer", operation=operation, cause=type(error).__name__)
        raise IdentityUnavailable(UNAVAILABLE) from error


def _translation_of(
    error: ClientError, operation: str, meanings: tuple[Mapping[str, Translation], ...]
) -> Exception:
    details = error.response.get("Error", {})
    code, message = details.get("Code", ""), details.get("Message", "")
    # "… is configured with secret but SECRET_HASH was not received" is no wrong password: our settings are wrong.
    ours_to_mend = "secret" in message.lower()
    if not ours_to_mend:
        for table in (*meanings, ALWAYS):
            if code in table:
                log.debug("Cognito refused", operation=operation, code_of_cognito=code)
                return table[code](message)
    log.error(
        "Cognito failed, or refused for a reason of ours",
        operation=operation,
        code_of_cognito=code,
        reason=message,
    )
    return IdentityUnavailable(UNAVAILABLE)

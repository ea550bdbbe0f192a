"""What can go wrong with identity, one class per fact; Cognito's own words never leave :mod:`users.cognito`."""

from shop.errors import ConflictError, DomainError, ForbiddenError, NotAuthenticatedError, UnavailableError


class InvalidToken(NotAuthenticatedError):
    """The Bearer token is not a valid access token of this shop: expired, revoked, altered or of another kind.

    Get a new one with POST /users/refresh or POST /users/login.
    """

    code = "invalid_token"
    title = "Invalid token"
    challenge = 'Bearer error="invalid_token"'


class InvalidCredentials(NotAuthenticatedError):
    """The e-mail address or the password is wrong. The answer is the same whether or not the account exists."""

    code = "invalid_credentials"
    title = "Wrong e-mail address or password"


class InvalidRefreshToken(NotAuthenticatedError):
    """The refresh token is unknown, expired or revoked. Sign in again with POST /users/login."""

    code = "invalid_refresh_token"
    title = "Invalid refresh token"


class UserNotConfirmed(ForbiddenError):
    """The e-mail address is not confirmed yet: call POST /users/confirm first (POST /users/resend-code for a new code)."""

    code = "user_not_confirmed"
    title = "E-mail address not confirmed"


class PasswordResetRequired(ForbiddenError):
    """Staff asked for a new password: call POST /users/forgot-password, then POST /users/reset-password."""

    code = "password_reset_required"
    title = "Password reset required"


class ChallengeRequired(ForbiddenError):
    """The account needs a further step to sign in (a second factor, a first password) that this API does not offer."""

    code = "challenge_required"
    title = "Further sign-in step required"


class WeakPassword(DomainError):
    """The password breaks the rules; `errors` has one entry for each unmet rule.

    Rules: at least 8 characters, an upper-case and a lower-case letter (A-Z, a-z), a digit and a special character.
    """

    code = "weak_password"
    title = "Weak password"


class WrongPassword(DomainError):
    """The current password is wrong, so it was not changed."""

    code = "wrong_password"
    title = "Wrong password"


class CodeMismatch(DomainError):
    """The code is not the one that was sent."""

    code = "code_mismatch"
    title = "Wrong code"


class CodeExpired(DomainError):
    """The code is too old or used up. Ask for a new one."""

    code = "code_expired"
    title = "Code expired"


class ValueRefused(DomainError):
    """The identity service does not take one of the values, such as an unusual form of e-mail address."""

    code = "value_refused"
    title = "Value refused"


class EmailMissing(DomainError):
    """The account has no e-mail address, so the request must name one."""

    code = "email_missing"
    title = "No e-mail address"


class EmailTaken(ConflictError):
    """An account with this e-mail address exists. Sign in, or call POST /users/forgot-password."""

    code = "email_taken"
    title = "E-mail address taken"


class CodeNotSent(UnavailableError):
    """The code could not be sent. What was asked for is recorded; ask for another code later (POST /users/resend-code)."""

    code = "code_not_sent"
    title = "Code not sent"


class IdentityUnavailable(UnavailableError):
    """The identity service did not answer. No order was saved; an account call may or may not have been done: look, or try again."""

    code = "identity_unavailable"
    title = "Identity service unavailable"

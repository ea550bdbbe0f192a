"""Every refusal of Cognito's becomes one fact in our words; what is no refusal is 'unavailable'."""

from contextlib import contextmanager

import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from shop.errors import TooManyRequestsError
from tests.unit.users.conftest import CALLS
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
    WeakPassword,
    WrongPassword,
)

BY_ADDRESS = ["resend_confirmation_code", "forgot_password"]
WITH_TOKEN = [
    "global_sign_out",
    "get_user",
    "update_user_attributes",
    "verify_user_attribute",
    "change_password",
    "delete_user",
]

REFUSALS = [
    ("sign_up", "UsernameExistsException", "User already exists", EmailTaken),
    ("sign_up", "InvalidPasswordException", "Password did not conform with policy: Password not long enough", WeakPassword),
    ("sign_up", "InvalidParameterException", "Invalid email address format.", ValueRefused),
    ("sign_up", "CodeDeliveryFailureException", "SES says no", CodeNotSent),
    ("sign_up", "NotAuthorizedException", "SignUp is not permitted for this user pool", IdentityUnavailable),
    ("confirm_sign_up", "CodeMismatchException", "Invalid verification code provided, please try again.", CodeMismatch),
    ("confirm_sign_up", "ExpiredCodeException", "Invalid code provided, please request a code again.", CodeExpired),
    ("confirm_sign_up", "UserNotFoundException", "Username/client id combination not found.", CodeMismatch),
    ("confirm_sign_up", "NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED", CodeExpired),
    ("confirm_sign_up", "AliasExistsException", "An account with the email already exists.", EmailTaken),
    ("confirm_sign_up", "TooManyFailedAttemptsException", "Seven failures", TooManyRequestsError),
    ("confirm_forgot_password", "CodeMismatchException", "Invalid verification code", CodeMismatch),
    ("confirm_forgot_password", "ExpiredCodeException", "Invalid code provided", CodeMismatch),
    ("confirm_forgot_password", "UserNotFoundException", "no such user", CodeMismatch),
    ("confirm_forgot_password", "LimitExceededException", "Attempt limit exceeded", CodeMismatch),
    ("confirm_forgot_password", "TooManyFailedAttemptsException", "Attempt limit exceeded", CodeMismatch),
    ("confirm_forgot_password", "UserNotConfirmedException", "not confirmed", CodeMismatch),
    ("confirm_forgot_password", "PasswordHistoryPolicyViolationException", "history says no", WeakPassword),
    ("initiate_auth", "NotAuthorizedException", "Incorrect username or password.", InvalidCredentials),
    ("initiate_auth", "NotAuthorizedException", "Password attempts exceeded", InvalidCredentials),
    ("initiate_auth", "NotAuthorizedException", "User is disabled.", InvalidCredentials),
    ("initiate_auth", "UserNotFoundException", "User does not exist.", InvalidCredentials),
    ("initiate_auth", "UserNotConfirmedException", "User is not confirmed.", UserNotConfirmed),
    ("initiate_auth", "PasswordResetRequiredException", "Password reset required", PasswordResetRequired),
    ("initiate_auth", "InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled", IdentityUnavailable),
    ("get_tokens_from_refresh_token", "NotAuthorizedException", "Invalid Refresh Token", InvalidRefreshToken),
    ("get_tokens_from_refresh_token", "NotAuthorizedException", "Refresh Token has expired", InvalidRefreshToken),
    ("get_tokens_from_refresh_token", "RefreshTokenReuseException", "reused", InvalidRefreshToken),
    ("get_tokens_from_refresh_token", "UserNotFoundException", "gone", InvalidRefreshToken),
    ("global_sign_out", "NotAuthorizedException", "Access Token has expired", InvalidToken),
    ("get_user", "NotAuthorizedException", "Access Token has been revoked", InvalidToken),
    ("get_user", "UserNotFoundException", "User does not exist.", InvalidToken),
    ("get_user", "PasswordResetRequiredException", "Password reset required", PasswordResetRequired),
    ("update_user_attributes", "AliasExistsException", "taken", EmailTaken),
    ("update_user_attributes", "InvalidParameterException", "Invalid email address format.", ValueRefused),
    ("update_user_attributes", "CodeDeliveryFailureException", "SES says no", CodeNotSent),
    ("verify_user_attribute", "CodeMismatchException", "wrong", CodeMismatch),
    ("verify_user_attribute", "ExpiredCodeException", "out of date", CodeExpired),
    ("verify_user_attribute", "AliasExistsException", "taken meanwhile", EmailTaken),
    ("change_password", "NotAuthorizedException", "Incorrect username or password.", WrongPassword),
    ("change_password", "NotAuthorizedException", "Access Token has been revoked", InvalidToken),
    ("change_password", "LimitExceededException", "Attempt limit exceeded, please try after some time.", TooManyRequestsError),
    ("delete_user", "UserNotFoundException", "gone", InvalidToken),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "code", "message", "expected"), REFUSALS)
def test_each_refusal_becomes_one_fact_in_our_words(pool, operation, code, message, expected):
    pool.add_client_error(operation, code, message)

    with pytest.raises(expected) as refused:
        CALLS[operation]()
    assert type(refused.value) is expected
    assert message not in refused.value.message


def test_an_unconfirmed_user_is_told_the_next_call(pool):
    pool.add_client_error("initiate_auth", "UserNotConfirmedException", "User is not confirmed.")

    with pytest.raises(UserNotConfirmed) as refused:
        CALLS["initiate_auth"]()
    assert refused.value.message == (
        "Confirm the e-mail address first: POST /users/confirm with the code that was sent"
        " (POST /users/resend-code sends a new one)."
    )


def test_a_weak_new_password_that_cognito_refuses_is_named_where_it_stood(pool):
    pool.add_client_error(
        "change_password", "InvalidPasswordException", "Password must have symbol characters"
    )

    with pytest.raises(WeakPassword) as refused:
        CALLS["change_password"]()
    assert [(error.field, error.code) for error in refused.value.errors] == [("/newPassword", "special")]


@pytest.mark.parametrize("operation", BY_ADDRESS)
@pytest.mark.parametrize(
    "code",
    [
        "UserNotFoundException",
        "InvalidParameterException",
        "NotAuthorizedException",
        "UserNotConfirmedException",
        "LimitExceededException",
        "CodeDeliveryFailureException",
    ],
)
def test_asking_for_a_code_ends_alike_whatever_the_account(pool, operation, code):
    pool.add_client_error(operation, code, "tells something")

    assert CALLS[operation]() is None


@pytest.mark.parametrize("operation", CALLS)
def test_a_throttled_call_may_be_repeated_later(pool, operation):
    pool.add_client_error(operation, "TooManyRequestsException", "Rate exceeded")

    with pytest.raises(TooManyRequestsError) as refused:
        CALLS[operation]()
    assert refused.value.retry_after_seconds > 0


@pytest.mark.parametrize("operation", CALLS)
def test_a_fault_of_cognitos_is_unavailable(pool, operation):
    pool.add_client_error(operation, "InternalErrorException", "boom", http_status_code=500)

    with pytest.raises(IdentityUnavailable) as refused:
        CALLS[operation]()
    assert refused.value.message == "The identity service did not answer; try again."


@pytest.mark.parametrize("operation", ["sign_up", "initiate_auth", "forgot_password", "get_user"])
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ServiceUnavailable", ""),
        ("ResourceNotFoundException", "User pool client the-client does not exist."),
        (
            "NotAuthorizedException",
            "Client the-client is configured with secret but SECRET_HASH was not received",
        ),
        ("NotAuthorizedException", "SecretHash does not match for the client: the-client"),
        ("ForbiddenException", "Request not allowed due to WAF block."),
        ("UserLambdaValidationException", "the pool's trigger failed"),
        ("NeverSeenBefore", "?"),
    ],
)
def test_a_refusal_that_no_client_can_mend_is_unavailable(pool, operation, code, message):
    pool.add_client_error(operation, code, message)

    with pytest.raises(IdentityUnavailable):
        CALLS[operation]()


@pytest.mark.parametrize("operation", CALLS)
def test_no_answer_from_cognito_is_unavailable(client, operation):
    with _each_call_failing(client, EndpointConnectionError(endpoint_url="http://cognito.invalid")):
        assert _code_of(CALLS[operation]) == "identity_unavailable"


@pytest.mark.parametrize(
    "fault",
    [
        ConnectTimeoutError(endpoint_url="http://cognito.invalid"),
        ReadTimeoutError(endpoint_url="http://cognito.invalid"),
        NoCredentialsError(),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_whatever_keeps_cognito_from_answering_is_unavailable(client, fault):
    with _each_call_failing(client, fault):
        assert _code_of(CALLS["get_user"]) == "identity_unavailable"


@contextmanager
def _each_call_failing(client, fault):
    def fail(**_request):
        raise fault

    client.meta.events.register_first("before-send.cognito-identity-provider", fail)
    try:
        yield
    finally:
        client.meta.events.unregister("before-send.cognito-identity-provider", fail)


def _code_of(call):
    with pytest.raises(IdentityUnavailable) as refused:
        call()
    return refused.value.code


@pytest.mark.parametrize("operation", WITH_TOKEN)
def test_a_token_that_cognito_revoked_is_invalid_with_its_challenge(pool, operation):
    pool.add_client_error(operation, "NotAuthorizedException", "Invalid Access Token")

    with pytest.raises(InvalidToken) as refused:
        CALLS[operation]()
    assert refused.value.challenge == 'Bearer error="invalid_token"'

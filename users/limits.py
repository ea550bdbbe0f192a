"""How often one may try to sign in, to sign up, and to ask for or try a code.

Each is limited by the client's address and by the account it is aimed at, whether or not that account exists. The
address comes first: one that is used up cannot use up other people's accounts too.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpRequest
from rest_framework.request import Request

from shop.client_address import client_address
from shop.errors import UnavailableError
from shop.limits import Limit, give_back, spend

QUARTER_HOUR = 15 * 60
HOUR = 60 * 60

LOGIN_PER_ACCOUNT = Limit(setting="LIMIT_LOGIN_PER_ACCOUNT", window_seconds=QUARTER_HOUR)
LOGIN_PER_ADDRESS = Limit(setting="LIMIT_LOGIN_PER_ADDRESS", window_seconds=QUARTER_HOUR)
SIGN_UP_PER_ADDRESS = Limit(setting="LIMIT_SIGN_UP_PER_ADDRESS", window_seconds=HOUR)
CODES_PER_ACCOUNT = Limit(setting="LIMIT_CODES_PER_ACCOUNT", window_seconds=HOUR)
CODES_PER_ADDRESS = Limit(setting="LIMIT_CODES_PER_ADDRESS", window_seconds=HOUR)


@contextmanager
def password_try(request: Request | HttpRequest, *, account: str) -> Iterator[None]:
    """Spend one try of a password for the call inside.

    The right password costs the account nothing, and neither does a call that got no answer.

    Args:
        request: for the client's address.
        account: the e-mail address, the ``sub`` of a signed-in user, or an account of the back office.

    Raises:
        TooManyRequestsError, LimitsUnavailable: the password is not looked at.
    """
    spend(LOGIN_PER_ADDRESS, client_address(request.META))
    unit = spend(LOGIN_PER_ACCOUNT, account)
    try:
        yield
    except UnavailableError:
        give_back(unit)
        raise
    give_back(unit)


def spend_sign_up(request: Request) -> None:
    """Spend one sign-up.

    Raises:
        TooManyRequestsError, LimitsUnavailable: no account is made.
    """
    spend(SIGN_UP_PER_ADDRESS, client_address(request.META))


def spend_code(request: Request, *, account: str) -> None:
    """Spend one try of a code, or one code sent.

    Args:
        request: for the client's address.
        account: the e-mail address, or the ``sub`` of a signed-in user.

    Raises:
        TooManyRequestsError, LimitsUnavailable: no code is sent or looked at.
    """
    spend(CODES_PER_ADDRESS, client_address(request.META))
    spend(CODES_PER_ACCOUNT, account)

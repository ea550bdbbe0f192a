"""Who the requests come from: nobody, a user, an administrator; real accounts of the run's own user pool."""

import time
import uuid
from dataclasses import dataclass, field

from tests.journeys.conftest import PASSWORD, make_account
from users import cognito

RENEW_AFTER_SECONDS = 300
# What a fuzzer may well do to its own account: after these, the account and its token are made anew.
ENDS_THE_ACCOUNT = frozenset({"POST /users/logout", "POST /users/change-password", "DELETE /users/me"})


@dataclass
class Account:
    """An account that is made anew whenever a request has ended it."""

    admin: bool
    _token: str = ""
    _since: float = field(default=0.0)

    def token(self) -> str:
        """Return an access token that is good now."""
        if not self._token or time.monotonic() - self._since > RENEW_AFTER_SECONDS:
            email = f"{uuid.uuid4()}@example.com"
            make_account(email, admin=self.admin)
            self._token = cognito.log_in(email=email, password=PASSWORD).access_token
            self._since = time.monotonic()
        return self._token

    def saw(self, operation: str, status: int) -> None:
        """Take note of an answer."""
        if status == 200 and operation in ENDS_THE_ACCOUNT:
            self._token = ""


CALLERS: dict[str, Account | None] = {
    "anonymous": None,
    "user": Account(admin=False),
    "admin": Account(admin=True),
}

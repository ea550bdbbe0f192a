"""Rate limits that hold for all processes together: counters in DynamoDB, the only code that writes them.

A counter belongs to one limit, one subject (an account, an address, a user) and one fixed window of time. A unit is
spent by one conditional update, so concurrent requests cannot slip past, and one that is refused counts nothing.
Where the counters do not answer, nothing is let through: a limit that could be switched off by load would be none.
"""

import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from django.conf import settings
from django.utils.crypto import salted_hmac
from pynamodb.attributes import TTLAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist, UpdateError

from shop.deadline import Deadline
from shop.dynamo import (
    CALL_SECONDS,
    CONDITION_REFUSED,
    IntegerAttribute,
    SharedConnectionModel,
    call,
    codes_of,
)
from shop.errors import TooManyRequestsError, UnavailableError

log = structlog.get_logger("shop.limits")

SPEND_SECONDS = 3.0
# What only makes a limit milder, or notes something afterwards, gets little more than the time of one call.
COURTESY_SECONDS = CALL_SECONDS * 1.2


class LimitsUnavailable(UnavailableError):
    """The counters of the rate limits did not answer, so nothing was begun. Try again."""

    code = "limits_unavailable"


class RateCounter(SharedConnectionModel):
    """How many units of one limit one subject spent in one window. DynamoDB forgets it some time after the end."""

    class Meta:
        table_name = settings.RATE_LIMITS_TABLE
        region = settings.AWS_REGION

    key = UnicodeAttribute(hash_key=True)  # limit#subject, hashed#start of the window
    spent = IntegerAttribute()
    expires_at = TTLAttribute(attr_name="expiresAt")  # the window's end


@dataclass(frozen=True, kw_only=True)
class Limit:
    """So many units for each subject in each window.

    Attributes:
        setting: the setting that holds the number of units; 0 switches the limit off.
        window_seconds: how long a window is. Windows begin at multiples of it since 1970, everywhere alike.
    """

    setting: str
    window_seconds: int

    @property
    def per_window(self) -> int:
        """The units of one window."""
        units: int = getattr(settings, self.setting)
        return units


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One unit that was spent, for :func:`give_back`: by then another window may have begun."""

    key: str


def spend(limit: Limit, subject: str, *, deadline: Deadline | None = None) -> Unit | None:
    """Spend one unit.

    A lost reply is asked for again and may then cost two units: the limit errs to the strict side.

    Args:
        limit: which.
        subject: whose, such as an e-mail address; only a keyed hash of it is stored.
        deadline: how long it may take.

    Returns:
        What was spent; None where the limit is off.

    Raises:
        TooManyRequestsError: the window's units are used up; it names the seconds until the next one.
        LimitsUnavailable: the counters did not answer.
    """
    if not limit.per_window:
        return None
    key, end = _counter_of(limit, subject)
    counter = RateCounter(key)

    def add_one() -> None:
        counter.update(
            actions=[RateCounter.spent.add(1), RateCounter.expires_at.set(datetime.fromtimestamp(end, UTC))],
            condition=RateCounter.spent.does_not_exist() | (RateCounter.spent < limit.per_window),
        )

    try:
        call(add_one, unavailable=LimitsUnavailable, deadline=deadline or Deadline(SPEND_SECONDS))
    except UpdateError as error:
        if codes_of(error) != {CONDITION_REFUSED}:
            raise
        raise _used_up(key, end) from None
    return Unit(key=key)


def ensure_left(limit: Limit, subject: str, *, deadline: Deadline | None = None) -> None:
    """Refuse as :func:`spend` does, and spend nothing: for units that are spent later, once an outcome is known.

    Raises:
        TooManyRequestsError, LimitsUnavailable: as there.
    """
    if not limit.per_window:
        return
    key, end = _counter_of(limit, subject)
    try:
        counter = call(
            lambda: RateCounter.get(key, consistent_read=True),
            unavailable=LimitsUnavailable,
            deadline=deadline or Deadline(SPEND_SECONDS),
        )
    except DoesNotExist:
        return
    if counter.spent >= limit.per_window:
        raise _used_up(key, end)


def give_back(unit: Unit | None) -> None:
    """Give a unit back, because what it was spent for should not count. A failure is only logged."""
    if unit is None:
        return
    try:
        call(
            lambda: RateCounter(unit.key).update(
                actions=[RateCounter.spent.add(-1)], condition=RateCounter.spent > 0
            ),
            unavailable=LimitsUnavailable,
            deadline=Deadline(COURTESY_SECONDS),
        )
    except (LimitsUnavailable, UpdateError) as error:
        log.warning("a unit could not be given back", counter=unit.key, cause=repr(error))


def count(limit: Limit, subject: str) -> None:
    """Spend one unit for something that has happened already; never an error of the caller's."""
    try:
        spend(limit, subject, deadline=Deadline(COURTESY_SECONDS))
    except TooManyRequestsError:
        return  # the window was used up meanwhile; more than that need not be known
    except Exception:
        log.exception("a unit could not be counted", limit=limit.setting)


def _counter_of(limit: Limit, subject: str) -> tuple[str, int]:
    """Return the key of the present window's counter, and when that window ends (seconds since 1970)."""
    start = int(time.time()) // limit.window_seconds * limit.window_seconds
    # Keyed: addresses of the internet are few enough to try out the hash of each.
    digest = salted_hmac("shop.limits", subject, algorithm="sha256").hexdigest()[:32]
    return f"{limit.setting}#{digest}#{start}", start + limit.window_seconds


def _used_up(key: str, end: int) -> TooManyRequestsError:
    seconds = max(1, math.ceil(end - time.time()))
    log.info("a rate limit is used up", counter=key, retry_after_seconds=seconds)
    return TooManyRequestsError(
        f"Too many requests of this kind; try again in {seconds} seconds.", retry_after_seconds=seconds
    )

"""How every room talks to DynamoDB: exact attributes, one shared connection, one layer of retries.

Each room says with its own error that its tables did not answer.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TypeVar

import structlog
from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.attributes import Attribute
from pynamodb.connection import TableConnection
from pynamodb.constants import MAP, NUMBER, STRING
from pynamodb.exceptions import PynamoDBException, TableError, TransactWriteError
from pynamodb.models import Model
from tenacity import RetryCallState, Retrying, retry_if_exception, wait_random_exponential

from shop import metrics
from shop.aws import DYNAMODB_CONNECT_SECONDS, DYNAMODB_READ_SECONDS, dynamodb_connection
from shop.deadline import Deadline
from shop.errors import UnavailableError

log = structlog.get_logger("shop.dynamo")

T = TypeVar("T")

CONDITION_FAILED = "ConditionalCheckFailed"
CONDITION_REFUSED = f"{CONDITION_FAILED}Exception"  # as a single update spells it
# The longest that one call may take; none starts with less time left.
CALL_SECONDS = DYNAMODB_CONNECT_SECONDS + DYNAMODB_READ_SECONDS
MAX_ATTEMPTS = 6
DEFAULT_BUDGET_SECONDS = 5.0

_PASSING = frozenset(
    {
        "InternalServerError",
        "InternalFailure",
        "ServiceUnavailable",
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "TransactionConflictException",
        "TransactionInProgressException",
        "TransactionConflict",
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
        # A transaction that failed without a word on which action refused it: no answer.
        "TransactionCanceledException",
        # What botocore reports of an answer that is not DynamoDB's, but a proxy's before it.
        "500",
        "502",
        "503",
        "504",
    }
)


# Nothing a request could be to blame for: the deployment is. Orders stay open until it is mended.
_MISCONFIGURED = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "ResourceNotFoundException",
        "UnrecognizedClientException",
    }
)


_CAUSES = {
    "conflict": frozenset(
        {"TransactionConflictException", "TransactionInProgressException", "TransactionConflict"}
    ),
    "throttled": frozenset(
        {
            *("ThrottlingException", "ThrottlingError", "RequestLimitExceeded"),
            *("ProvisionedThroughputExceededException", "ProvisionedThroughputExceeded"),
        }
    ),
}


class DecimalAttribute(Attribute[Decimal]):
    """An exact decimal number (PynamoDB's NumberAttribute reads back a float)."""

    attr_type = NUMBER

    def serialize(self, value: Decimal) -> str:
        """Write all digits."""
        return str(value)

    def deserialize(self, value: str) -> Decimal:
        """Read all digits."""
        return Decimal(value)


class IntegerAttribute(Attribute[int]):
    """A whole number."""

    attr_type = NUMBER

    def serialize(self, value: int) -> str:
        """Write all digits."""
        return str(value)

    def deserialize(self, value: str) -> int:
        """Read a whole number; DynamoDB may write 5 as 5E0."""
        return int(Decimal(value))


class TextMapAttribute(Attribute[dict[str, str]]):
    """Free text by key. PynamoDB's MapAttribute passes keys as keyword arguments and breaks on ``self``."""

    attr_type = MAP

    def serialize(self, value: dict[str, str]) -> dict[str, dict[str, str]]:
        """Write every value as a text."""
        return {key: {STRING: text} for key, text in value.items()}

    def deserialize(self, value: dict[str, dict[str, str]]) -> dict[str, str]:
        """Read the texts."""
        return {key: typed[STRING] for key, typed in value.items()}


class SharedConnectionModel(Model):
    """A model whose table is reached through the process's one DynamoDB client.

    PynamoDB would build one client per model: 10 MB and a quarter of a second each.
    """

    @classmethod
    def _get_connection(cls) -> TableConnection:
        table = super()._get_connection()
        shared = dynamodb_connection()
        if table.connection is not shared:
            if table.table_name not in shared._tables:  # noqa: SLF001 (PynamoDB offers no other way to share)
                shared.add_meta_table(table.get_meta_table())
            table.connection = shared
        return table


def codes_of(error: BaseException) -> set[str]:
    """Return the DynamoDB error codes of a failed call; of a transaction, one per refused action."""
    if isinstance(error, TransactWriteError) and error.cancellation_reasons:
        return {reason.code for reason in error.cancellation_reasons if reason is not None}
    if not isinstance(error, PynamoDBException) or not isinstance(error.cause, ClientError):
        return set()  # asked for its code, an error without an answer (a time-out) fails
    code = error.cause_response_code
    return {code} if code else set()


def is_passing(error: BaseException) -> bool:
    """Tell whether the same call may well work in a moment: no answer, throttled, in conflict, a 5xx.

    A refused condition is an answer and never passing; beside a conflict on another item it says nothing
    certain about ours, so the conflict decides.
    """
    if isinstance(error, BotoCoreError):
        return True
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code") in _PASSING
    if isinstance(error, PynamoDBException):
        codes = codes_of(error)
        return bool(codes & _PASSING) or (not codes and isinstance(error.cause, BotoCoreError))
    return False


def _count(state: RetryCallState) -> None:
    """Count a call that is about to be made again, by what was wrong with it."""
    error = state.outcome.exception() if state.outcome else None
    codes = codes_of(error) if error else set()
    if isinstance(error, ClientError):  # of a call that PynamoDB had no part in
        codes = {error.response.get("Error", {}).get("Code", "")}
    cause = next((cause for cause, words in _CAUSES.items() if codes & words), "unanswered")
    metrics.emit(metrics.DYNAMODB_RETRIES, 1, kind=cause)


def call(
    operation: Callable[[], T], *, unavailable: type[UnavailableError], deadline: Deadline | None = None
) -> T:
    """Run one DynamoDB operation; repeat it with full jitter while its failure is passing and time is left.

    Every operation passed here must be harmless to repeat: a lost reply looks like a lost request.

    Args:
        operation: what to run.
        unavailable: the error of the caller's room that says "no answer".
        deadline: how long it may take; 5 s without one.

    Raises:
        UnavailableError: as ``unavailable``: no answer within the attempts or the time; or DynamoDB will not work
            with us at all (no such table, no right to it), which is logged as an error.
        PynamoDBException: DynamoDB answered, and the answer is no: a refused condition, no such item.
    """
    limit = deadline or Deadline(DEFAULT_BUDGET_SECONDS)

    if limit.remaining() < CALL_SECONDS:
        raise unavailable("No time is left to ask; try again.")
    try:
        return _repeated(operation, limit=limit)
    except Exception as error:
        if is_passing(error):
            raise unavailable("No answer came in time; try again.") from error
        if codes_of(error) & _MISCONFIGURED:
            log.exception("DynamoDB will not work with us")
            raise unavailable("It cannot be reached just now; try again.") from error
        raise


def _repeated(operation: Callable[[], T], *, limit: Deadline) -> T:
    """Run an operation; again while its failure is passing and time is left."""
    try:
        return operation()  # nearly always that is all, and a machine for repeats costs as much as a read
    except Exception as error:
        if not is_passing(error):
            raise
        failed = [error]

    def attempt() -> T:
        if failed:
            raise failed.pop()  # the first attempt, made above
        return operation()

    def give_up(state: RetryCallState) -> bool:
        left = limit.remaining() - state.upcoming_sleep
        return state.attempt_number >= MAX_ATTEMPTS or left < CALL_SECONDS

    return Retrying(
        retry=retry_if_exception(is_passing),
        wait=wait_random_exponential(multiplier=0.05, max=0.8),
        stop=give_up,
        before_sleep=_count,
        reraise=True,
    )(attempt)


def create_missing(
    tables: Iterable[type[SharedConnectionModel]], *, unavailable: type[UnavailableError]
) -> list[str]:
    """Create the tables that do not exist, wait until they can be used, and return their names.

    For local stacks: on AWS the deployment makes them. A stand-in that has just started is slow, so a creation
    whose answer did not come in time is looked up and, if it did not arrive (yet), repeated. Not every stand-in can
    let items expire; a table without that only grows.
    """
    created = []
    for table in tables:
        while not call(table.exists, unavailable=unavailable, deadline=Deadline(20)):
            try:
                table.create_table(wait=True, billing_mode="PAY_PER_REQUEST", ignore_update_ttl_errors=True)
            except TableError as error:
                if not is_passing(error) and codes_of(error) != {"ResourceInUseException"}:
                    raise
            created.append(table.Meta.table_name)
    return sorted(set(created))

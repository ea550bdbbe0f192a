"""The kinds of expected failure, in domain words.

Leaves live in each room's ``errors.py`` and set ``code``, which clients may switch on.
Status codes belong to :mod:`shop.exception_handler` alone.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


@dataclasses.dataclass(frozen=True, kw_only=True)
class FieldError:
    """One thing wrong with one part of a request.

    Attributes:
        field: where, as a JSON Pointer (``/items/0/quantity``; ``/limit`` for a query parameter).
        code: stable and switchable.
        message: what is wrong and what would be right, in words.
        extra: further members of the entry (``currentPrice``); names as on the wire.
    """

    field: str
    code: str
    message: str
    extra: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class DomainError(Exception):
    """An expected failure: the request is wrong. Subclasses set ``code``, ``title`` and say what it means.

    The docstring of a leaf is served in the table of errors, so it is written for a client's developer.
    """

    code: ClassVar[str] = "invalid_request"
    title: ClassVar[str] = "Bad request"

    def __init__(self, message: str, *, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.errors = tuple(errors)


class NotFoundError(DomainError):
    """It does not exist, or is not the caller's to see."""

    code = "not_found"
    title = "Not found"


class ConflictError(DomainError):
    """A sound request that the present state refuses."""

    code = "conflict"
    title = "Conflict"


class PreconditionError(DomainError):
    """The version the request was made for is no longer the current one."""

    code = "precondition_failed"
    title = "Precondition failed"


class UnprocessableError(DomainError):
    """Well formed, but at odds with an earlier request."""

    code = "unprocessable"
    title = "Unprocessable request"


class NotAuthenticatedError(DomainError):
    """Who is calling could not be established."""

    code = "not_authenticated"
    title = "Not authenticated"
    challenge: ClassVar[str] = 'Bearer error="invalid_request"'  # WWW-Authenticate, RFC 6750


class ForbiddenError(DomainError):
    """The caller is known, and may not do this."""

    code = "permission_denied"
    title = "Not allowed"


class RetryLater(DomainError):
    """A refusal that passes: ``retry_after_seconds`` is told to the client as ``Retry-After``.

    A class has a usual number; a refusal that knows better says so.
    """

    retry_after_seconds: int = 2

    def __init__(
        self, message: str, *, errors: Sequence[FieldError] = (), retry_after_seconds: int | None = None
    ) -> None:
        super().__init__(message, errors=errors)
        if retry_after_seconds is not None:
            self.retry_after_seconds = retry_after_seconds


class TooManyRequestsError(RetryLater):
    """Too many requests of this kind; `Retry-After` says when to come back."""

    code = "too_many_requests"
    title = "Too many requests"
    retry_after_seconds = 30


class UnavailableError(RetryLater):
    """A system we need did not answer. The same request may work later; `Retry-After` says when."""

    code = "service_unavailable"
    title = "Temporarily unavailable"

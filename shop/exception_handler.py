"""Every failure becomes RFC 9457 ``application/problem+json`` here; the one place that knows status codes.

People at work in the back office get the same as a page.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from rest_framework import exceptions as drf
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler
from structlog.contextvars import get_contextvars

from shop.errors import (
    ConflictError,
    DomainError,
    FieldError,
    ForbiddenError,
    NotAuthenticatedError,
    NotFoundError,
    PreconditionError,
    RetryLater,
    TooManyRequestsError,
    UnavailableError,
    UnprocessableError,
)
from shop.logging import note
from shop.wire import BodyTooLarge, LengthRequired, dump_json

log = structlog.get_logger("shop.errors")

PROBLEM_JSON = "application/problem+json"
DATABASE_SILENT = "The order database did not answer; try again."

STATUS_BY_KIND: dict[type[DomainError], int] = {
    BodyTooLarge: 413,
    LengthRequired: 411,
    NotAuthenticatedError: 401,
    ForbiddenError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    PreconditionError: 412,
    UnprocessableError: 422,
    TooManyRequestsError: 429,
    UnavailableError: 503,
    DomainError: 400,  # last: the base class matches everything above it too
}

# What the framework itself refuses: status -> (code, title, what it means).
FRAMEWORK_PROBLEMS: dict[int, tuple[str, str, str]] = {
    400: ("invalid_request", "Invalid request", "The body or a parameter is not what this call takes; `errors` lists each fault."),
    401: ("not_authenticated", "Not authenticated", "This call needs a Bearer token; sign in with POST /users/login."),
    403: ("permission_denied", "Not allowed", "The caller is known, and may not do this."),
    404: ("not_found", "Not found", "There is nothing at this address."),
    405: ("method_not_allowed", "Method not allowed", "This address does not answer this method; `Allow` lists those it does."),
    406: ("not_acceptable", "Not acceptable", "This service answers application/json."),
    414: ("uri_too_long", "Address too long", "The request's first line is longer than 4,094 bytes."),
    415: ("unsupported_media_type", "Unsupported media type", "Bodies are application/json."),
    417: ("expectation_failed", "Expectation failed", "`Expect` can ask for `100-continue` and nothing else."),
    429: ("too_many_requests", "Too many requests", "Come back after `Retry-After` seconds."),
    431: ("headers_too_large", "Headers too large", "More than 64 headers, or one longer than 8,190 bytes."),
    500: ("internal_error", "Internal error", "A fault of ours. It is logged under the request's id."),
    501: ("not_implemented", "Not implemented", "A `Transfer-Encoding` that this service does not know."),
    503: ("service_unavailable", "Temporarily unavailable", "The service did not answer. A write may or may not have been done: look, or repeat it with its key."),
}  # fmt: skip


class DatabaseUnavailable(UnavailableError):
    """The order database did not answer. A write may or may not have been done: look, or repeat it with its key."""

    code = "database_unavailable"


def status_of(kind: type[DomainError]) -> int:
    """Return the status of an error class."""
    return next(status for base, status in STATUS_BY_KIND.items() if issubclass(kind, base))


def problem(
    *, status: int, code: str, title: str, detail: str, instance: str, errors: Sequence[FieldError] = ()
) -> dict[str, Any]:
    """Build the problem object of RFC 9457, with this API's additional members."""
    return {
        "type": f"/docs/errors#{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": instance,
        "success": False,
        "code": code,
        "errors": [{"field": e.field, "code": e.code, "message": e.message, **e.extra} for e in errors],
        "requestId": get_contextvars().get("request_id"),
    }


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answer every expected failure as a problem; None means a bug, which becomes a logged 500."""
    request = context["request"]
    if isinstance(exc, OperationalError | InterfaceError):
        log.warning("the database did not answer", error=str(exc))
        exc = DatabaseUnavailable(DATABASE_SILENT)
    if isinstance(exc, DomainError):
        return _domain_response(exc, request)
    if isinstance(exc, Http404 | PermissionDenied):
        exc = drf.NotFound() if isinstance(exc, Http404) else drf.PermissionDenied()
    response = drf_exception_handler(exc, dict(context))  # keeps WWW-Authenticate, Allow and Retry-After
    if response is None or not isinstance(exc, drf.APIException):
        return None
    code, title, meaning = FRAMEWORK_PROBLEMS.get(response.status_code, FRAMEWORK_PROBLEMS[400])
    own_code = exc.get_codes()
    if isinstance(exc, drf.ValidationError):
        errors: list[FieldError] = list(_field_errors(exc.get_full_details()))
        detail = errors[0].message if len(errors) == 1 else meaning
    else:
        errors, detail = [], meaning
        if isinstance(exc, drf.AuthenticationFailed) and isinstance(own_code, str):
            code, detail = own_code, str(exc.detail)
    _note(request, code=code, errors=errors)
    response.data = problem(
        status=response.status_code,
        code=code,
        title=title,
        detail=detail,
        instance=request.path,
        errors=errors,
    )
    response.content_type = PROBLEM_JSON
    return response


def _note(request: Any, *, code: str, errors: Sequence[FieldError] = ()) -> None:
    """Put a refusal into the request's log line: codes only, for words and places quote what was sent."""
    faults = {"faults": sorted({error.code for error in errors})} if errors else {}
    note(request, problem=code, **faults)


def _domain_response(exc: DomainError, request: Any) -> Response:
    headers = _headers(exc)
    if isinstance(exc, UnavailableError):
        log.warning("a dependency did not answer", problem=exc.code, cause=repr(exc.__cause__))
    return Response(
        problem_of(exc, request), status=status_of(type(exc)), headers=headers, content_type=PROBLEM_JSON
    )


def problem_of(exc: DomainError, request: Any) -> dict[str, Any]:
    """Build the problem of a failure, and note it for the request's log line."""
    _note(request, code=exc.code, errors=exc.errors)
    return problem(
        status=status_of(type(exc)),
        code=exc.code,
        title=exc.title,
        detail=exc.message,
        instance=request.path,
        errors=exc.errors,
    )


def _headers(exc: DomainError) -> dict[str, str]:
    if isinstance(exc, NotAuthenticatedError):
        return {"WWW-Authenticate": exc.challenge}
    if isinstance(exc, RetryLater):
        return {"Retry-After": str(exc.retry_after_seconds)}
    return {}


def problem_response(request: HttpRequest, exc: DomainError) -> HttpResponse:
    """Answer a failure outside of any API view (middleware, unknown addresses, the 500 page)."""
    return _answer(request, problem_of(exc, request), headers=_headers(exc))


def framework_response(request: HttpRequest, status: int) -> HttpResponse:
    """Answer one of the framework's own refusals outside of any API view."""
    code, title, meaning = FRAMEWORK_PROBLEMS[status]
    _note(request, code=code)
    return _answer(
        request, problem(status=status, code=code, title=title, detail=meaning, instance=request.path)
    )


def for_people(request: HttpRequest) -> bool:
    """Return whether a browser in the back office asks: it gets a page instead of the problem."""
    return request.path.startswith("/admin/") and "text/html" in request.headers.get("Accept", "")


def page_of(body: Mapping[str, Any], *, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Show a problem as a page in the back office's theme, which needs no database."""
    theme = settings.UNFOLD
    context = {
        "site_title": theme["SITE_TITLE"],
        "styles": theme["STYLES"],
        "site_favicons": theme["SITE_FAVICONS"],
        **body,
    }
    # Without the request: what the theme would ask of it is who is signed in.
    page = render_to_string("shop/refused.html", context)
    response = HttpResponse(page, status=body["status"], headers=headers)
    patch_vary_headers(response, ["Accept"])
    return response


def _answer(
    request: HttpRequest, body: Mapping[str, Any], *, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """Answer a program with the problem, and a person in the back office with a page."""
    if for_people(request):
        return page_of(body, headers=headers)
    return HttpResponse(dump_json(body), status=body["status"], content_type=PROBLEM_JSON, headers=headers)


def _field_errors(details: Any, pointer: str = "") -> Iterator[FieldError]:
    """Flatten DRF's nested details into one entry per fault, each under its JSON Pointer."""
    if (
        isinstance(details, Mapping)
        and set(details) == {"message", "code"}
        and isinstance(details["code"], str)
    ):
        yield FieldError(field=pointer, code=details["code"], message=str(details["message"]))
    elif isinstance(details, Mapping):
        for name, inner in details.items():
            here = pointer if name == "non_field_errors" else f"{pointer}/{_escape(str(name))}"
            yield from _field_errors(inner, here)
    else:
        for index, inner in enumerate(details):
            leaf = isinstance(inner, Mapping) and set(inner) == {"message", "code"}
            yield from _field_errors(inner, pointer if leaf else f"{pointer}/{index}")


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")

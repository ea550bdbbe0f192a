"""What happens to every request before a view sees it, and to every answer on its way out."""

import re
import time
import uuid
from collections.abc import Callable
from functools import cache
from typing import Any

import structlog
from csp.constants import HEADER as CSP_HEADER
from csp.middleware import CSPMiddleware, PolicyParts
from csp.utils import build_policy
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.middleware.security import SecurityMiddleware
from django.utils.deprecation import MiddlewareMixin
from structlog.contextvars import bind_contextvars, clear_contextvars

from shop import metrics
from shop.browsers import BACK_OFFICE_DIRECTIVES, PERMISSIONS_POLICY
from shop.exception_handler import problem_response
from shop.health import LiveView, ReadyView
from shop.logging import facts_of, loggable_path
from shop.wire import BodyTooLarge, LengthRequired

GetResponse = Callable[[HttpRequest], HttpResponse]

log = structlog.get_logger("shop.request")

_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")


# What goes well here is not worth a line: probes every few seconds, pictures and scripts.
QUIET = ("/health/", "/static/")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PARAMETER = re.compile(r"<(?:\w+:)?")


def route_of(request: HttpRequest) -> str:
    """Return the method and the path's template, ``GET /orders/{order_id}``: of few values, whatever is asked for."""
    match = request.resolver_match
    if match is None or match.route.startswith("^") or request.method not in METHODS:
        return "other"
    if "admin" in match.namespaces:
        return f"{request.method} /admin"
    return f"{request.method} /{_PARAMETER.sub('{', match.route).replace('>', '}')}"


def measured(request: HttpRequest, *, status: int, ms: float) -> list[metrics.Measurement]:
    """Return what an answered request adds to the metrics."""
    found = [
        metrics.Measurement(metrics.REQUESTS, 1, f"{status // 100}xx"),
        metrics.Measurement(metrics.REQUEST_MILLISECONDS, ms, route_of(request)),
    ]
    return [*found, metrics.Measurement(metrics.REQUESTS_THROTTLED, 1)] if status == 429 else found


class RequestIdMiddleware:
    """Give the request an id, return it, and write the one log line when it is answered.

    Views and handlers add to that line with :func:`shop.logging.note`: who called, why it was refused.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        began = time.perf_counter()
        offered = request.headers.get("X-Request-ID", "")
        request_id = offered if _SANE_REQUEST_ID.fullmatch(offered) else str(uuid.uuid4())
        clear_contextvars()
        bind_contextvars(request_id=request_id)
        request.META["shop.request_id"] = request_id
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        if response.status_code == 304:  # the length would be that of the 200, which nobody has made
            response.headers.pop("Content-Length", None)
        elif not response.streaming:
            # Django's CommonMiddleware counts what views answer, not what the middlewares around it do.
            response.headers.setdefault("Content-Length", str(len(response.content)))
            if request.method == "HEAD":
                response.content = b""
        if response.status_code >= 400 or not request.path.startswith(QUIET):
            ms = round((time.perf_counter() - began) * 1000, 1)
            log.info(
                "request",
                method=request.method,
                path=loggable_path(request.path),
                status=response.status_code,
                ms=ms,
                **facts_of(request),
                **metrics.embedded(*measured(request, status=response.status_code, ms=ms)),
            )
        return response


class SecurityHeadersMiddleware(SecurityMiddleware):
    """Put the headers that browsers obey on every answer, whoever made it.

    Django's own class stands further in and sends plain HTTP to HTTPS; its refusal of an unknown Host is answered
    outside of it, and would go out without them.
    """

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        """Pass everything on."""
        return None

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Add what Django knows, and what it leaves to others."""
        response.headers.setdefault("X-Frame-Options", settings.X_FRAME_OPTIONS)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        return super().process_response(request, response)


def _is_page(response: HttpResponseBase) -> bool:
    return response.headers.get("Content-Type", "").startswith("text/html")


@cache
def _policy_of_no_page() -> str:
    return build_policy()


class ContentSecurityPolicyMiddleware(CSPMiddleware):
    """Tell browsers what a page may load: the back office's pages a little more than all others."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Add the header; what is no page has always the same one, which is put together once."""
        if _is_page(response):
            return super().process_response(request, response)
        response.headers.setdefault(CSP_HEADER, _policy_of_no_page())
        return response

    def get_policy_parts(
        self,
        request: HttpRequest,
        response: HttpResponseBase,
        report_only: bool = False,  # noqa: FBT001, FBT002 (django-csp's own signature)
    ) -> PolicyParts:
        """Choose by the path, and only for pages: nothing else is ever drawn."""
        parts = super().get_policy_parts(request, response, report_only)
        if request.path.startswith("/admin/") and _is_page(response) and not report_only:
            parts.config = BACK_OFFICE_DIRECTIVES
        return parts


class CacheControlMiddleware:
    """Say what may be kept: nothing that is somebody's, no failure, and of the rest nothing unasked."""

    somebodys = re.compile(r"/(?:users|orders|admin)(?:/|\Z)")

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        response = self.get_response(request)
        if (
            "Authorization" in request.headers
            or self.somebodys.match(request.path)
            or response.status_code >= 400
        ):
            response.headers["Cache-Control"] = "no-store"
        else:
            # Kept, and shown only after the ETag was asked for: a price or a stock is never stale.
            response.headers.setdefault("Cache-Control", "no-cache")
        return response


class _BackOfficeAlone(MiddlewareMixin):
    """One of Django's middlewares for pages with cookies: all but the back office goes past it, which the API is faster for."""

    def __call__(self, request: HttpRequest) -> Any:
        return super().__call__(request) if request.path.startswith("/admin/") else self.get_response(request)


class BackOfficeSessionMiddleware(_BackOfficeAlone, SessionMiddleware):
    """Sessions."""


class BackOfficeUserMiddleware(_BackOfficeAlone, AuthenticationMiddleware):
    """Who is signed in."""


class BackOfficeMessageMiddleware(_BackOfficeAlone, MessageMiddleware):
    """What was done, told on the next page."""


class HealthCheckMiddleware:
    """Answer the health checks before Django looks at the Host header or asks for HTTPS."""

    views = {"/health/live": LiveView.as_view(), "/health/ready": ReadyView.as_view()}

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer ``/health/…`` here and pass everything else on."""
        view = self.views.get(request.path)
        if view is None:
            return self.get_response(request)
        response = view(request)
        response.render()  # views answer lazily; outside the handler nobody else would
        response["Content-Length"] = str(len(response.content))
        return response


class BodyLimitMiddleware:
    """Refuse a body above the limit by its declared length, or without one, before a byte of it is read."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on unless it says that it is too large, or does not say how large it is."""
        if "Transfer-Encoding" in request.headers:
            return problem_response(
                request, LengthRequired("Send the body with a Content-Length, not in chunks.")
            )
        try:
            length = int(request.headers.get("Content-Length") or 0)
        except ValueError:
            length = 0
        if length > settings.MAX_BODY_BYTES:
            return problem_response(request, BodyTooLarge("The body is larger than 1 MiB."))
        return self.get_response(request)

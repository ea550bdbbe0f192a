"""What happens to every request before a view sees it: its id, its log line, its size, and the health checks."""

import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bind_contextvars, clear_contextvars

from shop.exception_handler import problem_response
from shop.health import LiveView, ReadyView
from shop.wire import BodyTooLarge, LengthRequired

GetResponse = Callable[[HttpRequest], HttpResponse]

log = structlog.get_logger("shop.request")

_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")


# What goes well here is not worth a line: probes every few seconds, pictures and scripts.
QUIET = ("/health/", "/static/")


class RequestIdMiddleware:
    """Give the request an id, return it, and write one log line when it is answered."""

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
        if request.method == "HEAD" and not response.streaming:
            response.content = b""  # Content-Length is set by now and stays
        if response.status_code >= 400 or not request.path.startswith(QUIET):
            log.info(
                "request",
                method=request.method,
                path=request.path,
                status=response.status_code,
                ms=round((time.perf_counter() - began) * 1000, 1),
            )
        return response


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

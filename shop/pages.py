"""The pages around the API: the front page, the API browser, the table of errors, and the plain refusals."""

import sys
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.encoding import escape_uri_path
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework import serializers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shop.errors import DomainError
from shop.exception_handler import (
    DATABASE_SILENT,
    FRAMEWORK_PROBLEMS,
    DatabaseUnavailable,
    for_people,
    framework_response,
    page_of,
    problem_of,
    problem_response,
    status_of,
)
from shop.health import ask_all, registered
from shop.logging import note
from shop.schema import describe

LINKS = {
    "products": "/products",
    "orders": "/orders",
    "users": "/users/me",
    "docs": "/docs",
    "schema": "/schema",
    "errors": "/docs/errors",
    "live": "/health/live",
    "ready": "/health/ready",
    "admin": "/admin/",
}


PARTS_SECONDS = 3.0  # how long a page waits to tell which parts answer


class OwnChoice(DefaultContentNegotiation):
    """Never 406: the view looks at ``Accept`` itself."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """Take the only renderer there is."""
        return renderers[0], renderers[0].media_type


class PublicView(APIView):
    """Open to anyone; no token means anything here. Programs get JSON, a person's browser a page."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    content_negotiation_class = OwnChoice

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Say that the answer depends on who asks."""
        patch_vary_headers(response, ["Accept"])
        return super().finalize_response(request, response, *args, **kwargs)


class FrontAnswer(serializers.Serializer[Any]):
    """The way in."""

    success = serializers.BooleanField()
    name = serializers.CharField()
    version = serializers.CharField()
    links = serializers.DictField(child=serializers.CharField())


class FrontView(PublicView):
    """What this is and where to go."""

    @describe(operation_id="front", success={200: (FrontAnswer, "Where to go from here.")}, auth=False)
    def get(self, request: Request) -> Response | HttpResponse:
        """Answer a program with links, and a person's browser with a page."""
        if "text/html" in request.headers.get("Accept", ""):
            base = request.build_absolute_uri("/").rstrip("/")
            context = {
                "version": settings.VERSION,
                "links": LINKS,
                "base": base,
                "open": not settings.REQUIRE_AUTH,
            }
            return render(request, "shop/front.html", context)
        return Response({"success": True, "name": "shop", "version": settings.VERSION, "links": LINKS})


class SchemaView(SpectacularJSONAPIView):
    """The OpenAPI document."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class DocsView(PublicView):
    """The API browser; everything it needs is served from here, and nothing of it is inline."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        """Answer with the page; static/shop/docs.js starts Swagger UI in it."""
        return render(request, "shop/docs.html")


def error_table() -> list[dict[str, Any]]:
    """Return every code this API can answer, with its status and meaning, in order of the codes."""
    rows = {
        code: {"code": code, "status": status, "title": title, "meaning": meaning}
        for status, (code, title, meaning) in FRAMEWORK_PROBLEMS.items()
    }
    for kind in _leaves(DomainError):
        meaning = " ".join((kind.__doc__ or "").split())
        rows[kind.code] = {
            "code": kind.code,
            "status": status_of(kind),
            "title": kind.title,
            "meaning": meaning,
        }
    return [rows[code] for code in sorted(rows)]


def _without_database(request: HttpRequest) -> HttpResponse:
    """Say that nobody can be recognised; show people what else there is to know, which ``/health/ready`` tells anybody."""
    error = DatabaseUnavailable(DATABASE_SILENT)
    if not for_people(request):
        return problem_response(request, error)
    others = {name: check for name, check in registered().items() if name != "database"}
    return page_of({**problem_of(error, request), "parts": ask_all(others, seconds=PARTS_SECONDS)})


def _leaves(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    children = kind.__subclasses__()
    if not children:
        yield kind
    for child in children:
        yield from _leaves(child)


class ErrorCode(serializers.Serializer[Any]):
    """One code."""

    code = serializers.CharField()
    status = serializers.IntegerField()
    title = serializers.CharField()
    meaning = serializers.CharField()


class ErrorsAnswer(serializers.Serializer[Any]):
    """All codes."""

    success = serializers.BooleanField()
    count = serializers.IntegerField()
    codes = ErrorCode(many=True)


class ErrorsView(PublicView):
    """Every error code, explained; where the ``type`` of a problem leads."""

    @describe(
        operation_id="error_codes",
        success={200: (ErrorsAnswer, "Every code this API can answer.")},
        auth=False,
    )
    def get(self, request: Request) -> Response | HttpResponse:
        """Answer a program with JSON, and a person's browser with a table."""
        rows = error_table()
        if "text/html" in request.headers.get("Accept", ""):
            return render(request, "shop/errors.html", {"rows": rows})
        return Response({"success": True, "count": len(rows), "codes": rows})


@csrf_exempt  # it changes nothing, and a 403 would hide where to go
def without_slash(request: HttpRequest, path: str) -> HttpResponse:
    """Send a path with one slash too many to the one without: 308, so that a POST stays a POST."""
    query = request.META.get("QUERY_STRING", "")
    response = HttpResponsePermanentRedirect(f"/{escape_uri_path(path)}" + (f"?{query}" if query else ""))
    response.status_code = 308
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's own refusals (an unknown Host, a malformed address)."""
    note(request, reason=type(exception).__name__)
    return framework_response(request, 400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Refuse outside of any view."""
    return framework_response(request, 403)


def csrf_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Refuse a form of the back office that was not ours, or that is older than the session."""
    note(request, reason="csrf")
    return framework_response(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """There is nothing at this address."""
    return framework_response(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """A fault of ours; the log has it under the request's id, the answer says nothing of it.

    A database that does not answer is no such fault: the API's views say so themselves, the back office's here.
    """
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return _without_database(request)
    return framework_response(request, 500)

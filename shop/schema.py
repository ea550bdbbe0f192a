"""How views describe themselves to OpenAPI: one decorator that documents every status and error code."""

import inspect
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

from shop.errors import DomainError
from shop.exception_handler import FRAMEWORK_PROBLEMS, PROBLEM_JSON, DatabaseUnavailable, status_of
from shop.wire import BodyTooLarge, InvalidJson, LengthRequired

# What any call that heeds a token may answer; the classes are in users, which this room does not know.
TOKEN_PROBLEMS = (
    (401, "invalid_token", "The Bearer token is not a valid access token of this shop."),
    (503, "identity_unavailable", "The keys to judge the token by could not be loaded; try again."),
)

View = TypeVar("View", bound=Callable[..., Any])


class FieldProblem(serializers.Serializer[Any]):
    """One fault of a request."""

    field = serializers.CharField(help_text="JSON Pointer to what is wrong; empty for the whole body.")
    code = serializers.CharField(help_text="Stable; made to be switched on.")
    message = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """RFC 9457 problem details, with this API's additional members."""

    type = serializers.CharField(help_text="Where the code is explained.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField()
    success = serializers.BooleanField(help_text="Always false.")
    code = serializers.CharField(help_text="Stable; made to be switched on. All codes: /docs/errors.")
    errors = FieldProblem(many=True)  # type: ignore[assignment] # the wire's name; DRF's property is not used here
    requestId = serializers.CharField(allow_null=True, help_text="Quote it when you ask for help.")  # noqa: N815


class ShopSchema(AutoSchema):
    """drf-spectacular's schema, with one tag per room."""

    def get_tags(self) -> list[str]:
        """Tag an operation with the first part of its path."""
        first = self.path.strip("/").split("/")[0]
        return [first if first in {"products", "users", "orders"} else "service"]


def _words(kind: type[DomainError]) -> str:
    return re.sub(r"\s+", " ", (kind.__doc__ or "").strip())


def error_responses(
    errors: Sequence[type[DomainError]], framework: Sequence[int]
) -> dict[tuple[int, str], OpenApiResponse]:
    """Document failures: one response per status, naming every code it may carry."""
    codes: dict[int, dict[str, str]] = defaultdict(dict)
    for status in framework:
        code, _title, meaning = FRAMEWORK_PROBLEMS[status]
        codes[status][code] = meaning
    if 401 in framework:
        for status, code, meaning in TOKEN_PROBLEMS:
            codes[status][code] = meaning
    for kind in errors:
        codes[status_of(kind)][kind.code] = _words(kind)
    return {
        (status, PROBLEM_JSON): OpenApiResponse(
            Problem, description="\n".join(f"- `{code}`: {words}" for code, words in sorted(by_code.items()))
        )
        for status, by_code in sorted(codes.items())
    }


def describe(
    *,
    success: Mapping[int, tuple[Any, str]],
    operation_id: str,
    request: Any = None,
    errors: Sequence[type[DomainError]] = (),
    parameters: Sequence[OpenApiParameter | type[serializers.Serializer[Any]]] = (),
    examples: Sequence[OpenApiExample] = (),
    auth: bool = True,
) -> Callable[[View], View]:
    """Document one operation.

    Args:
        success: status -> (serializer or None, what it means).
        operation_id: the name generated clients give the call.
        request: serializer of the body, if it has one.
        errors: the domain errors it may answer.
        parameters: query and header parameters.
        examples: of the request body.
        auth: whether a Bearer token means anything to it.
    """
    framework = [400, 405, 406, 500] + ([401, 403] if auth else []) + ([415] if request else [])
    known: list[type[DomainError]] = [*errors, DatabaseUnavailable] + (
        [BodyTooLarge, InvalidJson, LengthRequired] if request else []
    )
    responses: dict[Any, Any] = {
        status: OpenApiResponse(shape, description=words) for status, (shape, words) in success.items()
    }

    operation: dict[str, Any] = {
        "operation_id": operation_id,
        "request": request,
        "responses": {**responses, **error_responses(known, framework)},
        "parameters": list(parameters),
        "examples": [
            OpenApiExample(
                example.name, value=example.value, request_only=True, description=example.description
            )
            for example in examples
        ],
        "auth": None if auth else [],
    }

    def decorate(view: View) -> View:
        summary, _, description = inspect.cleandoc(view.__doc__ or "").partition("\n")
        return extend_schema(summary=summary.rstrip("."), description=description.strip(), **operation)(view)

    return decorate

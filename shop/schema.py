"""How views describe themselves to OpenAPI: one decorator that documents every status, error code and link.

It also says of request bodies what drf-spectacular cannot see: that they are strict.
"""

import inspect
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from drf_spectacular.extensions import OpenApiSerializerExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

from shop.errors import DomainError
from shop.exception_handler import FRAMEWORK_PROBLEMS, PROBLEM_JSON, DatabaseUnavailable, status_of
from shop.serializers import ChangeSerializer
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
    requestId = serializers.CharField(allow_null=True, help_text="Quote it when you ask for help.")  # noqa: N815 (as on the wire)


@dataclass(frozen=True)
class Link:
    """An OpenAPI link: what one may call with what a success has answered.

    Attributes:
        operation_id: of the call that is possible now.
        parameters: its parameters, as runtime expressions of OpenAPI (``$response.body#/order/id``).
        body: its body, whose members may be such expressions.
        words: what a reader should know.
    """

    operation_id: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    words: str = ""

    def as_openapi(self) -> dict[str, Any]:
        """Return the Link Object."""
        members = {
            "operationId": self.operation_id,
            "parameters": dict(self.parameters),
            "requestBody": self.body,
            "description": self.words,
        }
        return {name: value for name, value in members.items() if value}


class ShopSchema(AutoSchema):
    """drf-spectacular's schema, with one tag per room, and what it has no words for: links and optional tokens."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Move what :func:`describe` left under its own names to where OpenAPI has it."""
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        links = operation.pop("x-links", {})
        for status, response in operation["responses"].items():
            if links and status.startswith("2"):
                response["links"] = links
        if operation.pop("x-token-optional", False):
            operation["security"].append({})
        return operation

    def get_tags(self) -> list[str]:
        """Tag an operation with the first part of its path."""
        first = self.path.strip("/").split("/")[0]
        return [first if first in {"products", "users", "orders", "reports"} else "service"]


class StrictBody(OpenApiSerializerExtension):
    """A strict serializer takes no members but its own and those that may be sent back as they were read."""

    target_class = "shop.serializers.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """Return drf-spectacular's schema, closed."""
        inner = auto_schema._map_serializer  # noqa: SLF001 (drf-spectacular's own way to add to a schema)
        schema: dict[str, Any] = inner(self.target, direction, bypass_extensions=True)
        for name in sorted(self.target.read_back):
            schema["properties"][name] = {"description": "Ignored; may be sent back as it was read."}
        if isinstance(self.target, ChangeSerializer):
            schema["minProperties"] = 1
        return {**schema, "additionalProperties": False}


class Text(OpenApiSerializerFieldExtension):
    """A text field's pattern: blank texts are none."""

    target_class = "shop.serializers.TextField"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """Return drf-spectacular's schema and the pattern."""
        inner = auto_schema._map_serializer_field  # noqa: SLF001 (drf-spectacular's own way to add to a schema)
        schema: dict[str, Any] = inner(self.target, direction, bypass_extensions=True)
        return schema | ({"pattern": self.target.pattern} if self.target.pattern else {})


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
    links: Sequence[Link] = (),
    auth: bool | Literal["optional"] = True,
) -> Callable[[View], View]:
    """Document one operation.

    Args:
        success: status -> (serializer or None, what it means).
        operation_id: the name generated clients give the call.
        request: serializer of the body, if it has one.
        errors: the domain errors it may answer.
        parameters: query and header parameters.
        examples: of the request body.
        links: what a success makes possible next.
        auth: whether a Bearer token means anything to it; "optional" where nobody needs one.
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
        "extensions": {
            **({"x-links": {link.operation_id: link.as_openapi() for link in links}} if links else {}),
            **({"x-token-optional": True} if auth == "optional" else {}),
        },
    }

    def decorate(view: View) -> View:
        summary, _, description = inspect.cleandoc(view.__doc__ or "").partition("\n")
        return extend_schema(summary=summary.rstrip("."), description=description.strip(), **operation)(view)

    return decorate

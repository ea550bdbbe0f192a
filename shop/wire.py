"""JSON in and out. In: strict, decimals exact. Out: orjson, money as numbers or text as each shape asks."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import orjson
from django.conf import settings
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from shop.errors import DomainError

MAX_DEPTH = 32


class BodyTooLarge(DomainError):
    """The body is larger than 1 MiB (1,048,576 bytes)."""

    code = "payload_too_large"
    title = "Body too large"


class LengthRequired(DomainError):
    """A body needs a `Content-Length`. Behind the front, bodies in chunks get one; without it they are refused."""

    code = "length_required"
    title = "Length required"


class InvalidJson(DomainError):
    """The body is not valid JSON: `detail` says where it stops being so."""

    code = "invalid_json"
    title = "Invalid JSON"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise ValueError(f"the member {name[:100]!r} stands twice")
        members[name] = value
    return members


def _exact(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation as error:  # an exponent beyond what decimals have
        raise ValueError(f"{digits[:30]} is no number to work with") from error


def _check_text(value: Any, depth: int = 1) -> None:
    """Refuse what no store keeps: nesting without end, NUL, half a surrogate pair."""
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
            raise ValueError("a text holds NUL or half a surrogate pair")
    elif isinstance(value, dict):
        for name, member in value.items():
            _check_text(name, depth)
            _check_text(member, depth + 1)
    elif isinstance(value, list):
        for member in value:
            _check_text(member, depth + 1)


def parse_json(raw: bytes) -> Any:
    """Read JSON as RFC 8259 has it and no more kindly: no NaN, no duplicate members, no BOM.

    Numbers with a fraction or exponent become exact ``Decimal``.

    Raises:
        ValueError: it is not such JSON; the message says what is wrong.
    """
    try:
        value = json.loads(
            raw.decode("utf-8"),
            parse_float=_exact,
            parse_constant=_no_constant,
            object_pairs_hook=_no_duplicates,
        )
    except RecursionError as error:
        raise ValueError(f"nested deeper than {MAX_DEPTH}") from error
    _check_text(value)
    return value


class StrictJSONParser(BaseParser):
    """Read a request body as strict JSON of at most 1 MiB."""

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the body's value; 400 says what is wrong with it."""
        encoding = (parser_context or {})["request"].headers.get("Content-Encoding", "identity")
        if encoding.lower() != "identity":
            raise UnsupportedMediaType(encoding)
        raw = stream.read(settings.MAX_BODY_BYTES + 1)
        if len(raw) > settings.MAX_BODY_BYTES:
            raise BodyTooLarge("The body is larger than 1 MiB.")
        try:
            return parse_json(raw)
        except ValueError as error:
            raise InvalidJson(f"The body is not valid JSON: {error}.") from error


def timestamp(moment: datetime) -> str:
    """Write a time as the wire has it: UTC, milliseconds, ``Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        # A JSON number. Exact: our money has at most 15 significant digits, which a double keeps.
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def dump_json(value: Any) -> bytes:
    """Write JSON; ``Decimal`` becomes a number."""
    return orjson.dumps(value, default=_plain)


class JSONRenderer(BaseRenderer):
    """Write an answer's body."""

    media_type = "application/json"
    format = "json"
    charset = None  # JSON is UTF-8 by definition

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return the bytes of ``data``; nothing for no data (204, 304)."""
        return b"" if data is None else dump_json(data)


class ContentNegotiation(DefaultContentNegotiation):
    """DRF's own, which need not take apart what nearly every program sends."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """Choose how to answer; 406 if ``Accept`` takes nothing of it."""
        first = renderers[0]
        if request.META.get("HTTP_ACCEPT", "*/*") in {"*/*", first.media_type}:
            return first, first.media_type
        return super().select_renderer(request, renderers, format_suffix)

"""Request headers with a meaning of their own: ``Idempotency-Key``, ``If-Match``, ``If-None-Match``."""

import re

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from shop.errors import DomainError

_PRINTABLE = re.compile(r"[\x20-\x7e]{1,255}")
_ENTITY_TAG = re.compile(r'\s*(?:W/)?"([\x21\x23-\x7e]*)"\s*')

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    OpenApiParameter.HEADER,
    description="1–255 printable characters of the caller's choice. The same key and body act once.",
)
IDEMPOTENT_REPLAYED = OpenApiParameter(
    "Idempotent-Replayed",
    bool,
    OpenApiParameter.HEADER,
    description="`true` on a repeat.",
    response=[200, 201],
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The `ETag` of the product as read; the edit is refused if it was edited since.",
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="An `ETag`; 304 if it still holds."
)
ETAG = OpenApiParameter(
    "ETag", str, OpenApiParameter.HEADER, description="Of version and stock.", response=[200, 304]
)
LOCATION = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, description="Of what was made.", response=[201]
)


class InvalidIdempotencyKey(DomainError):
    """`Idempotency-Key` has 1 to 255 printable ASCII characters."""

    code = "invalid_idempotency_key"
    title = "Invalid idempotency key"


def idempotency_key_of(request: Request) -> str | None:
    """Return the request's idempotency key, or None if it has none.

    Raises:
        InvalidIdempotencyKey: it has one that cannot be used.
    """
    key: str | None = request.headers.get("Idempotency-Key")
    if key is not None and not _PRINTABLE.fullmatch(key):
        raise InvalidIdempotencyKey("Idempotency-Key must have 1 to 255 printable characters.")
    return key


def entity_tags(header: str | None) -> list[str] | None:
    """Read an ``If-Match`` or ``If-None-Match`` header.

    Returns:
        The tags without quotes (weak ones too: a proxy that compresses weakens them); ``["*"]`` for any;
        None if there is no header.
    """
    if header is None:
        return None
    if header.strip() == "*":
        return ["*"]
    return [match.group(1) for part in header.split(",") if (match := _ENTITY_TAG.fullmatch(part))]

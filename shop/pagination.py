"""Lists in pages: how many, and where to go on. Cursors are signed, so they cannot be made or changed outside."""

from collections.abc import Mapping
from typing import Any

from django.core import signing
from django.http import QueryDict
from rest_framework import serializers

from shop.errors import DomainError
from shop.serializers import MAX_UNKNOWN_NAMED, QueryIntegerField, StrictSerializer

DEFAULT_LIMIT = 50
MAX_LIMIT = 100
MAX_CURSOR_LENGTH = (
    2000  # the longest is about 1,750: after a category of 100 letters, at 12 bytes of JSON each
)


class InvalidCursor(DomainError):
    """The cursor was not made by this list with these filters. Start again without one."""

    code = "invalid_cursor"
    title = "Invalid cursor"


class PageQuery(StrictSerializer):
    """``limit`` and ``cursor`` of every list. A parameter that means nothing here is refused."""

    limit = QueryIntegerField(
        min_value=1, max_value=MAX_LIMIT, default=DEFAULT_LIMIT, help_text="Entries in a page, at most."
    )
    cursor = serializers.CharField(
        required=False,
        trim_whitespace=False,  # white space alone is no cursor of ours, and no missing one either
        help_text="`nextCursor` of the page before; not to be made by hand.",
    )

    def to_internal_value(self, data: Any) -> Any:
        """Judge the parameters as sent; a filter that is misspelled, doubled or empty must not become none.

        DRF takes an empty parameter of a form for none, and the last of several for all of them.
        """
        if not isinstance(data, QueryDict):
            return super().to_internal_value(data)
        fault = serializers.ErrorDetail("Send this parameter once.", "repeated")
        repeated = [name for name, values in data.lists() if len(values) > 1][:MAX_UNKNOWN_NAMED]
        if repeated:
            raise serializers.ValidationError({name: [fault] for name in repeated})
        return super().to_internal_value(data.dict())


def encode_cursor(position: Mapping[str, Any], *, scope: str) -> str:
    """Write down where a page ended.

    Args:
        position: what the list needs to go on (JSON values).
        scope: the list and its filters; the cursor is good for that alone.
    """
    return signing.dumps(dict(position), salt=f"shop.cursor:{scope}", compress=False)


def decode_cursor(cursor: str, *, scope: str) -> dict[str, Any]:
    """Read where to go on.

    Raises:
        InvalidCursor: it is not a cursor of ours, was changed, or belongs to other filters.
    """
    try:
        position: dict[str, Any] = signing.loads(cursor[:MAX_CURSOR_LENGTH], salt=f"shop.cursor:{scope}")
    except signing.BadSignature as error:
        raise InvalidCursor(
            "This cursor is not of this list and these filters; start again without one."
        ) from error
    return position

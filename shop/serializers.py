"""Fields and a base class that take exactly what the API documents, and say precisely what else they got."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from operator import attrgetter
from typing import Any
from unicodedata import category, normalize

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from shop.wire import timestamp

_DECIMAL = re.compile(r"[0-9]{1,15}(\.[0-9]{1,20})?")
MAX_UNKNOWN_NAMED = 20  # an answer must not outgrow its request
MAX_FAULTS_NAMED = 20  # nor its entries
_WHOLE = re.compile(r"[0-9]{1,15}")


class StrictSerializer(serializers.Serializer[Any]):
    """A JSON object of known members.

    ``read_back`` names members that a client may have read from us and send back; they are ignored.
    """

    read_back: frozenset[str] = frozenset()

    def to_internal_value(self, data: Any) -> Any:
        """Refuse anything but an object, and members that mean nothing here."""
        if not isinstance(data, Mapping):
            fault = serializers.ErrorDetail("Expected a JSON object.", "not_an_object")
            raise serializers.ValidationError({"non_field_errors": [fault]})
        unknown = [name for name in data if name not in self.fields and name not in self.read_back]
        if unknown:
            known = ", ".join(sorted(name for name, field in self.fields.items() if not field.read_only))
            raise serializers.ValidationError(
                {
                    name: [serializers.ErrorDetail(f"Unknown field; known are: {known}.", "unknown_field")]
                    for name in unknown[:MAX_UNKNOWN_NAMED]
                }
            )
        return super().to_internal_value(data)


class OutputSerializer(serializers.Serializer[Any]):
    """An object as it is answered. Its fields are made once for the class, where DRF copies them for every object."""

    @classmethod
    @cache
    def _writers(cls) -> list[tuple[str, Callable[[Any], Any], Callable[[Any], Any]]]:
        """Return for each member its name, how to get the value from an object, and how to write it."""
        return [
            (
                name,
                attrgetter(str(field.source))
                if field.source_attrs == [field.source]
                else field.get_attribute,
                field.to_representation,
            )
            for name, field in cls().fields.items()
        ]

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Write every member; None stays None."""
        values = ((name, get(instance), write) for name, get, write in self._writers())
        return {name: None if value is None else write(value) for name, value, write in values}


class ChangeSerializer(StrictSerializer):
    """Members to change, each of them optional; at least one is there."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a change of nothing."""
        if not attrs:
            raise serializers.ValidationError("Name at least one field to change.", code="nothing_to_change")
        return attrs


class ShortListField(serializers.ListField):
    """A list whose length is judged before its entries: to look at a hundred thousand takes half a minute."""

    def run_child_validation(self, data: Any) -> list[Any]:
        """Return the entries; of many faulty ones, name some."""
        if self.max_length is not None and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        values: list[Any] = []
        faults: dict[Any, Any] = {}
        for index, entry in enumerate(data):
            try:
                values.append(self.child.run_validation(entry))
            except serializers.ValidationError as fault:
                faults[index] = fault.detail
            if len(faults) == MAX_FAULTS_NAMED:
                break
        if faults:
            raise serializers.ValidationError(faults)
        return values


class StrictIntegerField(serializers.IntegerField):
    """A JSON integer: no text, no fraction, no exponent, no truth value."""

    def to_internal_value(self, data: Any) -> int:
        """Take an ``int`` only."""
        if type(data) is not int:
            raise serializers.ValidationError("Expected a whole number.", code="invalid")
        return data


class QueryIntegerField(serializers.IntegerField):
    """A whole number in a query string: ASCII digits only."""

    def to_internal_value(self, data: Any) -> int:
        """Take digits only (``int()`` would take ``1_0`` and other scripts' digits)."""
        if not _WHOLE.fullmatch(str(data)):
            raise serializers.ValidationError("Expected a whole number.", code="invalid")
        return int(data)


class TextField(serializers.CharField):
    """A JSON string; numbers are not taken for text. ``pattern`` is what the schema says of it."""

    @property
    def pattern(self) -> str | None:
        """The regular expression that a text meets, or None: white space alone is a blank text."""
        # U+001C to U+001F and U+0085 are white space to Python and not to everybody's regular expressions.
        return r"[^\s\x1c-\x1f\x85]" if self.trim_whitespace and not self.allow_blank else None

    def to_internal_value(self, data: Any) -> str:
        """Take a ``str`` only."""
        if not isinstance(data, str):
            raise serializers.ValidationError("Expected a text.", code="invalid")
        return str(super().to_internal_value(data))


@extend_schema_field(OpenApiTypes.EMAIL)
class EmailTextField(TextField):
    """An e-mail address of at most 254 characters, in lower case."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 254, **kwargs})
        self._email = serializers.EmailField()

    def to_internal_value(self, data: Any) -> str:
        """Return the address in lower case."""
        text = super().to_internal_value(data)
        if not _keeps_its_letters(text):
            raise serializers.ValidationError(self._email.error_messages["invalid"], code="invalid")
        address: str = self._email.run_validation(text.lower())
        return address


def _keeps_its_letters(address: str) -> bool:
    """Tell whether lower case cannot make another address of it: the sign for kelvin becomes a plain k.

    Before the ``@`` stands ASCII alone; behind it also letters that are not ASCII ones in other clothes.
    """
    local, _, domain = address.rpartition("@")
    return local.isascii() and all(
        char.isascii() or (category(char)[0] in "LMN" and not normalize("NFKC", char.lower()).isascii())
        for char in domain
    )


@extend_schema_field(
    {
        "oneOf": [
            {"type": "number", "minimum": 0, "maximum": 9_999_999.99, "multipleOf": 0.01},
            {"type": "string", "pattern": r"^0{0,8}[0-9]{1,7}(\.[0-9]{1,2}0{0,18})?$"},
        ]
    }
)
class MoneyField(serializers.Field[Decimal, Any, Any, Any]):
    """An amount in the shop's currency: a JSON number or decimal text, 0 to 9,999,999.99, at most 2 decimals."""

    maximum = Decimal("9999999.99")

    def to_internal_value(self, data: Any) -> Decimal:
        """Return the exact amount with two decimals."""
        amount = self._exact(data)
        if not 0 <= amount <= self.maximum:
            raise serializers.ValidationError(f"Must be between 0 and {self.maximum}.", code="out_of_range")
        cents = amount.quantize(Decimal("0.01"))
        if cents != amount:
            raise serializers.ValidationError("At most 2 decimals.", code="too_many_decimals")
        return abs(cents)  # -0.00 is 0.00

    @staticmethod
    def _exact(data: Any) -> Decimal:
        number = type(data) in {int, Decimal}
        if not number and not (isinstance(data, str) and _DECIMAL.fullmatch(data)):
            raise serializers.ValidationError("Expected an amount such as 19.99.", code="invalid")
        try:
            amount = Decimal(data)
        except InvalidOperation as error:  # pragma: no cover (the pattern has let through what Decimal takes)
            raise serializers.ValidationError("Expected an amount such as 19.99.", code="invalid") from error
        if amount.adjusted() > 30 or amount.as_tuple().exponent < -30:  # type: ignore[operator]
            raise serializers.ValidationError("Expected an amount such as 19.99.", code="invalid")
        return amount


@extend_schema_field({"type": "number", "minimum": 0})
class MoneyNumberField(serializers.Field[Decimal, Any, Any, Any]):
    """An amount as it is answered: a JSON number."""

    def to_representation(self, value: Decimal) -> Decimal:
        """Return the amount; the renderer writes a number."""
        return value


@extend_schema_field(
    {
        "type": "object",
        "maxProperties": 20,
        "propertyNames": {"minLength": 1, "maxLength": 100},
        "additionalProperties": {"type": "string", "maxLength": 500},
        "description": "Up to 20 keys (1–100 characters) with text values of at most 500 characters.",
    }
)
class MetadataField(serializers.Field[dict[str, str], Any, Any, Any]):
    """Free text by key, kept and returned as sent."""

    def to_internal_value(self, data: Any) -> dict[str, str]:
        """Check number and lengths."""
        if not isinstance(data, dict):
            raise serializers.ValidationError("Expected an object of texts.", code="invalid")
        if len(data) > 20:
            raise serializers.ValidationError("At most 20 keys.", code="too_many_keys")
        for key, value in data.items():
            if not 1 <= len(key) <= 100:
                raise serializers.ValidationError("Keys have 1 to 100 characters.", code="invalid_key")
            if not isinstance(value, str) or len(value) > 500:
                raise serializers.ValidationError(
                    {key: [serializers.ErrorDetail("Expected a text of at most 500 characters.", "invalid")]}
                )
        return data

    def to_representation(self, value: dict[str, str]) -> dict[str, str]:
        """Return it as it was sent."""
        return dict(value)


class TimestampField(serializers.DateTimeField):
    """UTC, ISO 8601, milliseconds, ``Z``."""

    def to_representation(self, value: Any) -> str:
        """Write the time as the wire has it."""
        return timestamp(value)

"""The forms of the catalogue: what staff type becomes what the REST API takes, and the API's own rules judge it."""

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from rest_framework.serializers import Serializer
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from products.imports import as_json, in_words
from products.inventory import MAX_STOCK
from products.models import Product
from products.serializers import AdjustStockInput, CreateProductInput, UpdateProductInput
from products.services import new_product_id

MAX_REASON = 200  # as the API has it for an adjustment


def _text(label: str, **options: Any) -> forms.CharField:
    attrs = {"autocomplete": "off", **options.pop("attrs", {})}
    return forms.CharField(label=label, widget=UnfoldAdminTextInputWidget(attrs), **options)


class WhyForm(forms.Form):
    """Why. It comes last, whatever else is asked for."""

    why = forms.CharField(
        label="Reason",
        min_length=3,
        max_length=MAX_REASON,
        widget=UnfoldAdminTextareaWidget({"rows": 2}),
        help_text="Kept with your name.",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.order_fields([*(name for name in self.fields if name != "why"), "why"])


class JudgedForm(WhyForm):
    """A form whose answers a serializer of the API judges.

    Attributes:
        judge: the serializer.
        members: which fields it gets, each under its own name.
        fields_judged: what it made of them, once the form is valid.
    """

    judge: ClassVar[type[Serializer[Any]]]
    members: ClassVar[Sequence[str]]
    fields_judged: Mapping[str, Any]

    def clean(self) -> dict[str, Any]:
        """Let the API's rules say what is wrong, beside what the form saw itself."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        sent = {name: as_json(name, cleaned[name]) for name in self.members if name in cleaned}
        judged = self.judge(data=sent)
        if not judged.is_valid():
            for name, errors in judged.errors.items():
                where = name if name in self.fields else None
                if where not in self.errors:
                    self.add_error(where, list(in_words(errors)))
            return cleaned
        self.fields_judged = judged.validated_data
        return cleaned


class EditForm(JudgedForm):
    """What a product is, but for its stock, which has a page of its own."""

    judge: ClassVar[type[CreateProductInput]] = UpdateProductInput
    members: ClassVar[Sequence[str]] = ("name", "price", "category", "description", "metadata")

    name = _text("Name", max_length=200)
    price = _text(f"Price in {settings.CURRENCY}", max_length=40, attrs={"inputmode": "decimal"})
    category = _text("Category", max_length=100, help_text="Spelled exactly as for its other products.")
    description = forms.CharField(
        label="Description", required=False, strip=False, widget=UnfoldAdminTextareaWidget({"rows": 5})
    )
    metadata = forms.CharField(
        label="Metadata",
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 3, "spellcheck": "false"}),
        help_text='Texts by name, as JSON: {"colour": "white"}. Empty: none.',
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    edit = forms.UUIDField(widget=forms.HiddenInput)

    def clean_description(self) -> str:
        """Undo what browsers do to the ends of lines."""
        return str(self.cleaned_data["description"]).replace("\r\n", "\n")

    @classmethod
    def of(cls, product: Product) -> dict[str, Any]:
        """Return what stands in the form at first."""
        return {
            "name": product.name,
            "price": f"{product.price:.2f}",
            "category": product.category,
            "description": product.description,
            "metadata": json.dumps(product.metadata, ensure_ascii=False) if product.metadata else "",
            "version": product.version,
            "edit": uuid.uuid4(),
        }

    def changes_to(self, product: Product) -> dict[str, Any]:
        """Return the fields that are to be others than they are."""
        as_shown = {"description": product.description.replace("\r\n", "\n")}
        return {
            name: value
            for name, value in self.fields_judged.items()
            if as_shown.get(name, getattr(product, name)) != value
        }


class CreateForm(EditForm):
    """A new product, its first stock with it."""

    judge = CreateProductInput
    members = (*EditForm.members, "stock")

    stock = _text("Stock", max_length=10, attrs={"inputmode": "numeric"}, help_text="Units on the shelf.")
    product_id = forms.RegexField(r"\Aprod_[0-9a-f]{20}\Z", widget=forms.HiddenInput)
    version = None  # type: ignore[assignment]  # Django's way to leave an inherited field out
    edit = None  # type: ignore[assignment]
    field_order = ("name", "price", "stock")

    @classmethod
    def fresh(cls) -> dict[str, Any]:
        """Return what stands in the form at first: the new product's id, so that to send it twice makes one."""
        return {"product_id": new_product_id()}


class AdjustForm(JudgedForm):
    """By how much, against which stock."""

    judge = AdjustStockInput
    members = ("delta", "reason")

    delta = _text(
        "Change",
        max_length=11,
        attrs={"inputmode": "text"},
        help_text="+5 adds five units, -2 takes two away.",
    )
    any_stock = forms.BooleanField(
        label="Also if orders come in between",
        required=False,
        widget=UnfoldBooleanWidget,
        help_text="Then the change applies to whatever the stock is by then.",
    )
    seen = forms.IntegerField(min_value=0, max_value=MAX_STOCK, widget=forms.HiddenInput)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def clean_delta(self) -> int | str:
        """Read a number with its sign; what is none stays text, and is refused as such."""
        text = str(self.cleaned_data["delta"])
        return int(text) if re.fullmatch(r"[+-]?[0-9]{1,10}", text) else text

    def clean(self) -> dict[str, Any]:
        """Judge what is asked as the API would judge it."""
        self.cleaned_data["reason"] = self.cleaned_data.get("why", "-")
        return super().clean()

    @classmethod
    def of(cls, product: Product) -> dict[str, Any]:
        """Return what stands in the form at first."""
        return {"seen": product.stock, "key": uuid.uuid4()}

"""The pages that change one product: make it, edit it, adjust its stock. Each writes by the catalogue's own services.

A form carries what the person saw (the version, the stock) and a name of its own: what changed in between is told
before anything is written, and a form that is sent twice acts once.
"""

import uuid
from decimal import Decimal
from typing import Any, ClassVar, cast

import structlog
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from orders.backoffice.catalogue import address, price
from orders.backoffice.catalogue_forms import AdjustForm, CreateForm, EditForm, WhyForm
from orders.backoffice.models import Desk
from orders.backoffice.page import Crumb, StaffPage
from orders.backoffice.roles import ADJUST_STOCK, EDIT_CATALOGUE
from products import inventory, services
from products.errors import (
    AdjustmentKeyReused,
    CatalogueUnavailable,
    ProductNotFound,
    StaleVersion,
    StockMoved,
)
from products.models import Product
from products.selectors import get_any_product, get_product
from shop.errors import DomainError

log = structlog.get_logger("orders.backoffice")

PERHAPS = "It may have arrived all the same; to send this form again is safe."
SHORT = frozenset({"name", "price", "category"})  # fields whose values fit into the log's line


class CatalogueFormPage(StaffPage):
    """Show a form; take it, once.

    Attributes:
        form_class: what is asked for.
        consequence: what will happen, in a sentence.
        button: what the button says.
    """

    template_name = "backoffice/catalogue_form.html"
    http_method_names = ["get", "head", "post"]
    form_class: ClassVar[type[WhyForm]]
    consequence: ClassVar[str]
    button: ClassVar[str]
    form: Any = None

    def save(self) -> str | None:
        """Write what the valid form asks for; return the address to go to, or None to show the form again.

        Raises:
            DomainError: nothing was written; its message is shown above the form.
        """
        raise NotImplementedError

    def initial(self) -> dict[str, Any]:
        """Return what stands in the form at first."""
        raise NotImplementedError

    def post(self, request: HttpRequest) -> HttpResponse:
        """Write, if the form is sound."""
        self.form = self.form_class(request.POST)
        if self.form.is_valid():
            try:
                if goal := self.save():
                    return redirect(goal)
            except ProductNotFound as error:
                raise Http404 from error
            except CatalogueUnavailable as error:
                messages.error(request, f"{error.message} {PERHAPS}")
            except DomainError as error:
                messages.error(request, f"{error.message} Nothing was changed.")
        return self.render_to_response(self.get_context_data())

    def page_context(self) -> dict[str, Any]:
        """Give the template the form."""
        context = {"consequence": self.consequence, "button": self.button, "back": self.back()}
        try:
            return {**context, "form": self.form or self.form_class(initial=self.initial())}
        except ProductNotFound as error:
            raise Http404 from error
        except CatalogueUnavailable:
            return {**context, "unavailable": True}

    def back(self) -> str:
        """Return where to go without a change."""
        return reverse("admin:catalogue")

    def breadcrumbs(self) -> list[Crumb]:
        """Lead back to the list."""
        return [("Catalogue", reverse("admin:catalogue"))]

    @property
    def who(self) -> str:
        """Return whose name stands beside the change."""
        return cast(User, self.request.user).get_username()

    def done(self, product_id: str, *, text: str, what: str) -> str:
        """Write down what was done, say it, and return the product's page."""
        message = f"{what} Reason: {self.form.cleaned_data['why']}"
        self.write_down(message=message, about=f"product {product_id}", object_id=product_id, model=Desk)
        log.info("staff changed the catalogue", action=self.name, product_id=product_id)
        return self.said(product_id, text=text)

    def said(self, product_id: str, *, text: str) -> str:
        """Say how it went, and return the product's page."""
        messages.success(self.request, text)
        return address(product_id)


class CreatePage(CatalogueFormPage):
    """A new product."""

    title = "New product"
    route = "catalogue/new/"
    name = "catalogue_new"
    permission_required = EDIT_CATALOGUE
    form_class = CreateForm
    consequence = "Customers see it at once."
    button = "Create"

    def initial(self) -> dict[str, Any]:
        """Choose the id now, so that the form makes one product however often it is sent."""
        return CreateForm.fresh()

    def save(self) -> str:
        """Create it."""
        product_id = self.form.cleaned_data["product_id"]
        if get_any_product(product_id) is not None:
            return self.said(product_id, text="This form was sent before; it has made this product.")
        product = services.create_product(
            fields=self.form.fields_judged,
            actor=self.who,
            reason=self.form.cleaned_data["why"],
            product_id=product_id,
        )
        what = f"Created: {product.name}, {price(product)}, stock {product.stock}."
        return self.done(product_id, text=f"{product.name} is in the catalogue.", what=what)


class ProductFormPage(CatalogueFormPage):
    """A form about one product that is there."""

    product: Product | None = None

    @property
    def product_id(self) -> str:
        """Return which product."""
        return self.request.GET.get("id", "")

    def back(self) -> str:
        """Return the product's page."""
        return address(self.product_id)

    def breadcrumbs(self) -> list[Crumb]:
        """Lead back to the list, and to the product."""
        return [*super().breadcrumbs(), (f"Product {self.product_id[:64]}", self.back())]

    def initial(self) -> dict[str, Any]:
        """Show the product as it is now."""
        self.product = get_product(self.product_id)
        return self.form_class.of(self.product)  # type: ignore[attr-defined, no-any-return]  # both have it

    def page_context(self) -> dict[str, Any]:
        """Add the product as it is now."""
        context = super().page_context()
        return {**context, "product": self.product}

    def ask_again(self, **seen: object) -> None:
        """Show the form as it was typed, with what is seen now in its hidden fields."""
        self.form.data = self.form.data.copy()
        for name, value in seen.items():
            self.form.data[name] = str(value)


class EditPage(ProductFormPage):
    """What a product is, but for its stock."""

    title = "Edit product"
    route = "catalogue/edit/"
    name = "catalogue_edit"
    permission_required = EDIT_CATALOGUE
    form_class = EditForm
    consequence = "Customers see the change at once; orders keep the name and price they were placed at."
    button = "Save"

    def save(self) -> str | None:
        """Write what differs, if nobody wrote in between."""
        asked = self.form.cleaned_data
        self.product = seen = get_product(self.product_id)
        if seen.edit_id == asked["edit"].hex:
            return self.said(seen.product_id, text="Saved.")
        changes = self.form.changes_to(seen)
        if seen.version != asked["version"]:
            self._tell(changes)
            return None
        if not changes:
            return self.said(seen.product_id, text="Nothing was different; nothing was written.")
        try:
            services.update_product(
                seen.product_id,
                changes=changes,
                expected_version=seen.version,
                actor=self.who,
                reason=asked["why"],
                edit_id=asked["edit"].hex,
            )
        except StaleVersion:
            self.product = get_product(self.product_id)
            self._tell(self.form.changes_to(self.product))
            return None
        return self.done(seen.product_id, text="Saved.", what=_difference(seen, changes))

    def _tell(self, changes: dict[str, Any]) -> None:
        """Say what others wrote in between; to save once more is to mean it."""
        product = cast(Product, self.product)
        words = f"This product was edited while this page was open (version {product.version} now). Nothing was saved. "
        others = "; ".join(_shown(name, getattr(product, name), "is now ") for name in changes)
        messages.warning(
            self.request,
            words + (f"Other than yours: {others}. Save again to write yours over it." if changes else ""),
        )
        self.ask_again(version=product.version)


class AdjustPage(ProductFormPage):
    """Units added or taken away."""

    title = "Adjust stock"
    route = "catalogue/adjust/"
    name = "catalogue_adjust"
    permission_required = ADJUST_STOCK
    form_class = AdjustForm
    consequence = "The change stands in the product's movements, with your name and the reason. The stock never gets below 0."
    button = "Adjust"

    def save(self) -> str | None:
        """Adjust, if the stock is what was seen."""
        asked = self.form.cleaned_data
        self.product = get_product(self.product_id)
        try:
            product, repeated = inventory.adjust(
                self.product_id,
                delta=self.form.fields_judged["delta"],
                reason=asked["why"],
                key=f"{self.who}:{asked['key'].hex}",
                actor=self.who,
                expected_stock=None if asked["any_stock"] else asked["seen"],
            )
        except StockMoved as refusal:
            self._tell(refusal.stock)
            return None
        except AdjustmentKeyReused:
            messages.warning(
                self.request,
                "This form was sent before, with another change. Send it again to do this one too.",
            )
            self.ask_again(seen=self.product.stock, key=uuid.uuid4())
            return None
        text = f"Stock {asked['delta']:+}: now {product.stock}."
        if repeated:  # the movement tells who and why, whatever became of the log's line
            return self.said(self.product_id, text=text)
        return self.done(self.product_id, text=text, what=text)

    def page_context(self) -> dict[str, Any]:
        """Show the stock beside the form."""
        return {**super().page_context(), "shows_stock": True}

    def _tell(self, stock: int) -> None:
        self.product = get_product(self.product_id)
        messages.warning(
            self.request,
            f"The stock was {self.form.cleaned_data['seen']} when you opened this page and is {stock} now: orders or "
            "colleagues came in between. Nothing was changed. Look at your number again, then send it once more.",
        )
        self.ask_again(seen=stock)


def _difference(seen: Product, changes: dict[str, Any]) -> str:
    """Write what an edit changed, the old value before the new where both are short."""
    parts = [
        f"{_shown(name, getattr(seen, name), '')}{f' → {value}' if name in SHORT else ''}"
        for name, value in changes.items()
    ]
    return f"Changed: {', '.join(parts)}."


def _shown(name: str, value: object, verb: str) -> str:
    """Write a field with its value, if that is short."""
    text = f"{value:.2f}" if isinstance(value, Decimal) else value
    return f"{name} {verb}{text}" if name in SHORT else name

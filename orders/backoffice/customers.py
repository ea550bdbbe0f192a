"""Customers: found by address or id, seen with their orders, shut out and let in. Who looked at whom is written down."""

import re
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from unfold.widgets import UnfoldAdminTextInputWidget

from orders.backoffice import wording
from orders.backoffice.actions import ReasonForm
from orders.backoffice.page import Crumb, StaffPage, allowed
from orders.backoffice.paging import LAST_PAGE, NextPaginator
from orders.backoffice.roles import DISABLE_CUSTOMER, VIEW, VIEW_CUSTOMER
from orders.models import Order
from shop.errors import DomainError
from users import audit, customers, directory
from users.audit import Kind
from users.directory import Account

ORDERS = 25  # of a page
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class SearchForm(forms.Form):
    """Whom."""

    words = forms.CharField(
        label="E-mail address or customer id",
        max_length=254,
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off", "autocapitalize": "none"}),
    )

    def clean_words(self) -> str:
        """Refuse what can be neither."""
        words = str(self.cleaned_data["words"]).strip().lower()
        if not (_ID.fullmatch(words) or ("@" in words and " " not in words)):
            raise forms.ValidationError("A whole e-mail address, or the id that an order shows.")
        return words


class CustomerSearchPage(StaffPage):
    """Find one. By POST: an address in a link would stand in the logs of every proxy on the way."""

    title = "Customers"
    route = "customers/"
    name = "customers"
    permission_required = VIEW_CUSTOMER
    template_name = "backoffice/customers.html"
    http_method_names = ["get", "head", "post"]
    form: SearchForm | None = None
    found_nobody = False

    def post(self, request: HttpRequest) -> HttpResponse:
        """Lead to the customer. An id leads to a page whether or not the pool knows it: its orders may outlive it."""
        self.form = SearchForm(request.POST)
        if self.form.is_valid():
            words = self.form.cleaned_data["words"]
            if "@" not in words:
                return redirect(address_of(words))
            try:
                account = directory.find_account(words)
            except DomainError as error:
                messages.error(request, error.message)
            else:
                if account is not None:
                    return redirect(address_of(account.sub))
                self.found_nobody = True
        return self.render_to_response(self.get_context_data())

    def page_context(self) -> dict[str, Any]:
        """Give the template the form, and where the orders of a stranger are."""
        orders = ""
        if self.found_nobody and self.form and allowed(self.request, VIEW):
            query = urlencode({"q": self.form.cleaned_data["words"]})
            orders = f"{reverse('admin:orders_order_changelist')}?{query}"
        return {"form": self.form or SearchForm(), "found_nobody": self.found_nobody, "orders": orders}


class OneCustomerPage(StaffPage):
    """The base of pages about one customer, who is named by the parameter ``sub``.

    Attributes:
        sub: their id.
        account: how the pool knows them; None if it does not, or did not answer.
        silent: whether it did not answer.
    """

    account: Account | None = None
    silent = False

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Read whom it is about."""
        super().setup(request, *args, **kwargs)
        self.sub = (request.POST if request.method == "POST" else request.GET).get("sub", "")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Ask the pool, for those who may see the answer."""
        if self.has_permission():
            if not _ID.fullmatch(self.sub):
                raise Http404
            try:
                found = directory.find_account(self.sub)
            except DomainError:
                self.silent = True
            else:
                self.account = found if found and found.sub == self.sub else None
        return super().dispatch(request, *args, **kwargs)

    def breadcrumbs(self) -> list[Crumb]:
        """Lead back to the search."""
        return [("Customers", reverse("admin:customers"))]


class CustomerPage(OneCustomerPage):
    """Profile and orders."""

    title = "Customer"
    route = "customers/customer/"
    name = "customer"
    permission_required = VIEW_CUSTOMER
    template_name = "backoffice/customer.html"

    def page_context(self) -> dict[str, Any]:
        """Gather it: two questions to the pool, two queries along the index of a customer's orders."""
        audit.write(Kind.LOOKED_UP, user=cast(User, self.request.user), about=f"customer {self.sub}")
        return {
            "sub": self.sub,
            "account": self.account,
            "silent": self.silent,
            "groups": self._groups(),
            "actions": self._actions(),
            **(self._orders() if allowed(self.request, VIEW) else {}),
        }

    def _groups(self) -> list[str]:
        if self.account is None:
            return []
        try:
            return sorted(directory.groups_of(self.account.username))
        except DomainError:
            return ["the pool did not answer"]

    def _orders(self) -> dict[str, Any]:
        text = self.request.GET.get("p", "1")
        number = min(max(int(text), 1), LAST_PAGE) if re.fullmatch(r"[0-9]{1,4}", text) else 1
        theirs = Order.objects.filter(user_id=self.sub).order_by("-created_at", "-id")
        paginator = NextPaginator(theirs, ORDERS)
        orders = [
            (order, wording.money(order.total, order.currency), wording.STATUS_COLOURS[order.status])
            for order in paginator.rows(number)
        ]
        return {"orders": orders, "page_number": number, "has_next": paginator.has_next}

    def _actions(self) -> list[tuple[str, str, str]]:
        """Return what this person may do to this account: words, address, look."""
        if self.account is None or not allowed(self.request, DISABLE_CUSTOMER):
            return []
        page = DisablePage if self.account.enabled else EnablePage
        link = f"{reverse(f'admin:{page.name}')}?{urlencode({'sub': self.sub})}"
        return [(page.title, link, "danger" if page.danger else "primary")]


class AccountReasonForm(ReasonForm):
    """Why."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["why"].help_text = "Kept in the audit log with your name."


class AccountActionPage(OneCustomerPage):
    """Ask, then act. GET changes nothing; a repeat changes nothing more.

    Attributes:
        consequence: what will happen, in sentences.
        danger: whether the customer loses something.
        done: what was done, in words.
    """

    permission_required = DISABLE_CUSTOMER
    template_name = "backoffice/customer_action.html"
    http_method_names = ["get", "head", "post"]
    consequence: ClassVar[str]
    danger: ClassVar[bool] = False
    done: ClassVar[str]
    form: ReasonForm | None = None

    def act(self, account: Account) -> None:
        """Do it. Raises NotAllowed or a DomainError."""
        raise NotImplementedError

    def breadcrumbs(self) -> list[Crumb]:
        """Lead back to the customer."""
        name = self.account.email if self.account else self.sub
        return [*super().breadcrumbs(), (name or self.sub, address_of(self.sub))]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Act, if a reason is given."""
        self.form = AccountReasonForm(request.POST)
        if self.account is None or not self.form.is_valid():
            return self.render_to_response(self.get_context_data())
        try:
            self.act(self.account)
        except customers.NotAllowed as refusal:
            text = f"Not done. {refusal}"
            messages.warning(request, text)
        except DomainError as error:
            text = f"It may or may not be done: {error.message}"
            messages.error(request, text)
        else:
            text = self.done
            messages.success(request, text)
        message = f"{self.title}: {text} Reason: {self.form.cleaned_data['why']}"
        self.write_down(message=message, about=f"customer {self.sub}", object_id=self.sub)
        return redirect(address_of(self.sub))

    def page_context(self) -> dict[str, Any]:
        """Give the template the question."""
        return {
            "sub": self.sub,
            "account": self.account,
            "silent": self.silent,
            "form": self.form or AccountReasonForm(),
            "consequence": self.consequence,
            "danger": self.danger,
            "back": address_of(self.sub),
        }


class DisablePage(AccountActionPage):
    """Shut out."""

    title = "Disable the account"
    route = "customers/disable/"
    name = "customer_disable"
    danger = True
    consequence = (
        "They cannot sign in any more and are signed out everywhere. Within seconds the shop takes none of their "
        "tokens. Their orders go on as they are: cancel those that must not be sent."
    )
    done = "The account is disabled, and signed out everywhere."

    def act(self, account: Account) -> None:
        """Disable."""
        customers.disable(account, by=cast(User, self.request.user))


class EnablePage(AccountActionPage):
    """Let in again."""

    title = "Enable the account"
    route = "customers/enable/"
    name = "customer_enable"
    consequence = "They can sign in again, with the password they have."
    done = "The account is enabled."

    def act(self, account: Account) -> None:
        """Enable."""
        customers.enable(account)


def address_of(sub: str) -> str:
    """Return the page of a customer."""
    return f"{reverse('admin:customer')}?{urlencode({'sub': sub})}"

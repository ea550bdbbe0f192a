"""The pages that act: each names what it will do to which orders, asks for a reason, does it, and says how each went."""

import time
from dataclasses import dataclass
from typing import Any, ClassVar

import structlog
from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from orders import staff
from orders.backoffice import wording
from orders.backoffice.page import Crumb, StaffPage
from orders.backoffice.roles import CANCEL, RETRY, SHIP
from orders.models import Order
from orders.payments.choice import payment_gateway
from orders.staff import Mandate, NotDone
from orders.states import Step
from shop.deadline import Deadline
from shop.errors import DomainError

log = structlog.get_logger("orders.backoffice")

MOST = 50  # orders at once
SECONDS = 25.0  # for all of them; gunicorn and the proxies wait longer
LEAST_SECONDS = 4.0  # with less left, another order is not begun


class ReasonForm(forms.Form):
    """Why."""

    why = forms.CharField(
        label="Reason",
        min_length=3,
        max_length=500,
        widget=UnfoldAdminTextareaWidget({"rows": 3}),
        help_text="Kept in the order's history with your name.",
    )


class ShipForm(ReasonForm):
    """Why, and where it can be followed."""

    tracking_number = forms.RegexField(
        r"\A[A-Za-z0-9][A-Za-z0-9 ._/-]*\Z",
        label="Tracking number",
        max_length=64,
        widget=UnfoldAdminTextInputWidget(),
        help_text="The carrier's.",
    )
    field_order = ("tracking_number", "why")


@dataclass(frozen=True)
class Result:
    """How it went with one order."""

    order: Order
    done: bool
    text: str


class OrderActionPage(StaffPage):
    """Ask, then act. GET changes nothing; POST acts on each order by itself, and a repeat finds nothing left to do.

    Attributes:
        consequence: what will happen, in a sentence.
        button: what the button says.
        danger: whether money or stock moves.
        form_class: what is asked for.
    """

    template_name = "backoffice/action.html"
    http_method_names = ["get", "head", "post"]
    consequence: ClassVar[str]
    button: ClassVar[str]
    danger: ClassVar[bool] = False
    form_class: ClassVar[type[ReasonForm]] = ReasonForm
    form: ReasonForm | None = None
    results: list[Result] | None = None

    def act(self, order: Order, *, mandate: Mandate, deadline: Deadline) -> str:
        """Do it to one order and say how it is now. Raises NotDone or a DomainError."""
        raise NotImplementedError

    def breadcrumbs(self) -> list[Crumb]:
        """Lead back to the list, and to the order if it is one."""
        way = [("Orders", reverse("admin:orders_order_changelist"))]
        if len(self.orders) == 1:
            way.append((f"Order #{self.orders[0].pk}", _address(self.orders[0])))
        return way

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Note which orders are meant; what is no number is none."""
        super().setup(request, *args, **kwargs)
        chosen = (request.POST if request.method == "POST" else request.GET).getlist("order")[:MOST]
        self.numbers = [int(text) for text in chosen if text.isascii() and text.isdigit() and len(text) <= 18]
        self.orders: list[Order] = []

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Read the orders, for those who may see them."""
        if self.has_permission():
            self.orders = list(Order.objects.filter(pk__in=self.numbers).order_by("-pk"))
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Act, if a reason is given."""
        self.form = self.form_class(request.POST)
        if not self.form.is_valid() or not self.orders:
            return self.render_to_response(self.get_context_data())
        mandate = Mandate(by=request.user.get_username(), why=self.form.cleaned_data["why"])
        end = Deadline(SECONDS)
        self.results = [self._try(order, mandate=mandate, end=end) for order in self.orders]
        if len(self.results) > 1:
            return self.render_to_response(self.get_context_data())
        (result,) = self.results
        (messages.success if result.done else messages.warning)(request, result.text)
        return redirect(_address(result.order))

    def page_context(self) -> dict[str, Any]:
        """Give the template the question or the outcome."""
        return {
            "orders": [(order, wording.money(order.total, order.currency)) for order in self.orders],
            "form": self.form or self.form_class(),
            "results": self.results,
            "consequence": self.consequence,
            "button": self.button,
            "danger": self.danger,
            "back": self.breadcrumbs()[-1][1],
        }

    def _try(self, order: Order, *, mandate: Mandate, end: Deadline) -> Result:
        seconds = min(end.remaining(), settings.ORDER_BUDGET_SECONDS)
        if seconds < LEAST_SECONDS:
            return Result(order, done=False, text="Not begun: the time for this page was up. Do it again.")
        began = time.perf_counter()
        try:
            text, done = self.act(order, mandate=mandate, deadline=Deadline(seconds)), True
        except NotDone as refusal:
            text, done = str(refusal), False
        except DomainError as error:
            text, done = error.message, False
        except (OperationalError, InterfaceError) as error:
            log.warning("an action of staff got no answer", order_id=order.pk, cause=repr(error))
            return Result(
                order, done=False, text="The database did not answer; look at the order, then try again."
            )
        log.info(
            "staff acted",
            action=self.name,
            order_id=order.pk,
            done=done,
            ms=round((time.perf_counter() - began) * 1000),
        )
        message = f"{self.title}: {text} Reason: {mandate.why}"
        self.write_down(message=message, about=str(order), object_id=str(order.pk), model=Order)
        return Result(order, done=done, text=f"Order #{order.pk}: {text}")


class RetryPage(OrderActionPage):
    """Drive open orders on."""

    title = "Try again now"
    route = "orders/retry/"
    name = "order_retry"
    permission_required = RETRY
    consequence = (
        "Each open order is driven on at once, from the step at which it stands, as recovery would do it. "
        "One that has been unpaid for too long is cancelled, and any money goes back."
    )
    button = "Try again now"

    def act(self, order: Order, *, mandate: Mandate, deadline: Deadline) -> str:
        """Retry."""
        after = staff.retry(order, mandate=mandate, gateway=payment_gateway(), deadline=deadline)
        return _standing(after)


class CancelPage(OrderActionPage):
    """Cancel, refund, restock."""

    title = "Cancel, refund and restock"
    route = "orders/cancel/"
    name = "order_cancel"
    permission_required = CANCEL
    consequence = (
        "The customer gets all money back, the units return to the shelf. This cannot be undone. "
        "The customers' time limit does not apply; what was shipped cannot be cancelled."
    )
    button = "Cancel and refund"
    danger = True

    def act(self, order: Order, *, mandate: Mandate, deadline: Deadline) -> str:
        """Cancel."""
        return _standing(staff.cancel(order, mandate=mandate, gateway=payment_gateway(), deadline=deadline))


class ShipPage(OrderActionPage):
    """Mark as shipped."""

    title = "Mark as shipped"
    route = "orders/ship/"
    name = "order_ship"
    permission_required = SHIP
    consequence = "From then on the order cannot be cancelled, by its customer or by staff."
    button = "Mark as shipped"
    form_class = ShipForm

    def act(self, order: Order, *, mandate: Mandate, deadline: Deadline) -> str:
        """Ship."""
        staff.ship(order, tracking_number=self._tracking_number(), mandate=mandate)
        return "marked as shipped."

    def _tracking_number(self) -> str:
        return str(self.form.cleaned_data["tracking_number"]).strip() if self.form else ""


def _standing(order: Order) -> str:
    if order.step != Step.DONE:
        return f"still open, at {order.step}: a system does not answer. It is tried again by itself."
    return f"now {order.status}."


def _address(order: Order) -> str:
    return reverse("admin:orders_order_change", args=[order.pk])

"""One order, all of it: lines, money, stock, and its history step by step. To look at; the actions have pages of their own."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import Http404
from django.urls import reverse

from orders.backoffice import wording
from orders.backoffice.page import Crumb, StaffPage, allowed
from orders.backoffice.roles import CANCEL, RETRY, SHIP, VIEW
from orders.models import IdempotencyKey, Order, OrderEvent, Payment, StripeIntent, database_now
from orders.states import OrderStatus, Step
from products.errors import CatalogueUnavailable
from products.models import StockReservation
from products.selectors import get_reservation
from shop.deadline import Deadline

STOCK_SECONDS = 3.0  # how long the page waits for DynamoDB
LOG_ENTRIES = 50


@dataclass(frozen=True)
class Moment:
    """One line of the timeline."""

    title: str
    event: OrderEvent
    colour: str
    took: str  # since the line before
    facts: list[tuple[str, str]]


class OrderPage(StaffPage):
    """One order; its address is the one that Django's admin gives it."""

    permission_required = VIEW
    template_name = "backoffice/order.html"

    def setup(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """Take the order's number from the address."""
        super().setup(request, *args, **kwargs)
        self.number = str(kwargs["order_id"])

    def breadcrumbs(self) -> list[Crumb]:
        """Lead back to the list."""
        return [("Orders", reverse("admin:orders_order_changelist"))]

    def page_title(self) -> str:
        """Name the order."""
        return f"Order #{self.number}"

    def page_context(self) -> dict[str, Any]:
        """Gather everything: eight queries and one question to DynamoDB, however many lines and events."""
        if not (self.number.isascii() and self.number.isdigit() and len(self.number) <= 18):
            raise Http404
        order = Order.objects.select_related("payment").filter(pk=self.number).first()
        if order is None:
            raise Http404
        now = database_now()
        payment = getattr(order, "payment", None)
        items = list(order.items.all())
        return {
            "order": order,
            "items": [(item, wording.money(item.price * item.quantity, order.currency)) for item in items],
            "total": wording.money(order.total, order.currency),
            "age": wording.span(now - order.created_at),
            "colour": wording.STATUS_COLOURS[order.status],
            "lease": _lease(order, now),
            "timeline": timeline(list(order.events.all())),
            "stock": stock_of(order),
            "payment": payment,
            "payment_facts": _payment_facts(payment),
            "intent": StripeIntent.objects.filter(order_uid=order.uid).first(),
            "key": IdempotencyKey.objects.filter(order_uid=order.uid).first(),
            "log": _log(order),
            "actions": self._actions(order),
        }

    def _actions(self, order: Order) -> list[dict[str, str]]:
        """Return the actions that this person may take and that this order's state allows."""
        is_open = order.step != Step.DONE
        paid = order.status == OrderStatus.PROCESSING and not is_open and order.shipped_at is None
        unpaid = order.status == OrderStatus.PENDING
        offers = (
            ("Try again now", "order_retry", RETRY, is_open, "primary"),
            ("Mark as shipped", "order_ship", SHIP, paid, "primary"),
            ("Cancel, refund and restock", "order_cancel", CANCEL, paid or unpaid, "danger"),
        )
        return [
            {"title": title, "link": f"{reverse(f'admin:{name}')}?order={order.pk}", "variant": variant}
            for title, name, who, possible, variant in offers
            if possible and allowed(self.request, who)
        ]


def timeline(events: list[OrderEvent]) -> list[Moment]:
    """Return an order's history, each line with the time since the one before."""
    waits = [wording.duration(late.created_at - early.created_at) for early, late in pairwise(events)]
    return [
        Moment(
            title=wording.EVENTS.get(event.kind, event.kind.replace("_", " ").capitalize()),
            event=event,
            colour=wording.STATUS_COLOURS[event.status],
            took=took,
            facts=[(name, str(value)) for name, value in event.detail.items()],
        )
        for event, took in zip(events, ["", *waits], strict=False)  # without events, one wait too many
    ]


def stock_of(order: Order) -> dict[str, Any]:
    """Return what DynamoDB holds for an order beside what MySQL says it should; or that it does not answer."""
    try:
        record = get_reservation(str(order.uid), deadline=Deadline(STOCK_SECONDS))
    except CatalogueUnavailable:
        return {"unavailable": True}
    settled = order.step == Step.DONE
    wanted = StockReservation.HELD if order.status == OrderStatus.PROCESSING else StockReservation.RELEASED
    state = record.state if record else None
    return {
        "record": record,
        "state": state or "none",
        "quantities": sorted(record.quantities.as_dict().items()) if record else [],
        "expected": wanted if settled else "still being settled",
        "agrees": not settled or state == wanted,
    }


def _lease(order: Order, now: datetime) -> str:
    if order.step == Step.DONE or order.lease_until is None:
        return "–"
    ahead = order.lease_until - now
    if ahead.total_seconds() <= 0:
        return "over: due to be tried again"
    return f"for another {wording.duration(ahead)}"


def _payment_facts(payment: Payment | None) -> list[tuple[str, str]]:
    if payment is None:
        return []
    return [
        ("Provider", payment.gateway),
        ("Reference", payment.reference),
        ("Amount", wording.money(payment.amount, payment.currency)),
        ("Refunded", wording.money(payment.refunded, payment.currency)),
        ("Decline code", payment.decline_code or "–"),
    ]


def _log(order: Order) -> list[LogEntry]:
    kind = ContentType.objects.get_for_model(Order)
    entries = LogEntry.objects.filter(content_type=kind, object_id=str(order.pk)).select_related("user")
    return list(entries.order_by("-action_time")[:LOG_ENTRIES])

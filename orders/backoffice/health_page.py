"""How the parts of the shop are: each asked now, all at the same time, by the functions that readiness and metrics use.

Without a database nobody can be recognised, so no page of the back office comes up; what is shown then:
:func:`shop.pages.server_error`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from orders import figures, queue
from orders.background import FIGURES_EVERY_SECONDS, VERIFY_SILENT_SECONDS
from orders.backoffice import wording
from orders.backoffice.page import StaffPage
from orders.backoffice.roles import VIEW_HEALTH
from orders.models import BackgroundReport, database_now
from orders.payments.choice import payment_gateway
from products.models import table_checks
from shop.health import Answer, ask_all, registered
from users.jwks import count_published_keys

SECONDS = 3.0
"""How long the page waits for all parts together."""
UNSETTLED_SECONDS = 120.0  # as the alarm has it
SILENT_SECONDS = 3 * FIGURES_EVERY_SECONDS  # the background process reports every FIGURES_EVERY_SECONDS
DATABASE, KEYS, KEYS_KEPT, QUEUE, ORDERS = (
    *("MySQL", "Cognito's signing keys", "Signing keys in this process"),
    *("Queue", "Figures from MySQL"),
)


@dataclass(frozen=True)
class State:
    """One line: a name, how it is, and more about it.

    Attributes:
        word: for people; what matters never rests on the colour alone.
        colour: the theme's name for it.
    """

    name: str
    word: str
    colour: str
    more: str = ""
    took: str = ""


@dataclass(frozen=True)
class Figures:
    """What MySQL says at one moment of its clock."""

    now: datetime
    open_orders: figures.OpenOrders
    reports: Mapping[str, BackgroundReport]


class HealthPage(StaffPage):
    """Asks every part, and waits a few seconds at most."""

    title = "Health"
    route = "health/"
    name = "health"
    permission_required = VIEW_HEALTH
    template_name = "backoffice/health.html"

    def page_context(self) -> dict[str, Any]:
        """Ask."""
        answers = ask_all(_questions(), seconds=SECONDS)
        found: Figures | None = answers[ORDERS].value
        parts = [_part(name, answer) for name, answer in answers.items()]
        silent = [part.name for part in parts if part.colour == "danger"]
        return {
            "parts": parts,
            "silent": silent,
            "payments": _payments(found),
            "work": [*_orders(found), *_queue(answers.get(QUEUE))],
            "background": _background(found),
            "books": _books(found),
            "process": {
                "Version": settings.VERSION,
                "Commit": settings.REVISION or "not known here",
                "Orders are settled": "by workers" if settings.ORDER_PROCESSING == "async" else "in requests",
            },
        }


def _questions() -> dict[str, Callable[[], Any]]:
    """Return what is asked: name -> how."""
    kept = registered()
    return {
        DATABASE: kept["database"],
        **{f"DynamoDB: {table}": check for table, check in table_checks().items()},
        KEYS: count_published_keys,
        KEYS_KEPT: kept["keys"],
        **({QUEUE: queue.depth} if settings.ORDER_QUEUE_URL else {}),
        ORDERS: _figures,
    }


def _figures() -> Figures:
    return Figures(database_now(), figures.open_orders(), figures.last_reports())


def _part(name: str, answer: Answer) -> State:
    took = wording.duration(timedelta(milliseconds=answer.ms))
    if answer.late:
        return State(name, "does not answer", "danger", f"not within {SECONDS:.0f} seconds", took)
    if not answer.ok:
        return State(name, "does not answer", "danger", "the log says why", took)
    return State(name, "answers", "success", f"published: {answer.value}" if name == KEYS else "", took)


def _payments(found: Figures | None) -> list[State]:
    here = _breaker("Payment provider, seen by this process", payment_gateway().state)
    report = found.reports.get(figures.STATE) if found else None
    if report is None:
        return [here]
    return [here, _breaker("… by the background process", str(report.detail.get("breaker", "")))]


def _breaker(name: str, state: str) -> State:
    if state == "closed":
        return State(name, "asked", "success", "the breaker is closed")
    if state == "half-open":
        return State(name, "being tried again", "warning", "the breaker is half open")
    return State(name, "not asked", "danger", "the breaker is open: the provider was silent")


def _orders(found: Figures | None) -> list[State]:
    """Return the reconciler's lag."""
    if found is None:
        return [State("Oldest open order", "not known", "warning")]
    orders = found.open_orders
    if not orders.count:
        return [State("Open orders", "none", "success")]
    colour = "danger" if orders.oldest_seconds > UNSETTLED_SECONDS else "success"
    return [
        State("Open orders", str(orders.count), "info"),
        State("Oldest open order", _age(orders.oldest_seconds), colour, "waiting to be settled"),
    ]


def _queue(answer: Answer | None) -> list[State]:
    if answer is None:
        return [State("Queue", "none", "info", "orders are settled in the requests that place them")]
    if not answer.ok:
        return [State("Messages on the queue", "not known", "warning")]
    depth: queue.Depth = answer.value
    return [
        State(
            "Messages on the queue", str(depth.messages), "info", "none is older than the oldest open order"
        ),
        State(
            "Dead letters",
            str(depth.dead_letters),
            "danger" if depth.dead_letters else "success",
            "a person must look at them" if depth.dead_letters else "",
        ),
    ]


def _background(found: Figures | None) -> State:
    name = "Background process"
    report = found.reports.get(figures.STATE) if found else None
    if found is None or report is None:
        return State(name, "has never reported" if found else "not known", "danger" if found else "warning")
    seconds = (found.now - report.reported_at).total_seconds()
    more = f"version {report.detail.get('version', 'not known')}"
    if seconds > SILENT_SECONDS:
        return State(name, f"silent for {_age(seconds)}", "danger", more)
    return State(name, f"reported {_age(seconds)} ago", "success", more)


def _books(found: Figures | None) -> dict[str, Any]:
    """Return when the promises were verified last, and what did not hold."""
    name = "Last verification"
    if found is None:
        return {"state": State(name, "not known", "warning")}
    report = found.reports.get(figures.DRIFT)
    if report is None:
        word = "none yet" if settings.VERIFY_EVERY_MINUTES else "switched off (VERIFY_EVERY_MINUTES)"
        return {"state": State(name, word, "warning")}
    broken = int(report.detail.get("violations", 0))
    seconds = (found.now - report.reported_at).total_seconds()
    overdue = settings.VERIFY_EVERY_MINUTES * 60 + VERIFY_SILENT_SECONDS
    colour = "danger" if broken else "warning" if seconds > overdue else "success"
    word = f"{broken} broken promise{'s' * (broken > 1)}" if broken else "all promises hold"
    more = f"{_age(seconds)} ago, {report.detail.get('orders', 0)} orders read"
    return {
        "state": State(name, word, colour, more),
        "at": report.reported_at,
        "violations": report.detail.get("first", []),
    }


def _age(seconds: float) -> str:
    return wording.span(timedelta(seconds=seconds)) if seconds >= 60 else f"{seconds:.0f} s"

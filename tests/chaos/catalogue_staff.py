"""Staff at work in the back office while its process dies: at each commit that an action of theirs makes."""

import http.client
import time
import uuid
from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from orders.models import Order, OrderEvent
from orders.states import OrderStatus, Step
from tests.chaos.trial import Case, Trial
from tests.chaos.world import World

STAFF_BOUNDARIES = (
    "before_commit_retried_by_staff",
    "after_commit_retried_by_staff",
    "before_commit_shipped",
    "after_commit_shipped",
)
NO_ANSWER = "before_charge=raise:orders.payments.gateway.PaymentOutcomeUnknown@0.7"


class Clerk:
    """A member of staff who is signed in, and repeats what got no answer."""

    def __init__(self, world: World) -> None:
        self._world = world
        user, _ = User.objects.get_or_create(username="clerk", is_staff=True, is_superuser=True)
        client = Client()
        client.force_login(user)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        self._csrf = uuid.uuid4().hex
        self._cookie = f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={self._csrf}"

    def act(self, action: str, order_id: int, **fields: str) -> int:
        """Send an action's form once; return the status, 0 for no answer."""
        form = {"order": order_id, "why": "asked by chaos", "csrfmiddlewaretoken": self._csrf, **fields}
        wire = http.client.HTTPConnection("127.0.0.1", self._world.port, timeout=30)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": self._cookie}
        try:
            wire.request("POST", f"/admin/orders/{action}/", urlencode(form), headers)
            return wire.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            wire.close()


def _ship(trial: Trial, name: str) -> None:
    """Ship paid orders; each is sent again, as a person does who saw an error."""
    clerk, shipped = Clerk(trial.world), set[int]()
    trial.world.arm(trial.world.web, f"{name}=kill*2")
    while len(trial.world.hits(name)) < 2 or len(shipped) < 4:
        connection.close()
        paid = Order.objects.filter(status=OrderStatus.PROCESSING, step=Step.DONE, shipped_at=None)
        order = paid.order_by("-pk").first()
        if order and clerk.act("ship", order.pk, tracking_number=f"T-{order.pk}") in {0, 302}:
            shipped.add(order.pk)
        if not _time_is_left(trial):
            break
    trial.fired += len(trial.world.hits(name))
    for order_id in shipped:
        trial.expect(_answered(clerk, order_id), f"order {order_id}: the back office does not answer")
    events = OrderEvent.objects.filter(order__in=shipped, kind="shipped").values_list("order_id", flat=True)
    trial.expect(len(set(events)) == len(events), "an order was shipped twice")
    for order in Order.objects.filter(pk__in=shipped):
        trial.expect(
            (order.shipped_at is not None)
            == (order.pk in events)
            == (order.status == OrderStatus.PROCESSING),
            f"order {order.pk} is {order.status}, shipped {order.shipped_at}, its history says otherwise",
        )


def _answered(clerk: Clerk, order_id: int) -> bool:
    """Ask until there is an answer: a worker that was killed is replaced in a moment."""
    for _ in range(50):
        if clerk.act("ship", order_id, tracking_number=f"T-{order_id}") == 302:
            return True
        time.sleep(0.2)
    return False


def _retry(trial: Trial, name: str) -> None:
    """Try open orders again, while their payments get no answer and nobody else recovers them."""
    world = trial.world
    clerk = Clerk(world)
    world.reconciler.wanted = False
    world.kill(world.reconciler)
    world.arm(world.web, f"{NO_ANSWER};{name}=kill*2")
    while len(world.hits(name)) < 2 and _time_is_left(trial):
        connection.close()
        for order_id in Order.objects.exclude(step=Step.DONE).values_list("pk", flat=True)[:10]:
            clerk.act("retry", order_id)
        time.sleep(0.2)
    trial.fired += len(world.hits(name))


def _time_is_left(trial: Trial) -> bool:
    return time.monotonic() - trial.began < 25


def cases() -> list[Case]:
    """Return the cases."""

    def inflict(name: str) -> Callable[[Trial], None]:
        return lambda trial: (_ship if name.endswith("_shipped") else _retry)(trial, name)

    return [
        Case(f"kill-staff-{name}", "staff", f"kill −9 at `{name}`", inflict(name))
        for name in STAFF_BOUNDARIES
    ]

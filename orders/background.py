"""The loops beside the web: the worker of the queue, the reconciler, housekeeping, figures. Commands choose among them."""

from datetime import date

import structlog
from django.conf import settings

from orders import figures, queue, rollup
from orders.keys import forget_old_keys
from orders.payments.choice import payment_gateway
from orders.recovery import settle_due_orders
from orders.worker import Worker
from shop.background import Loop, Pulse, repeat
from shop.deadline import Deadline
from users import audit, disabled

log = structlog.get_logger("orders.background")

RECONCILE_EVERY_SECONDS = 2.0
FORGET_EVERY_SECONDS = 3600.0
FIGURES_EVERY_SECONDS = 30.0
ADD_UP_EVERY_SECONDS = 60.0
ADD_UP_SECONDS = 5.0  # between two beats
VERIFY_SILENT_SECONDS = 1800.0
"""The longest that a verification may take: four looks at ``VERIFY_MAX_ORDERS`` orders."""


def worker_loop(*, poll_seconds: int) -> Loop:
    """Return the loop that settles what the queue names; its threads stop with it."""

    def run(pulse: Pulse) -> None:
        worker = Worker(
            gateway=payment_gateway(),
            concurrency=settings.ORDER_WORKER_CONCURRENCY,
            poll_seconds=poll_seconds,
            beat=pulse.beat,
        )
        pulse.at_stop(worker.stop)
        worker.run()

    # Beside a round for messages: one try to read the queue, and the pause after a failure.
    return Loop(name="worker", run=run, silent_seconds=90.0)


def reconciler_loops(*, threads: int) -> list[Loop]:
    """Return the loops that settle what was left open, one order at a time each, and the one that forgets what is old."""
    # One order takes its budget, and then what the database's and the provider's time-outs allow.
    silent = settings.ORDER_BUDGET_SECONDS + 60.0
    reconcile = repeat(_settle_what_is_due, pause_seconds=RECONCILE_EVERY_SECONDS)
    forget = repeat(_forget_what_is_old, pause_seconds=FORGET_EVERY_SECONDS)
    return [
        *(
            Loop(name=f"reconciler-{number}", run=reconcile, silent_seconds=silent)
            for number in range(1, threads + 1)
        ),
        Loop(name="forget", run=forget, silent_seconds=300.0),
    ]


def figure_loops() -> list[Loop]:
    """Return the loops of figures: the state every half minute, the drift every ``VERIFY_EVERY_MINUTES``, days' sales."""
    state = repeat(lambda _: figures.report_state(payment_gateway()), pause_seconds=FIGURES_EVERY_SECONDS)
    drift = repeat(
        lambda _: figures.report_drift(payment_gateway()), pause_seconds=settings.VERIFY_EVERY_MINUTES * 60.0
    )
    add_up = repeat(_add_up_days, pause_seconds=ADD_UP_EVERY_SECONDS)
    loops = [Loop(name="figures", run=state), Loop(name="sales", run=add_up)]
    if settings.VERIFY_EVERY_MINUTES:
        loops.append(Loop(name="verify", run=drift, silent_seconds=VERIFY_SILENT_SECONDS))
    return loops


def background_loops(*, threads: int, poll_seconds: int = queue.LONGEST_POLL_SECONDS) -> list[Loop]:
    """Return all of them; the worker only where there is a queue."""
    loops = [*reconciler_loops(threads=threads), *figure_loops()]
    return [worker_loop(poll_seconds=poll_seconds), *loops] if settings.ORDER_QUEUE_URL else loops


def _add_up_days(pulse: Pulse) -> None:
    """Work out the closed days that are not kept or have changed, all there ever were, a few seconds at a time."""
    while not pulse.stopping:
        pulse.beat()
        if not rollup.bring_up_to_date(date.min, date.max, deadline=Deadline(ADD_UP_SECONDS)):
            return


def _forget_what_is_old(pulse: Pulse) -> None:
    forget_old_keys()
    pulse.beat()
    audit.forget_old_events()
    disabled.forget_old()


def _settle_what_is_due(pulse: Pulse) -> None:
    for order in settle_due_orders(gateway=payment_gateway()):
        log.info("order reconciled", order_id=order.pk, status=order.status, step=order.step)
        pulse.beat()
        if pulse.stopping:
            return

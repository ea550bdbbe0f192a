"""The worker of asynchronous mode: takes messages off the queue and advances the orders that they name.

Any number of these may run. A message is deleted when its order is settled; until then it comes again, later each
time. The table of orders is the truth and the reconciler's business, so a message is only ever a hint: when an order
stays open because a system does not answer, its last delivery deletes it. So the dead-letter queue holds what a person
must look at, and nothing else: messages that cannot be read, that name no order, or that meet a bug.
"""

import math
import random
import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from orders import handover, queue, saga
from orders.models import Order, database_now
from orders.payments.gateway import PaymentGateway
from orders.queue import Message, QueueUnavailable
from orders.states import Step
from shop import traces
from shop.deadline import Deadline
from shop.failpoints import failpoint

log = structlog.get_logger("orders.worker")

FINISH_SECONDS = 25.0
"""After being told to stop. Shorter than what ECS waits between SIGTERM and SIGKILL (30 s)."""
FIRST_BACKOFF_SECONDS = 5
UNREADABLE_SECONDS = 1
MAX_PAUSE_SECONDS = 10.0
STUCK_SECONDS = 60.0
"""Beyond an order's budget, and what the time-outs of each system add to it: whatever takes so long hangs."""


def backoff_seconds(received: int) -> int:
    """Return for how long to hide a message after its n-th delivery: 5, 10, 20, 40 s; so an unknown order has 75 s to appear."""
    return FIRST_BACKOFF_SECONDS << min(received - 1, 5)


def settle(message: Message, *, gateway: PaymentGateway) -> int | None:
    """Advance the order that a message names, as far as it goes now.

    Returns:
        None if the message has served its purpose; else in how many seconds it is to come again.
    """
    uid = queue.uid_of(message)
    if uid is None:
        log.error("a message names no order", message=message.id, received=message.received)
        return UNREADABLE_SECONDS
    failpoint("after_receive")
    order = Order.objects.filter(uid=uid).first()
    if order is None:
        log.error(
            "a message names an unknown order", message=message.id, uid=str(uid), received=message.received
        )
        return backoff_seconds(message.received)
    ids = structlog.contextvars.bound_contextvars(request_id=order.request_id, order_id=order.pk)
    with ids, traces.span("settle order"):
        return _settle(order, message, gateway=gateway)


def _settle(order: Order, message: Message, *, gateway: PaymentGateway) -> int | None:
    again = backoff_seconds(message.received)
    if order.step != Step.DONE:
        if handover.take(order):
            order = saga.advance_until_settled(
                order, gateway=gateway, deadline=Deadline(settings.ORDER_BUDGET_SECONDS)
            )
        elif (
            order.lease_until is not None
        ):  # somebody is at work on it: look again once that one's time is over
            again = math.ceil(max((order.lease_until - database_now()).total_seconds(), 0)) + 1
    if order.step == Step.DONE:
        log.info("order settled", status=order.status, reason=order.cancel_reason, received=message.received)
        return None
    return _unless_last(message, again)


def _unless_last(message: Message, seconds: int) -> int | None:
    if message.received < queue.MAX_RECEIVES:
        return seconds
    log.warning("the reconciler has to settle this order", message=message.id)
    return None


class Worker:
    """Threads that settle orders, one that keeps their messages hidden meanwhile, and a loop that takes messages."""

    def __init__(
        self,
        *,
        gateway: PaymentGateway,
        concurrency: int,
        poll_seconds: int = queue.LONGEST_POLL_SECONDS,
        finish_seconds: float = FINISH_SECONDS,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        """Make a worker.

        Args:
            gateway: the payment provider.
            concurrency: orders at a time.
            poll_seconds: how long one request waits for messages.
            finish_seconds: how long orders in hand may take once it is told to stop.
            beat: called while it is well: messages are taken, and none is in hand for too long.
        """
        self._gateway = gateway
        self._beat = beat
        self._poll_seconds = poll_seconds
        self._finish_seconds = finish_seconds
        self._stop = threading.Event()
        self._stopped_at = math.inf
        self._finished = threading.Event()
        self._inbox: SimpleQueue[Message | None] = SimpleQueue()
        # Never more messages than threads: one that waits here is one that another worker could have had.
        self._free = threading.BoundedSemaphore(concurrency)
        self._in_hand: dict[Message, float] = {}  # since when, on the monotonic clock
        self._in_hand_lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, name=f"worker-{number}", daemon=True)
            for number in range(concurrency)
        ]
        # As long as the lease: a dead worker's message comes again when its order may be taken.
        self._hide_seconds = settings.ORDER_LEASE_SECONDS

    def stop(self) -> None:
        """Take no more messages, and let :meth:`run` return once those in hand are done (a signal may call this)."""
        if not self._stop.is_set():
            self._stopped_at = time.monotonic()
            self._stop.set()

    def run(self) -> None:
        """Work until stopped; nothing else that goes wrong ends it."""
        heartbeat = threading.Thread(target=self._keep_hidden, name="heartbeat", daemon=True)
        for thread in (*self._threads, heartbeat):
            thread.start()
        failures = 0
        while not self._stop.is_set():
            self._tell_that_all_is_well()
            try:
                self._take_messages()
                failures = 0
            except QueueUnavailable as error:
                log.warning("the queue does not answer", cause=repr(error))
                failures += 1
            except Exception:
                log.exception("taking messages failed; going on")
                failures += 1
            if failures:
                pause = min(2.0 ** min(failures, 10), MAX_PAUSE_SECONDS)
                self._stop.wait(random.uniform(0.5, 1.0) * pause)  # noqa: S311 (jitter)
        self._finish()

    def _take_messages(self) -> None:
        slots = self._take_slots()
        messages: list[Message] = []
        try:
            if slots:
                messages = queue.receive(
                    most=slots, wait_seconds=self._poll_seconds, hide_seconds=self._hide_seconds
                )
        finally:
            for _ in range(slots - len(messages)):
                self._free.release()
        if self._stop.is_set():
            self._give_back(messages)
            return
        with self._in_hand_lock:
            self._in_hand.update(dict.fromkeys(messages, time.monotonic()))
        for message in messages:
            self._inbox.put(message)

    def _take_slots(self) -> int:
        """Wait for a free thread, if not for long; return how many messages there are threads for."""
        slots = 0
        while slots < queue.BATCH and self._free.acquire(blocking=not slots, timeout=None if slots else 0.5):
            slots += 1
        return slots

    def _work(self) -> None:
        """One thread: settle what comes until there is nothing more to come."""
        try:
            while (message := self._inbox.get()) is not None:
                try:
                    self.handle(message)
                finally:
                    self._free.release()
        finally:
            connection.close()

    def handle(self, message: Message) -> None:
        """Settle what a message names, and tell the queue what becomes of the message. Never raises."""
        again = self._try_to_settle(message)
        with self._in_hand_lock:
            self._in_hand.pop(message, None)
        try:
            if again is None:
                failpoint("before_delete")
                queue.delete(message)
            else:
                queue.hide([message], seconds=again)
        except QueueUnavailable as error:
            log.warning("a message comes again although it need not", message=message.id, cause=repr(error))
        except Exception:
            log.exception("a message could not be answered", message=message.id)

    def _try_to_settle(self, message: Message) -> int | None:
        try:
            close_old_connections()
            return settle(message, gateway=self._gateway)
        except (OperationalError, InterfaceError) as error:
            log.warning("the database did not answer", message=message.id, cause=repr(error))
            connection.close()
            return _unless_last(message, backoff_seconds(message.received))
        except Exception:
            log.exception("a message failed; it comes again", message=message.id, received=message.received)
            return backoff_seconds(message.received)

    def _tell_that_all_is_well(self) -> None:
        longest = settings.ORDER_BUDGET_SECONDS + STUCK_SECONDS
        with self._in_hand_lock:
            since = min(self._in_hand.values(), default=math.inf)
        if time.monotonic() - since < longest:
            self._beat()

    def _held(self) -> list[Message]:
        with self._in_hand_lock:
            return list(self._in_hand)

    def _keep_hidden(self) -> None:
        """Do what the heartbeat is for: while a message is worked on, nobody else is to get it."""
        while not self._finished.wait(self._hide_seconds / 3):
            if held := self._held():
                self._hide(held, seconds=self._hide_seconds)

    def _give_back(self, messages: Sequence[Message]) -> None:
        if messages:
            log.info("messages were given back", count=len(messages))
            self._hide(messages, seconds=0)

    @staticmethod
    def _hide(messages: Sequence[Message], *, seconds: int) -> None:
        try:
            queue.hide(messages, seconds=seconds)
        except Exception as error:  # noqa: BLE001 (whatever it is: they come again, and that does no harm)
            log.warning("messages could not be hidden or given back", cause=repr(error))

    def _finish(self) -> None:
        """Let the threads finish what they have; give back what takes too long."""
        for _ in self._threads:
            self._inbox.put(None)
        for thread in self._threads:
            thread.join(max(self._stopped_at + self._finish_seconds - time.monotonic(), 0))
        self._finished.set()
        self._give_back(self._held())

"""Settle every order whose processing stopped half-way."""

import random
import signal
import threading
from argparse import ArgumentParser
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from orders.keys import forget_old_keys
from orders.models import Order
from orders.payments.choice import payment_gateway
from orders.recovery import due_orders, settle_due_orders
from orders.states import Step

log = structlog.get_logger("orders.reconcile")

POLL_SECONDS = 2.0
FORGET_EVERY_SECONDS = 3600.0


class Command(BaseCommand):
    """Settle what is due once, or keep watch."""

    help = "Settle every order whose processing stopped half-way: once, or --watch until stopped."

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stop = threading.Event()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the mode."""
        parser.add_argument("--watch", action="store_true", help="keep going until stopped (SIGTERM, Ctrl-C)")
        parser.add_argument("--dry-run", action="store_true", help="list what is due, change nothing")
        parser.add_argument(
            "--threads", type=int, default=4, help="orders at a time while watching (default 4)"
        )

    def handle(self, *_args: Any, watch: bool, dry_run: bool, threads: int, **_options: Any) -> None:
        """Run."""
        if dry_run:
            self._list()
        elif watch:
            self._watch(threads)
        else:
            self._once()

    def _list(self) -> None:
        count = 0
        for order in due_orders():
            count += 1
            self.stdout.write(
                f"{order} {order.status}/{order.step}, {order.attempts} tries without an answer"
            )
        self.stdout.write(f"{count} orders are due")

    def _once(self) -> None:
        outcomes: Counter[str] = Counter()
        for order in settle_due_orders(gateway=payment_gateway()):
            outcomes["open" if order.step != Step.DONE else order.cancel_reason or order.status] += 1
            self.stdout.write(_line(order))
        words = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
        self.stdout.write(f"{outcomes.total()} orders were due: {words}" if outcomes else "no order was due")
        if outcomes["open"]:
            raise CommandError(
                f"{outcomes['open']} are still open: a system does not answer. Run again later."
            )

    def _watch(self, threads: int) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop.set())
        with ThreadPoolExecutor(max_workers=threads + 1) as pool:
            for _ in range(threads):
                pool.submit(self._loop, self._settle, pause_seconds=POLL_SECONDS)
            pool.submit(self._loop, forget_old_keys, pause_seconds=FORGET_EVERY_SECONDS)

    def _settle(self) -> None:
        for order in settle_due_orders(gateway=payment_gateway()):
            log.info("order reconciled", order_id=order.pk, status=order.status, step=order.step)
            if self.stop.is_set():
                return

    def _loop(self, work: Any, *, pause_seconds: float) -> None:
        """Do ``work`` again and again; nothing that goes wrong may end the watch."""
        while not self.stop.is_set():
            close_old_connections()
            try:
                work()
            except (OperationalError, InterfaceError) as error:
                log.warning("the database did not answer", cause=repr(error))
                connection.close()
            except Exception:
                log.exception("reconciling failed; going on")
            self.stop.wait(random.uniform(0.5, 1.0) * pause_seconds)  # noqa: S311 (jitter)
        connection.close()


def _line(order: Order) -> str:
    outcome = f"{order.status} {order.cancel_reason}".strip()
    return f"{order} {outcome}" if order.step == Step.DONE else f"{order} is still open at {order.step}"

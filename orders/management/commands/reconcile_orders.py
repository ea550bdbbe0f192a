"""Settle every order whose processing stopped half-way."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orders.background import reconciler_loops
from orders.models import Order
from orders.payments.choice import payment_gateway
from orders.recovery import due_orders, settle_due_orders
from orders.states import Step
from shop import traces
from shop.background import run_until_stopped


class Command(BaseCommand):
    """Settle what is due once, or keep watch."""

    help = "Settle every order whose processing stopped half-way: once, or --watch until stopped."

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
            traces.start(service="reconciler")
            run_until_stopped(reconciler_loops(threads=threads))
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


def _line(order: Order) -> str:
    outcome = f"{order.status} {order.cancel_reason}".strip()
    return f"{order} {outcome}" if order.step == Step.DONE else f"{order} is still open at {order.step}"

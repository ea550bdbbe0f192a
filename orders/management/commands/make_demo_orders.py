"""Fill a local shop with a month of orders."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from orders.demo import place_demo_orders, summary
from orders.payments.choice import payment_gateway


class Command(BaseCommand):
    """Place demo orders and date them back."""

    help = "Place some weeks of orders, dated back: paid, declined, sold out, cancelled, and one stuck."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take how many, over how long."""
        parser.add_argument("--days", type=int, default=30, help="how far back they reach (default 30)")
        parser.add_argument("--per-day", type=int, default=8, help="orders of an average day (default 8)")
        parser.add_argument(
            "--seed", type=int, default=1, help="the same seed makes the same orders (default 1)"
        )

    def handle(self, *_args: Any, days: int, per_day: int, seed: int, **_options: Any) -> None:
        """Place them, counting along."""
        if settings.PAYMENT_GATEWAY != "mock":
            raise CommandError(
                "Demo orders are for the mock payment provider; PAYMENT_GATEWAY names another."
            )
        outcomes: Counter[str] = Counter()
        for order in place_demo_orders(days=days, per_day=per_day, gateway=payment_gateway(), seed=seed):
            outcomes[order.cancel_reason or order.status] += 1
            if self.stdout.isatty():
                self.stdout.write(f"\r{outcomes.total()} orders, now {order.created_at:%d %b}", ending="")
        if self.stdout.isatty():
            self.stdout.write("")
        self.stdout.write(f"{outcomes.total()} orders over {days} days: {summary(outcomes)}")

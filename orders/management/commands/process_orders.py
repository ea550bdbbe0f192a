"""Settle the orders that the queue names, in asynchronous mode."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from orders import queue
from orders.background import worker_loop
from shop import traces
from shop.background import run_until_stopped


class Command(BaseCommand):
    """The worker's process."""

    help = "Settle the orders that the queue ORDER_QUEUE_URL names, until stopped (SIGTERM, Ctrl-C)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take how long to wait for messages."""
        parser.add_argument(
            "--poll-seconds",
            type=int,
            default=queue.LONGEST_POLL_SECONDS,
            choices=range(queue.LONGEST_POLL_SECONDS + 1),
            metavar="SECONDS",
            help="how long one request waits for messages (default 20); stopping takes so long at least",
        )

    def handle(self, *_args: Any, poll_seconds: int, **_options: Any) -> None:
        """Run until stopped."""
        if not settings.ORDER_QUEUE_URL:
            raise CommandError("ORDER_QUEUE_URL must be set: where the messages are.")
        traces.start(service="worker")
        run_until_stopped([worker_loop(poll_seconds=poll_seconds)])

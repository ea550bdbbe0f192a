"""Everything beside the web, in one process."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from orders.background import background_loops
from orders.queue import LONGEST_POLL_SECONDS
from shop import traces
from shop.background import run_until_stopped


class Command(BaseCommand):
    """The background process."""

    help = (
        "Settle what the queue names and what was left open, forget old keys, write metrics and verify the books, "
        "until stopped (SIGTERM, Ctrl-C)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take how much to do at a time."""
        parser.add_argument(
            "--threads", type=int, default=4, help="open orders settled at a time (default 4)"
        )
        parser.add_argument(
            "--poll-seconds",
            type=int,
            default=LONGEST_POLL_SECONDS,
            choices=range(LONGEST_POLL_SECONDS + 1),
            metavar="SECONDS",
            help="how long one request waits for messages (default 20); stopping takes so long at least",
        )

    def handle(self, *_args: Any, threads: int, poll_seconds: int, **_options: Any) -> None:
        """Run until stopped."""
        traces.start(service="background")
        run_until_stopped(background_loops(threads=threads, poll_seconds=poll_seconds))

"""Work the sales of closed days out again."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orders import rollup, sales


class Command(BaseCommand):
    """Recompute; as often as one likes, while the shop is open."""

    help = "Work out again what closed days sold, from their orders, whatever is kept of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the range."""
        for name, which in (("first", "--from"), ("last", "--to")):
            parser.add_argument(
                which,
                dest=name,
                type=date.fromisoformat,
                metavar="YYYY-MM-DD",
                help=f"the {name} day (UTC), included; without both: the last {sales.USUAL_DAYS} days",
            )

    def handle(self, *_args: Any, first: date | None, last: date | None, **_options: Any) -> None:
        """Recompute."""
        first, last = sales.completed_range(first, last)
        if fault := sales.fault_in_range(first, last):
            raise CommandError(fault)
        count = rollup.recompute(first, last)
        self.stdout.write(f"{first} to {last}: {count} closed days are as their orders say now")

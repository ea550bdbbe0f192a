"""Check that the books of all three systems balance."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orders.figures import report_verified
from orders.invariants import verify
from orders.payments.choice import payment_gateway


class Command(BaseCommand):
    """Verify; exit 1 with a list of what does not hold."""

    help = "Check the promises about orders, stock and money across MySQL, DynamoDB and the payment provider."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the mode."""
        parser.add_argument(
            "--quiet",
            action="store_true",
            help="nothing is under way: look once, and every order must be settled",
        )

    def handle(self, *_args: Any, quiet: bool, **_options: Any) -> None:
        """Verify."""
        report = verify(gateway=payment_gateway(), quiet=quiet)
        report_verified(report)
        for violation in report.violations:
            self.stdout.write(str(violation))
        read = f"{report.orders} orders ({report.open_orders} open), {report.products} products"
        if report.violations:
            raise CommandError(f"{len(report.violations)} promises are broken; read {read}")
        self.stdout.write(f"the books balance: {read}")

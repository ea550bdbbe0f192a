"""Fill an empty catalogue with sample products."""

from typing import Any

from django.core.management.base import BaseCommand

from products.sample import load_sample_catalogue


class Command(BaseCommand):
    """Add the sample products that are missing."""

    help = "Add the sample products that are missing; those that exist are left as they are."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Add them."""
        self.stdout.write(f"{load_sample_catalogue()} sample products added")

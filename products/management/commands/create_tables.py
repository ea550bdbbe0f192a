"""Create the DynamoDB tables of a local stack; on AWS they are the deployment's to make."""

from typing import Any

from django.core.management.base import BaseCommand

from products.models import create_missing_tables


class Command(BaseCommand):
    """Create the tables that are missing."""

    help = "Create the DynamoDB tables that are missing, and wait until they can be used."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Create them."""
        created = create_missing_tables()
        self.stdout.write(f"created {', '.join(created)}" if created else "all tables exist")

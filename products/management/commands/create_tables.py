"""Create the DynamoDB tables of a local stack; on AWS they are the deployment's to make."""

from typing import Any

from django.core.management.base import BaseCommand

from products.models import TABLES


class Command(BaseCommand):
    """Create the tables that are missing."""

    help = "Create the DynamoDB tables that are missing, and wait until they can be used."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Create them."""
        for table in TABLES:
            if table.exists():
                self.stdout.write(f"{table.Meta.table_name}: exists")
            else:
                table.create_table(wait=True, billing_mode=table.Meta.billing_mode)
                self.stdout.write(f"{table.Meta.table_name}: created")

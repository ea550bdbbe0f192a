"""Make the MySQL user that the running shop signs in as; a deployment runs this as the administrator."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

RIGHTS = "SELECT, INSERT, UPDATE, DELETE"
"""On rows. Tables are changed by migrations, which another user runs."""


class Command(BaseCommand):
    """Create the user, or set its password; the same afterwards however often it is run."""

    help = "Make the MySQL user SERVICE_DATABASE_USER, who may read and write rows and change no table."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Make it."""
        user = os.environ.get("SERVICE_DATABASE_USER", "")
        password = os.environ.get("SERVICE_DATABASE_PASSWORD", "")
        if not (user and password):
            raise CommandError("SERVICE_DATABASE_USER and SERVICE_DATABASE_PASSWORD must be set.")
        if connection.vendor != "mysql":
            raise CommandError("DATABASE_URL is not MySQL: other databases have no users to make.")
        with connection.cursor() as cursor:
            # The password may be the one it has: what the secret store says counts.
            for statement in ("CREATE USER IF NOT EXISTS", "ALTER USER"):
                cursor.execute(f"{statement} %s@'%%' IDENTIFIED BY %s", [user, password])
            cursor.execute(f"GRANT {RIGHTS} ON {self._database()}.* TO %s@'%%'", [user])
        self.stdout.write(f"{user} may {RIGHTS} in {connection.settings_dict['NAME']}")

    def _database(self) -> str:
        """Quote the database's name; in a GRANT, ``_`` and ``%`` would stand for other names as well."""
        name = connection.settings_dict["NAME"].replace("_", r"\_").replace("%", r"\%")
        return connection.ops.quote_name(name).replace("%", "%%")

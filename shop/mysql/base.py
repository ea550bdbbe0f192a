"""Django's MySQL backend, which begins a transaction with BEGIN instead of two SETs around it.

Django turns autocommit off before each ``atomic`` and on again after it: two journeys to the server beside the COMMIT.
After a BEGIN the server goes back to autocommit by itself. For SQLite Django does the same, by the same hook.
"""

from typing import Any

from django.db.backends.mysql import base
from django.db.backends.utils import debug_transaction


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection (``ENGINE = "shop.mysql"``)."""

    connection: Any

    def _start_transaction_under_autocommit(self) -> None:
        with debug_transaction(self, "BEGIN"), self.wrap_database_errors:
            self.connection.begin()

"""Bring the catalogue in from CSV."""

from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from products.exports import COLUMNS
from products.imports import REQUIRED, BadTable, Row, import_row, read_table
from shop.errors import UnavailableError

TELL_EVERY = 100  # rows
MOST_FAULTS = 50


class Command(BaseCommand):
    """Import products."""

    help = (
        "Make and change products from CSV (UTF-8), as export_products writes it; the first line names the columns. "
        f"Needed: {', '.join(REQUIRED)}. Known: {', '.join(COLUMNS)}. If any row is wrong, nothing is written. "
        "May be repeated: what is so already stays. Existing products keep their stock, unless --set-stock."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what, and how."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="only tell what would be done")
        parser.add_argument(
            "--set-stock", action="store_true", help="the table's stock replaces that of existing products"
        )

    def handle(self, *_args: Any, file: Path, dry_run: bool, set_stock: bool, **_options: Any) -> None:
        """Judge the whole table, then write row after row."""
        rows = self._read(file)
        done: Counter[str] = Counter()
        for row in rows:
            try:
                outcome = import_row(row, set_stock=set_stock, dry_run=dry_run)
            except UnavailableError as error:
                raise CommandError(
                    f"stopped at row {row.number} ({row.product_id}): {error.message} {self._told(done)}. Run it again."
                ) from error
            done[outcome] += 1
            if outcome == "deleted":
                self.stderr.write(f"row {row.number} ({row.product_id}): was deleted for good; left alone")
            if done.total() % TELL_EVERY == 0 and self.stderr.isatty():
                self.stderr.write(f"\r{done.total()} of {len(rows)}", ending="")
        self.stdout.write(f"{'would be: ' if dry_run else ''}{self._told(done)}")

    def _read(self, file: Path) -> list[Row]:
        try:
            with file.open(encoding="utf-8-sig", newline="") as lines:
                rows, faults = read_table(lines)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        except BadTable as error:
            raise CommandError(f"{file}: {error}") from error
        for fault in faults[:MOST_FAULTS]:
            self.stderr.write(str(fault))
        if faults:
            raise CommandError(
                f"{len(faults)} of {len(rows) + len(faults)} rows are wrong; nothing was written."
            )
        return rows

    @staticmethod
    def _told(done: Counter[str]) -> str:
        return ", ".join(
            f"{done[outcome]} {outcome}" for outcome in ("created", "changed", "unchanged", "deleted")
        )

"""Write the whole catalogue as CSV."""

import os
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError

from products.errors import CatalogueUnavailable
from products.exports import COLUMNS, catalogue_as_csv
from products.models import Product
from products.selectors import every_product

TELL_EVERY = 100  # products


class Command(BaseCommand):
    """Export the products that customers see."""

    help = (
        f"Write every listed product as CSV (UTF-8) to stdout or to a file. Columns: {', '.join(COLUMNS)}. A text that "
        "a spreadsheet could take for a formula stands behind an apostrophe."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take where to."""
        parser.add_argument("--file", type=Path, help="write here, whole or not at all, instead of to stdout")

    def handle(self, *_args: Any, file: Path | None, **_options: Any) -> None:
        """Write it."""
        self.written = 0
        try:
            with self._stdout() if file is None else whole_or_nothing(file) as out:
                for line in catalogue_as_csv(self._counted()):
                    out.write(line)
        except CatalogueUnavailable as error:
            raise CommandError(f"stopped after {self.written} products: {error.message}") from error
        except OSError as error:
            raise CommandError(f"stopped after {self.written} products: {error}") from error
        finally:
            if self.stderr.isatty():
                self.stderr.write("")
        if file is not None:
            self.stdout.write(f"{self.written} products written to {file}")

    @contextmanager
    def _stdout(self) -> Iterator[IO[str]]:
        # The wrapper's own write() ends everything in a line's end.
        out = cast(IO[str], self.stdout._out)  # noqa: SLF001
        if hasattr(out, "reconfigure"):
            out.reconfigure(encoding="utf-8", newline="")  # whatever the terminal's alphabet
        yield out
        out.flush()

    def _counted(self) -> Iterator[Product]:
        """Yield every product; tell a terminal how far it is."""
        for product in every_product():
            yield product
            self.written += 1
            if self.written % TELL_EVERY == 0 and self.stderr.isatty():
                self.stderr.write(f"\r{self.written} products", ending="")


@contextmanager
def whole_or_nothing(path: Path) -> Iterator[IO[str]]:
    """Open a file that takes its name when all is written; until then, the file of that name stays as it is."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("x", encoding="utf-8", newline="") as out:
            yield out
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)

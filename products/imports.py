"""The catalogue from a table of CSV, as :mod:`products.exports` writes it: all rows are judged before any is written.

A product that is there gets what differs; one that is not is made, under the id of its row. So a table may be imported
again, after a failure too. Stock is a number of its own: sales change it, so an existing product keeps its stock
unless the operator says that the table knows better.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from csv import Error as CsvError
from dataclasses import dataclass
from typing import Any

import orjson

from products.exports import COLUMNS
from products.models import Product
from products.selectors import get_any_product
from products.serializers import CreateProductInput
from products.services import create_product, update_product
from shop import csv

REQUIRED = ("productId", "name", "price", "stock", "category")
_WRITTEN = ("name", "price", "stock", "category", "description", "metadata")
_ID = re.compile(r"prod_[A-Za-z0-9_-]{1,59}")
ACTOR = "import"


class BadTable(Exception):
    """The file is no such table at all."""


@dataclass(frozen=True)
class Row:
    """One row that is sound.

    Attributes:
        number: in the table; the line of column names is 1.
        fields: of the product, validated; those whose column is missing are missing.
    """

    number: int
    product_id: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Fault:
    """Why a row cannot be imported."""

    number: int
    product_id: str
    words: str

    def __str__(self) -> str:
        return f"row {self.number} ({self.product_id or 'no productId'}): {self.words}"


def read_table(lines: Iterable[str], *, first: int = 2) -> tuple[list[Row], list[Fault]]:
    """Read a table and judge every row by itself.

    Args:
        lines: of the file; the first one names the columns.
        first: the number of the row after it, where this is a piece of a table.

    Raises:
        BadTable: no CSV, or not these columns.
    """
    rows: list[Row] = []
    faults: list[Fault] = []
    try:
        table = csv.read(lines)
        columns = _columns(next(table, []))
        seen: set[str] = set()
        for number, cells in enumerate(table, start=first):
            if not cells:
                continue
            judged = _judge(number, columns, cells, seen)
            rows.append(judged) if isinstance(judged, Row) else faults.append(judged)
    except (CsvError, UnicodeDecodeError) as error:
        raise BadTable(f"This is no CSV in UTF-8: {error}.") from error
    return rows, faults


def import_row(row: Row, *, set_stock: bool, dry_run: bool, actor: str = ACTOR, reason: str = "") -> str:
    """Make or change one product.

    Args:
        row: what it is to be.
        set_stock: whether an existing product's stock becomes the row's; recorded as a movement, in the same write.
        dry_run: only tell what would be done.
        actor: who does it.
        reason: why; it stands in the movements.

    Returns:
        ``created``, ``changed``, ``unchanged`` or ``deleted`` (it was deleted for good: nothing is done).

    Raises:
        StockBusy, CatalogueUnavailable: not done; import the table again.
    """
    seen = get_any_product(row.product_id)
    if seen is None:
        if not dry_run:
            create_product(fields=row.fields, actor=actor, reason=reason, product_id=row.product_id)
        return "created"
    if not seen.is_listed:
        return "deleted"
    changes = dict(_differences(row, seen, set_stock=set_stock))
    if changes and not dry_run:
        update_product(row.product_id, changes=changes, expected_version=None, actor=actor, reason=reason)
    return "changed" if changes else "unchanged"


def _differences(row: Row, seen: Product, *, set_stock: bool) -> Iterator[tuple[str, Any]]:
    for name, value in row.fields.items():
        if (name != "stock" or set_stock) and getattr(seen, name) != value:
            yield name, value


def _columns(names: Sequence[str]) -> Sequence[str]:
    if missing := [name for name in REQUIRED if name not in names]:
        raise BadTable(f"The first line must name the columns; {', '.join(missing)} are missing.")
    if unknown := [name for name in names if name not in COLUMNS]:
        raise BadTable(f"Unknown columns: {', '.join(unknown)}. Known are: {', '.join(COLUMNS)}.")
    if len(set(names)) < len(names):
        raise BadTable("A column is named twice.")
    return names


def _judge(number: int, columns: Sequence[str], cells: Sequence[str], seen: set[str]) -> Row | Fault:
    if len(cells) != len(columns):
        return Fault(number, "", f"{len(cells)} cells, but {len(columns)} columns")
    row = dict(zip(columns, cells, strict=True))
    product_id = row["productId"]
    if not _ID.fullmatch(product_id):
        return Fault(number, product_id, "productId must be prod_ and 1 to 59 letters, digits, - or _")
    if product_id in seen:
        return Fault(number, product_id, "this product is in the table twice")
    seen.add(product_id)
    judged = CreateProductInput(data={name: as_json(name, row[name]) for name in _WRITTEN if name in row})
    if not judged.is_valid():
        return Fault(number, product_id, "; ".join(in_words(judged.errors)))
    return Row(number, product_id, judged.validated_data)


def as_json(name: str, cell: str) -> Any:
    """Return a text as the field of that name would stand in JSON; what is none of it stays text, and is refused as such."""
    if name == "stock" and re.fullmatch(r"[0-9]{1,10}", cell):
        return int(cell)
    if name == "metadata":
        try:
            return orjson.loads(cell) if cell else {}
        except ValueError:
            return cell
    return cell


def in_words(errors: Any, *, at: str = "") -> Iterator[str]:
    """Yield what a serializer found wrong, each with its place."""
    if isinstance(errors, Mapping):
        for name, inner in errors.items():
            yield from in_words(inner, at=f"{at}.{name}" if at else str(name))
    else:
        for error in errors:
            yield f"{at}: {error}" if at else str(error)

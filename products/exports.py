"""The catalogue as a table of CSV: its columns, and how a product becomes a row. Writes nothing but text."""

from collections.abc import Iterable, Iterator

from products.models import Product
from shop import csv
from shop.wire import dump_json, timestamp

# Named as on the wire. A new column goes to the end: those who read the table count on the order.
COLUMNS = (
    "productId",
    "name",
    "price",  # in the shop's currency, plain digits
    "stock",  # units free to order
    "category",
    "description",
    "metadata",  # a JSON object; empty where there is none
    "version",  # counts edits, not sales
    "createdAt",  # UTC, ISO 8601
    "updatedAt",
)


def row_of(product: Product) -> list[csv.Cell]:
    """Return a product's cells, one for each of :data:`COLUMNS`."""
    return [
        product.product_id,
        product.name,
        product.price,
        product.stock,
        product.category,
        product.description,
        dump_json(product.metadata).decode() if product.metadata else None,
        product.version,
        timestamp(product.created_at),
        timestamp(product.updated_at),
    ]


def catalogue_as_csv(products: Iterable[Product]) -> Iterator[str]:
    """Write products as CSV, a line each after the line of column names, as they come."""
    yield from csv.written([COLUMNS])
    yield from csv.written(row_of(product) for product in products)

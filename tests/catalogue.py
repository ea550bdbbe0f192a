"""The catalogue that the tests of a run share."""

from products.models import TABLES
from products.selectors import every_product


def empty_it() -> None:
    """Delete every product, reservation and movement, whoever left them."""
    for table in TABLES:
        with table.batch_write() as batch:
            for item in table.scan():
                batch.delete(item)


def stocks() -> dict[str, int]:
    """The stock of every product, by its id."""
    return {product.product_id: product.stock for product in every_product()}

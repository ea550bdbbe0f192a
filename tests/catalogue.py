"""The catalogue that the tests of a run share."""

from products.models import TABLES


def empty_it() -> None:
    """Delete every product, reservation and movement, whoever left them."""
    for table in TABLES:
        with table.batch_write() as batch:
            for item in table.scan():
                batch.delete(item)

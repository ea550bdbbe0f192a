"""What can go wrong with the catalogue and the stock."""

from shop.errors import ConflictError, NotFoundError, PreconditionError, UnavailableError, UnprocessableError


class ProductNotFound(NotFoundError):
    """There is no such product, or it was deleted."""

    code = "product_not_found"
    title = "Product not found"


class InsufficientStock(ConflictError):
    """The adjustment would take the stock below zero, or above 1,000,000,000. Nothing was changed."""

    code = "insufficient_stock"
    title = "Not enough stock"


class StaleVersion(PreconditionError):
    """`If-Match` names a version that was edited since (sales do not count). Read the product again."""

    code = "stale_version"
    title = "Stale version"


class AdjustmentKeyReused(UnprocessableError):
    """This `Idempotency-Key` was used with another body."""

    code = "idempotency_key_reused"
    title = "Idempotency key reused"


class StockBusy(UnavailableError):
    """Many orders take this product just now. Nothing was changed; try again."""

    code = "stock_busy"


class CatalogueUnavailable(UnavailableError):
    """The catalogue (DynamoDB) did not answer. Try again."""

    code = "catalogue_unavailable"


class OutOfStock(Exception):
    """Reserving was refused: a line asks for more than is left, or its product is gone. Nothing was taken.

    Never an answer of its own: the saga turns it into a CANCELLED order.
    """

    def __init__(self, product_ids: list[str]) -> None:
        super().__init__(f"not enough of {', '.join(product_ids)}")
        self.product_ids = product_ids


class StockMoved(Exception):
    """The stock is no longer what somebody saw: orders or colleagues came in between. Nothing was changed.

    Attributes:
        stock: what it was when it was refused.
    """

    def __init__(self, stock: int) -> None:
        super().__init__(f"the stock is {stock} now")
        self.stock = stock


class ReservationReleased(Exception):
    """The units of this order were given back (or promised never to be taken): it is over."""

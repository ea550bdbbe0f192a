"""The catalogue's side of the books, whole: for :mod:`orders.invariants`, which compares it with the orders."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from products.models import Product, StockMovement, StockReservation


@dataclass(frozen=True)
class Hold:
    """One reservation record.

    Attributes:
        held: whether the units are off the shelf; False once given back.
        quantities: productId -> units.
        created_at: when it was written.
    """

    held: bool
    quantities: Mapping[str, int]
    created_at: datetime


def read_holds() -> dict[str, Hold]:
    """Return every reservation, by the order's UUID."""
    return {
        record.order_uid: Hold(
            held=record.state == StockReservation.HELD,
            quantities=record.quantities.as_dict(),
            created_at=record.created_at,
        )
        for record in StockReservation.scan(consistent_read=True)
    }


def read_stocks() -> dict[str, Decimal]:
    """Return every product's stock, deleted ones too, exactly as it is stored."""
    return {
        product.product_id: Decimal(product.stock)
        for product in Product.scan(consistent_read=True, attributes_to_get=["productId", "stock"])
    }


def read_movements() -> dict[str, int]:
    """Return Σ of all movements, by product."""
    moved: Counter[str] = Counter()
    for movement in StockMovement.scan(consistent_read=True, attributes_to_get=["productId", "delta"]):
        moved[movement.product_id] += movement.delta
    return dict(moved)

"""The catalogue's side of the books, whole: for :mod:`orders.invariants`, which compares it with the orders."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from products.dynamo import call
from products.models import Product, StockMovement, StockReservation
from shop.deadline import Deadline
from shop.dynamo import SharedConnectionModel

SCAN_SECONDS = 600.0

Record = TypeVar("Record", bound=SharedConnectionModel)


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
    return {record.order_uid: _as_hold(record) for record in _all(StockReservation)}


def _as_hold(record: StockReservation) -> Hold:
    return Hold(
        held=record.state == StockReservation.HELD,
        quantities=record.quantities.as_dict(),
        created_at=record.created_at,
    )


def read_held_page(*, most: int, after: str | None = None) -> tuple[dict[str, Hold], str | None]:
    """Return what is held among the next so many reservations of the table, in no order that means anything.

    Args:
        most: how many records to look at, 1 to 10,000: what the reading costs, whatever is found.
        after: where the reading before ended.

    Returns:
        The HELD ones, by the order's UUID; and where to go on, None at the end of the table.
    """

    def read() -> tuple[dict[str, Hold], str | None]:
        start = {"orderUid": {"S": after}} if after else None
        # DynamoDB's limit counts what is looked at; PynamoDB's iterator would read on until it has found so many.
        pages = StockReservation.scan(
            StockReservation.state == StockReservation.HELD,
            page_size=most,
            last_evaluated_key=start,
            consistent_read=True,
        )
        records = [StockReservation.from_raw_data(item) for item in next(pages.page_iter)["Items"]]
        last = pages.page_iter.last_evaluated_key
        found = {record.order_uid: _as_hold(record) for record in records}
        return found, last["orderUid"]["S"] if last else None

    return call(read)


def read_holds_of(order_uids: Sequence[str]) -> dict[str, Hold]:
    """Return the reservations of some orders, by the order's UUID; 100 to a call."""
    records = call(
        lambda: list(StockReservation.batch_get(list(order_uids), consistent_read=True)),
        deadline=Deadline(SCAN_SECONDS),
    )
    return {record.order_uid: _as_hold(record) for record in records}


def read_stocks() -> dict[str, Decimal]:
    """Return every product's stock, deleted ones too, exactly as it is stored."""
    return {product.product_id: Decimal(product.stock) for product in _all(Product, "productId", "stock")}


def read_movements() -> dict[str, int]:
    """Return Σ of all movements, by product."""
    moved: Counter[str] = Counter()
    for movement in _all(StockMovement, "productId", "delta"):
        moved[movement.product_id] += movement.delta
    return dict(moved)


def _all(table: type[Record], *attributes: str) -> list[Record]:
    """Read a whole table; a page that gets no answer costs another try of all of it."""
    wanted = list(attributes) or None
    return call(
        lambda: list(table.scan(consistent_read=True, attributes_to_get=wanted)),
        deadline=Deadline(SCAN_SECONDS),
    )

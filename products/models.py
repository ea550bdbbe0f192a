"""The tables of the catalogue and the stock, as DynamoDB holds them. Attribute names are the wire's."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from django.conf import settings
from pynamodb.attributes import MapAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.exceptions import DoesNotExist
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from products.dynamo import call
from products.errors import CatalogueUnavailable
from shop.deadline import Deadline
from shop.dynamo import (
    CALL_SECONDS,
    DecimalAttribute,
    IntegerAttribute,
    SharedConnectionModel,
    TextMapAttribute,
    create_missing,
)
from shop.dynamo_indexes import add_missing_indexes
from shop.limits import RateCounter

CATALOGUE = "all"  # the constant key under which every listed product stands


def now() -> datetime:
    """Return the time, to the millisecond that the wire shows."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class CatalogueIndex(GlobalSecondaryIndex["Product"]):
    """Every listed product by id. Keys only, so that no sale ever writes it."""

    class Meta:
        index_name = "catalogue"
        projection = KeysOnlyProjection()

    catalogue = UnicodeAttribute(hash_key=True)
    list_key = UnicodeAttribute(range_key=True, attr_name="listKey")


class CategoryIndex(GlobalSecondaryIndex["Product"]):
    """The listed products of one category by id. Keys only."""

    class Meta:
        index_name = "category"
        projection = KeysOnlyProjection()

    category = UnicodeAttribute(hash_key=True)
    list_key = UnicodeAttribute(range_key=True, attr_name="listKey")


class Product(SharedConnectionModel):
    """One product.

    ``stock`` is written only by :mod:`products.inventory`, under a condition, and is never negative.
    Deleting sets ``deleted_at`` and removes ``list_key``, which takes it out of both indexes; the item stays,
    because open reservations must be able to give units back to it.
    """

    class Meta:
        table_name = settings.PRODUCTS_TABLE
        region = settings.AWS_REGION

    product_id = UnicodeAttribute(hash_key=True, attr_name="productId")
    name = UnicodeAttribute()
    price = DecimalAttribute()  # in the shop's currency, at most 2 decimals
    stock = IntegerAttribute()  # units free to reserve
    category = UnicodeAttribute()
    description = UnicodeAttribute(default="")
    metadata = TextMapAttribute(default=dict)
    version = IntegerAttribute(default=1)  # counts edits, not sales
    created_at = UTCDateTimeAttribute(attr_name="createdAt")
    updated_at = UTCDateTimeAttribute(attr_name="updatedAt")
    catalogue = UnicodeAttribute(default=CATALOGUE)
    list_key = UnicodeAttribute(null=True, attr_name="listKey")  # the product's id while it is listed
    deleted_at = UTCDateTimeAttribute(null=True, attr_name="deletedAt")
    edit_id = UnicodeAttribute(
        null=True, attr_name="editId"
    )  # of the last edit: tells "refused" from "done already"

    catalogue_index = CatalogueIndex()
    category_index = CategoryIndex()

    @property
    def is_listed(self) -> bool:
        """Whether customers see it: it was not deleted."""
        return bool(self.list_key)


class StockReservation(SharedConnectionModel):
    """The units one order holds. Written once per state; a RELEASED record is also a tombstone.

    States: HELD (taken off the shelf, for good once the order is paid) and RELEASED (given back, or never to
    be taken: a reserve that arrives late finds the record and does nothing).
    """

    HELD = "HELD"
    RELEASED = "RELEASED"

    class Meta:
        table_name = settings.RESERVATIONS_TABLE
        region = settings.AWS_REGION

    order_uid = UnicodeAttribute(hash_key=True, attr_name="orderUid")  # UUID text, 36 characters
    state = UnicodeAttribute()
    quantities: MapAttribute[str, int] = MapAttribute(default=dict)  # productId -> units
    created_at = UTCDateTimeAttribute(attr_name="createdAt")
    released_at = UTCDateTimeAttribute(null=True, attr_name="releasedAt")


class HistoryIndex(GlobalSecondaryIndex["StockMovement"]):
    """The movements of one product by time. Keys only; no sale ever writes it, for a sale is no movement."""

    class Meta:
        index_name = "history"
        projection = KeysOnlyProjection()

    product_id = UnicodeAttribute(hash_key=True, attr_name="productId")
    created_at = UTCDateTimeAttribute(range_key=True, attr_name="createdAt")


class StockMovement(SharedConnectionModel):
    """One change of stock that is no order: the first stocking, an absolute write, an adjustment.

    Σ delta over a product's movements − its stock = Σ units in HELD reservations (invariant I1).
    """

    class Meta:
        table_name = settings.MOVEMENTS_TABLE
        region = settings.AWS_REGION

    product_id = UnicodeAttribute(hash_key=True, attr_name="productId")
    movement_id = UnicodeAttribute(range_key=True, attr_name="movementId")
    kind = UnicodeAttribute()  # created | set | adjusted
    delta = IntegerAttribute()
    reason = UnicodeAttribute(default="")
    actor = UnicodeAttribute(default="")  # who: a user's id, or empty
    created_at = UTCDateTimeAttribute(attr_name="createdAt")

    history_index = HistoryIndex()


TABLES = (Product, StockReservation, StockMovement)


def create_missing_tables() -> list[str]:
    """Create the tables that do not exist, the rate limits' too, and the indexes that an older table lacks.

    Returns:
        The names of what was made; an index's behind its table's: ``StockMovements/history``.
    """
    wanted = (*TABLES, RateCounter)
    created = create_missing(wanted, unavailable=CatalogueUnavailable)
    return [*created, *add_missing_indexes(wanted, unavailable=CatalogueUnavailable)]


def check_answers() -> None:
    """Ask for a product that cannot be; raises if DynamoDB or the table does not answer."""
    call(lambda: Product.count("-", consistent_read=True), deadline=Deadline(CALL_SECONDS * 1.5))


def table_checks() -> dict[str, Callable[[], None]]:
    """Return by each table's name, in words, what raises unless that table answers; the rate limits' too."""
    keys: dict[str, tuple[type[SharedConnectionModel], str | None]] = {
        "products": (Product, None),
        "reservations": (StockReservation, None),
        "movements": (StockMovement, "-"),
        "rate limits": (RateCounter, None),
    }
    return {name: partial(_table_answers, table, range_key=key) for name, (table, key) in keys.items()}


def _table_answers(table: type[SharedConnectionModel], *, range_key: str | None) -> None:
    """Ask for an item that cannot be."""
    with suppress(DoesNotExist):
        call(lambda: table.get("-", range_key), deadline=Deadline(CALL_SECONDS * 1.5))

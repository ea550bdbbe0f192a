"""The tables of the catalogue and the stock, as DynamoDB holds them. Attribute names are the wire's."""

from datetime import UTC, datetime

from django.conf import settings
from pynamodb.attributes import MapAttribute, UnicodeAttribute, UTCDateTimeAttribute
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


TABLES = (Product, StockReservation, StockMovement)


def create_missing_tables() -> list[str]:
    """Create the tables that do not exist, the rate limits' too; see :func:`shop.dynamo.create_missing`."""
    return create_missing((*TABLES, RateCounter), unavailable=CatalogueUnavailable)


def check_answers() -> None:
    """Ask for a product that cannot be; raises if DynamoDB or the table does not answer."""
    call(lambda: Product.count("-", consistent_read=True), deadline=Deadline(CALL_SECONDS * 1.5))

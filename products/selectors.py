"""Reads of the catalogue. Nothing here writes."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pynamodb.exceptions import DoesNotExist

from products.dynamo import call
from products.errors import ProductNotFound
from products.models import CATALOGUE, Product, StockMovement, StockReservation
from shop.deadline import Deadline

BATCH = 100  # items of one BatchGet, at most

# What an id of ours can look like; anything else cannot exist, and is not worth a question to DynamoDB.
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def get_product(product_id: str) -> Product:
    """Return one product as it is now (a consistent read).

    Raises:
        ProductNotFound: it does not exist or was deleted.
        CatalogueUnavailable: DynamoDB did not answer.
    """
    product = get_any_product(product_id)
    if product is None or not product.is_listed:
        raise ProductNotFound(f"There is no product {product_id!r}.")
    return product


def get_any_product(product_id: str) -> Product | None:
    """Return one product even if it was deleted; None if it never was."""
    if not _ID.fullmatch(product_id):
        return None
    try:
        return call(lambda: Product.get(product_id, consistent_read=True))
    except DoesNotExist:
        return None


def get_products(product_ids: Iterable[str], *, deadline: Deadline | None = None) -> dict[str, Product]:
    """Return the listed ones among up to 100 products, by id, as they are now (a consistent read)."""
    ids = sorted({product_id for product_id in product_ids if _ID.fullmatch(product_id)})
    if not ids:
        return {}
    found = call(lambda: list(Product.batch_get(ids, consistent_read=True)), deadline=deadline)
    return {product.product_id: product for product in found if product.is_listed}


def list_products(
    *, category: str | None, limit: int, after: str | None, beginning: str = ""
) -> tuple[list[Product], str | None]:
    """Return a page of products in order of their ids.

    One Query of an index for the keys and one BatchGet for the items; keys whose item is gone by then are
    made up for, so that a page is short only at the end.

    Args:
        category: only this category; None for all.
        limit: 1 to 100.
        after: the last product id of the page before.
        beginning: only ids that begin so.

    Returns:
        The page, and the id to go on after; None when there is no more.
    """
    page: list[Product] = []
    more = True
    while more and len(page) <= limit:
        keys, more = _query_keys(
            category=category, limit=limit + 1 - len(page), after=after, beginning=beginning
        )
        items = get_products(keys[:BATCH]) | get_products(keys[BATCH:])
        page += [items[key] for key in keys if key in items]
        after = keys[-1] if keys else after
    if len(page) > limit:
        page = page[:limit]
        return page, page[-1].product_id
    return page, None


def every_product(*, page_size: int = 100, category: str | None = None) -> Iterator[Product]:
    """Walk through the whole catalogue, or one category, in order of the ids, a page in memory at a time.

    What is added or deleted on the way may be missing or present; nothing comes twice.

    Raises:
        CatalogueUnavailable: DynamoDB did not answer; what came before is right, and not all.
    """
    after: str | None = None
    while True:
        page, after = list_products(category=category, limit=page_size, after=after)
        yield from page
        if after is None:
            return


@dataclass(frozen=True)
class Look:
    """What was found among a part of the catalogue.

    Attributes:
        found: the products that were wanted, in order of their ids.
        looked_at: how many products were looked at.
        position: the id to go on after; None at the end.
    """

    found: list[Product]
    looked_at: int
    position: str | None


def look_through(
    wanted: Callable[[Product], bool], *, category: str | None, after: str | None, most: int, enough: int
) -> Look:
    """Look at products one after the other for what no index answers; the cost is what is looked at, not what is found.

    Args:
        wanted: which to return.
        category: look at this one alone; None for all.
        after: where the part before ended.
        most: products to look at; whole batches of 100, each two calls.
        enough: end after the batch in which so many are found.
    """
    found: list[Product] = []
    looked_at = 0
    more = True
    while more and looked_at < most and len(found) < enough:
        keys, more = _query_keys(category=category, limit=BATCH, after=after)
        items = get_products(keys)
        found += [items[key] for key in keys if key in items and wanted(items[key])]
        looked_at += len(keys)
        after = keys[-1] if keys else after
    return Look(found, looked_at, after if more else None)


def list_movements(
    product_id: str, *, limit: int, after: tuple[str, str] | None = None
) -> tuple[list[StockMovement], tuple[str, str] | None]:
    """Return a page of a product's movements, the newest first. What was written a moment ago may still be missing.

    Args:
        product_id: which product.
        limit: 1 to 99.
        after: where the page before ended.

    Returns:
        The page, and where to go on; None when there is no more.
    """
    keys = dict(zip(("movementId", "createdAt"), after or (), strict=False))
    start = {name: {"S": key} for name, key in {"productId": product_id, **keys}.items()} if after else None

    def query() -> list[StockMovement]:
        index = StockMovement.history_index
        return list(
            index.query(product_id, limit=limit + 1, last_evaluated_key=start, scan_index_forward=False)
        )

    found = call(query)
    order = [movement.movement_id for movement in found[:limit]]
    ids = [(product_id, movement_id) for movement_id in order]
    page = call(lambda: list(StockMovement.batch_get(ids, consistent_read=True))) if ids else []
    page.sort(key=lambda movement: order.index(movement.movement_id))
    if len(found) <= limit:
        return page, None
    return page, (order[-1], StockMovement.created_at.serialize(found[limit - 1].created_at))


def _query_keys(
    *, category: str | None, limit: int, after: str | None, beginning: str = ""
) -> tuple[list[str], bool]:
    index, attribute, value = (
        (Product.catalogue_index, "catalogue", CATALOGUE)
        if category is None
        else (Product.category_index, "category", category)
    )
    begins = Product.list_key.startswith(beginning) if beginning else None
    start = {"productId": {"S": after}, "listKey": {"S": after}, attribute: {"S": value}} if after else None

    def query() -> tuple[list[str], bool]:
        found = index.query(value, begins, limit=limit, last_evaluated_key=start)
        return [product.product_id for product in found], found.last_evaluated_key is not None

    return call(query)


def get_reservation(order_uid: str, *, deadline: Deadline | None = None) -> StockReservation | None:
    """Return what an order holds (a consistent read), or None if it never reserved."""
    try:
        return call(lambda: StockReservation.get(order_uid, consistent_read=True), deadline=deadline)
    except DoesNotExist:
        return None

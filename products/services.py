"""Writes of the catalogue: create, edit, delete. Stock is left to :mod:`products.inventory`."""

import random
import time
import uuid
from collections.abc import Mapping
from typing import Any

from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action

from products import inventory
from products.dynamo import call
from products.errors import ProductNotFound, StaleVersion, StockBusy
from products.models import Product, now
from products.selectors import get_any_product, get_product
from shop.dynamo import CONDITION_REFUSED

MAX_ROUNDS = 8


def new_product_id() -> str:
    """Return an id that sorts by the time it was made: ``prod_`` and 20 hexadecimal digits."""
    return f"prod_{int(time.time() * 1000):012x}{uuid.uuid4().hex[:8]}"


def build_product(product_id: str, *, fields: Mapping[str, Any]) -> Product:
    """Return a new listed product, not saved yet, from validated fields."""
    moment = now()
    return Product(product_id, list_key=product_id, created_at=moment, updated_at=moment, **fields)


def create_product(
    *, fields: Mapping[str, Any], actor: str = "", reason: str = "", product_id: str | None = None
) -> Product:
    """Add a product to the catalogue.

    Args:
        fields: name, price (Decimal), stock, category, and optionally description and metadata; validated.
        actor: who did it.
        reason: why, for the record.
        product_id: its id, which makes a repeat harmless: a product that is there is left alone. None: a new one.
    """
    product = build_product(product_id or new_product_id(), fields=fields)
    # Of a new id, False can only mean that our own first try arrived and its reply did not.
    inventory.shelve(product, actor=actor, reason=reason)
    return product


def update_product(
    product_id: str,
    *,
    changes: Mapping[str, Any],
    expected_version: int | None,
    actor: str = "",
    reason: str = "",
    edit_id: str | None = None,
) -> Product:
    """Change some fields of a product, all in one write.

    Args:
        product_id: which product.
        changes: validated fields; ``stock`` is absolute and never hides a sale: the record shows the difference.
        expected_version: refuse if the product was edited since that version; None takes any.
        actor: who did it.
        reason: why, for the record; of a stock.
        edit_id: the caller's name for this very edit: while it is the last one, a repeat changes nothing.

    Returns:
        The product as it is after the change.

    Raises:
        ProductNotFound, StaleVersion: nothing was changed.
        StockBusy: sales or edits came in between every time; nothing was changed.
    """
    edit_id = edit_id or uuid.uuid4().hex
    for attempt in range(MAX_ROUNDS):
        seen = get_product(product_id)
        if seen.edit_id == edit_id:
            return seen  # an earlier round arrived although its reply did not
        if expected_version is not None and seen.version != expected_version:
            raise StaleVersion(f"The product is at version {seen.version} now, not {expected_version}.")
        if _try_update(seen, changes=changes, edit_id=edit_id, record={"actor": actor, "reason": reason}):
            return get_product(product_id)
        time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 (jitter, not a secret)
    raise StockBusy("This product is changing too fast just now; try again.")


def _try_update(
    seen: Product, *, changes: Mapping[str, Any], edit_id: str, record: Mapping[str, str]
) -> bool:
    edits = [getattr(Product, name).set(value) for name, value in changes.items() if name != "stock"]
    edits += _marks(edit_id)
    unedited = Product.version == seen.version
    if "stock" in changes:
        try:
            inventory.set_stock(
                seen,
                stock=changes["stock"],
                edits=edits,
                condition=unedited,
                movement_id=f"set_{edit_id}",
                **record,
            )
        except inventory.ConditionRefused as refusal:
            return refusal.refused[0]  # the movement is there: an earlier round of this very edit arrived
        return True
    return _update(seen, edits)


def _marks(edit_id: str) -> list[Action]:
    return [Product.version.add(1), Product.updated_at.set(now()), Product.edit_id.set(edit_id)]


def _update(seen: Product, actions: list[Action]) -> bool:
    unchanged = Product.deleted_at.does_not_exist() & (Product.version == seen.version)
    try:
        call(lambda: seen.update(actions=actions, condition=unchanged))
    except UpdateError as error:
        if error.cause_response_code != CONDITION_REFUSED:
            raise
        return False
    return True


def delete_product(product_id: str) -> None:
    """Take a product out of the catalogue for good; what orders know of it stays.

    Raises:
        ProductNotFound: there is none, or it was deleted before.
    """
    edit_id = uuid.uuid4().hex
    for attempt in range(MAX_ROUNDS):
        seen = get_any_product(product_id)
        if seen is not None and seen.edit_id == edit_id:
            return
        if seen is None or not seen.is_listed:
            raise ProductNotFound(f"There is no product {product_id!r}.")
        actions = [*_marks(edit_id), Product.deleted_at.set(now()), Product.list_key.remove()]
        if _update(seen, actions):
            return
        time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 (jitter, not a secret)
    raise StockBusy("This product is changing too fast just now; try again.")

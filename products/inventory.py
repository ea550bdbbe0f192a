"""The only writer of stock: first stocking, absolute writes, adjustments, reserve, release.

Each is one DynamoDB transaction under conditions, harmless to repeat, and leaves a record: a movement, or an
order's reservation. So the books always balance: Σ movements − stock = Σ units in HELD reservations.
"""

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from products.dynamo import call
from products.errors import (
    AdjustmentKeyReused,
    CatalogueUnavailable,
    InsufficientStock,
    OutOfStock,
    ReservationReleased,
    StockMoved,
)
from products.models import Product, StockMovement, StockReservation, now
from products.selectors import get_product, get_reservation
from shop.aws import dynamodb_connection
from shop.deadline import Deadline
from shop.dynamo import CONDITION_FAILED

MAX_STOCK = 1_000_000_000
MAX_LINES = 50  # one transaction holds 100 actions; the reservation is one of them


class ConditionRefused(Exception):
    """The product changed between reading and writing; read again. ``refused``: one flag per action."""

    def __init__(self, refused: Sequence[bool]) -> None:
        super().__init__("a condition was refused")
        self.refused = refused


def _transact(build: Callable[[TransactWrite], None], *, deadline: Deadline | None = None) -> None:
    """Run one transaction; ConditionRefused tells which actions were refused.

    The flags come in the order in which PynamoDB sends actions: puts before updates.
    """

    def attempt() -> None:
        with TransactWrite(connection=dynamodb_connection()) as transaction:
            build(transaction)

    try:
        call(attempt, deadline=deadline)
    except TransactWriteError as error:
        reasons = list(error.cancellation_reasons)
        codes = {reason.code for reason in reasons if reason is not None}
        if codes != {CONDITION_FAILED}:
            raise  # nothing this module foresees: a fault of ours, not an answer
        raise ConditionRefused([reason is not None for reason in reasons]) from error


def _listed() -> Condition:
    condition: Condition = Product.product_id.exists() & Product.deleted_at.does_not_exist()
    return condition


def _movement(product_id: str, movement_id: str, **facts: Any) -> StockMovement:
    return StockMovement(product_id, movement_id, created_at=now(), **facts)


def shelve(product: Product, *, actor: str = "", reason: str = "") -> bool:
    """Put a new product on the shelf with its first stock.

    Args:
        product: as it is to be, its stock with it.
        actor: who did it.
        reason: why, for the record.

    Returns:
        Whether it was new; False if a product of that id exists already (then nothing was changed).
    """
    movement = _movement(
        product.product_id, "created", kind="created", delta=product.stock, reason=reason, actor=actor
    )

    def build(transaction: TransactWrite) -> None:
        transaction.save(product, condition=Product.product_id.does_not_exist())
        transaction.save(movement)

    try:
        _transact(build)
    except ConditionRefused:
        return False
    return True


def set_stock(
    seen: Product,
    *,
    stock: int,
    edits: Sequence[Action],
    condition: Condition,
    movement_id: str,
    actor: str = "",
    reason: str = "",
) -> None:
    """Write an absolute stock, and other edits with it, if the stock is still what was seen.

    Args:
        seen: the product as just read.
        stock: units, 0 to 1,000,000,000.
        edits: further changes for the same write.
        condition: what else must hold.
        movement_id: fixed for one request, so that a repeat does nothing.
        actor: who did it.
        reason: why, for the record.

    Raises:
        ConditionRefused: the product changed since it was read, or this very write was done before.
    """
    movement = _movement(
        seen.product_id, movement_id, kind="set", delta=stock - seen.stock, reason=reason, actor=actor
    )

    def build(transaction: TransactWrite) -> None:
        transaction.save(movement, condition=StockMovement.movement_id.does_not_exist())
        transaction.update(
            Product(seen.product_id),
            actions=[*edits, Product.stock.set(stock)],
            condition=_listed() & condition & (Product.stock == seen.stock),
        )

    _transact(build)


def adjust(
    product_id: str,
    *,
    delta: int,
    reason: str,
    key: str | None,
    actor: str = "",
    expected_stock: int | None = None,
) -> tuple[Product, bool]:
    """Add units to the stock or take some away, once per key.

    Args:
        product_id: which product.
        delta: units, not 0.
        reason: why, for the record.
        key: the caller's idempotency key, already scoped to the caller; None makes every call its own.
        actor: who did it.
        expected_stock: refuse if the stock is another one by now; None takes any.

    Returns:
        The product as it is now, and whether this was a repeat that changed nothing.

    Raises:
        ProductNotFound, InsufficientStock, StockMoved, AdjustmentKeyReused: nothing was changed.
    """
    movement_id = "adj_" + (hashlib.sha256(key.encode()).hexdigest() if key else uuid.uuid4().hex)
    get_product(product_id)
    movement = _movement(product_id, movement_id, kind="adjusted", delta=delta, reason=reason, actor=actor)
    fits = Product.stock.between(max(0, -delta), MAX_STOCK - max(0, delta))
    if expected_stock is not None:
        fits &= Product.stock == expected_stock

    def build(transaction: TransactWrite) -> None:
        transaction.save(movement, condition=StockMovement.movement_id.does_not_exist())
        transaction.update(
            Product(product_id),
            actions=[Product.stock.add(delta)],
            condition=_listed() & fits,
        )

    try:
        _transact(build)
    except ConditionRefused as refusal:
        if not refusal.refused[0]:
            product = get_product(product_id)  # raises if it was deleted meanwhile
            if expected_stock not in {None, product.stock}:
                raise StockMoved(product.stock) from refusal
            raise InsufficientStock(
                f"The stock is {product.stock}; {delta:+} would leave 0 to {MAX_STOCK}."
            ) from refusal
        earlier = call(lambda: StockMovement.get(product_id, movement_id, consistent_read=True))
        if (earlier.delta, earlier.reason) != (delta, reason):
            raise AdjustmentKeyReused("This Idempotency-Key was used for another adjustment.") from refusal
        return get_product(product_id), key is not None
    return get_product(product_id), False


def reserve(order_uid: str, *, quantities: Mapping[str, int], deadline: Deadline | None = None) -> None:
    """Take stock off the shelf for one order: every line, or none.

    Reserving twice for the same order takes the units once, so a caller that does not know whether its last
    call arrived simply calls again.

    Args:
        order_uid: the order that will hold the units (UUID text, 36 characters).
        quantities: productId -> units, each at least 1; 1 to 50 products.
        deadline: how long it may take.

    Raises:
        OutOfStock: a line asks for more than is left, or its product is gone. Nothing was taken.
        ReservationReleased: release() came first; this order is over.
        CatalogueUnavailable: no answer. The units may or may not be held; call again.

    Source:
        One TransactWriteItems call: at most 100 actions, no two on one item (AWS API reference).
    """
    product_ids = sorted(quantities)
    reservation = StockReservation(
        order_uid, state=StockReservation.HELD, quantities=dict(quantities), created_at=now()
    )

    def build(transaction: TransactWrite) -> None:
        transaction.save(reservation, condition=StockReservation.order_uid.does_not_exist())
        for product_id in product_ids:
            units = quantities[product_id]
            transaction.update(
                Product(product_id),
                actions=[Product.stock.add(-units)],
                condition=_listed() & (Product.stock >= units),
            )

    try:
        _transact(build, deadline=deadline)
    except ConditionRefused as refusal:
        if not refusal.refused[0]:
            lines = zip(product_ids, refusal.refused[1:], strict=True)
            raise OutOfStock([product_id for product_id, refused in lines if refused]) from refusal
        # The record exists: an earlier call of ours arrived. It, not the shelf, tells how that went.
        record = get_reservation(order_uid, deadline=deadline)
        if record is None or record.state != StockReservation.HELD:
            raise ReservationReleased(f"the units of order {order_uid} were given back") from refusal


def release(order_uid: str, *, deadline: Deadline | None = None) -> None:
    """Give an order's units back, once; or, if it holds none, promise that it never will.

    Raises:
        CatalogueUnavailable: no answer; call again.
    """
    for _ in range(3):  # each round, somebody else moved the record one state on; it has two
        record = get_reservation(order_uid, deadline=deadline)
        if record is not None and record.state == StockReservation.RELEASED:
            return
        try:
            if record is None:
                _bury(order_uid, deadline=deadline)
            else:
                _give_back(record, deadline=deadline)
        except ConditionRefused:
            continue
        return
    raise CatalogueUnavailable("The reservation could not be released; try again.")


def _bury(order_uid: str, *, deadline: Deadline | None) -> None:
    tombstone = StockReservation(
        order_uid, state=StockReservation.RELEASED, created_at=now(), released_at=now()
    )
    _transact(
        lambda transaction: transaction.save(
            tombstone, condition=StockReservation.order_uid.does_not_exist()
        ),
        deadline=deadline,
    )


def _give_back(record: StockReservation, *, deadline: Deadline | None) -> None:
    def build(transaction: TransactWrite) -> None:
        transaction.update(
            StockReservation(record.order_uid),
            actions=[
                StockReservation.state.set(StockReservation.RELEASED),
                StockReservation.released_at.set(now()),
            ],
            condition=StockReservation.state == StockReservation.HELD,
        )
        for product_id, units in record.quantities.as_dict().items():
            # A deleted product takes its units back too: its item stays.
            transaction.update(
                Product(product_id),
                actions=[Product.stock.add(units)],
                condition=Product.product_id.exists(),
            )

    _transact(build, deadline=deadline)

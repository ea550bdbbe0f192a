"""Adjustments and absolute writes: what they may do, and that they never hide a sale."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest

from products import inventory, services
from products.errors import (
    AdjustmentKeyReused,
    InsufficientStock,
    OutOfStock,
    ProductNotFound,
    StockBusy,
    StockMoved,
)
from products.models import StockMovement

pytestmark = pytest.mark.dynamodb


def movements_of(shelf):
    found = StockMovement.query(shelf.product_id, consistent_read=True)
    return sorted((one.kind, one.delta, one.reason, one.actor) for one in found)


def test_the_first_stocking_is_a_movement(mug):
    assert movements_of(mug) == [("created", 5, "", "")]
    mug.assert_books_balance()


def test_an_adjustment_changes_the_stock_and_leaves_a_record_of_who_and_why(mug):
    product, repeated = inventory.adjust(mug.product_id, delta=-2, reason="broken", key=None, actor="ann")

    assert (product.stock, product.version, repeated) == (3, 1, False)
    assert movements_of(mug) == [("adjusted", -2, "broken", "ann"), ("created", 5, "", "")]
    mug.assert_books_balance()


def test_without_a_key_every_adjustment_counts(mug):
    for _ in range(3):
        inventory.adjust(mug.product_id, delta=5, reason="restock", key=None)

    assert mug.stock == 20
    assert len(movements_of(mug)) == 4


def test_with_a_key_an_adjustment_counts_once_and_says_so(mug):
    first = inventory.adjust(mug.product_id, delta=5, reason="restock", key="ann:k")
    inventory.reserve(str(uuid.uuid4()), quantities={mug.product_id: 1})
    again = inventory.adjust(mug.product_id, delta=5, reason="restock", key="ann:k")

    assert (first[0].stock, first[1]) == (10, False)
    assert (again[0].stock, again[1]) == (9, True)
    assert movements_of(mug) == [("adjusted", 5, "restock", ""), ("created", 5, "", "")]
    mug.assert_books_balance()


@pytest.mark.parametrize("other", [{"delta": 6}, {"delta": -5}, {"reason": "found"}])
def test_a_key_used_for_another_adjustment_is_refused(mug, other):
    same: dict[str, Any] = {"delta": 5, "reason": "restock"}
    inventory.adjust(mug.product_id, key="k", **same)

    with pytest.raises(AdjustmentKeyReused):
        inventory.adjust(mug.product_id, key="k", **{**same, **other})
    assert mug.stock == 10


def test_a_key_is_of_one_product(mug, make_product):
    bowl = make_product(stock=1)

    inventory.adjust(mug.product_id, delta=1, reason="x", key="k")
    inventory.adjust(bowl.product_id, delta=1, reason="x", key="k")

    assert (mug.stock, bowl.stock) == (6, 2)


def test_a_repeat_that_would_not_fit_any_more_is_still_a_repeat(mug):
    inventory.adjust(mug.product_id, delta=-5, reason="recall", key="k")

    product, repeated = inventory.adjust(mug.product_id, delta=-5, reason="recall", key="k")

    assert (product.stock, repeated) == (0, True)


@pytest.mark.parametrize("delta", [-6, -1_000_000_000, 1_000_000_000 - 4])
def test_no_adjustment_leaves_the_bounds(mug, delta):
    with pytest.raises(InsufficientStock):
        inventory.adjust(mug.product_id, delta=delta, reason="x", key="k")

    assert mug.stock == 5
    assert movements_of(mug) == [("created", 5, "", "")]


@pytest.mark.parametrize(("delta", "stock"), [(-5, 0), (1_000_000_000 - 5, 1_000_000_000)])
def test_the_bounds_themselves_can_be_reached(mug, delta, stock):
    assert inventory.adjust(mug.product_id, delta=delta, reason="x", key=None)[0].stock == stock


def test_a_product_that_is_not_there_cannot_be_adjusted(mug):
    services.delete_product(mug.product_id)

    for product_id in (mug.product_id, "prod_never", "not an id"):
        with pytest.raises(ProductNotFound):
            inventory.adjust(product_id, delta=1, reason="x", key=None)
    assert mug.stock == 5


def test_an_absolute_stock_is_recorded_as_the_difference(mug):
    inventory.reserve(str(uuid.uuid4()), quantities={mug.product_id: 2})

    product = services.update_product(
        mug.product_id, changes={"stock": 50}, expected_version=None, actor="ann"
    )

    assert product.stock == 50
    assert movements_of(mug) == [("created", 5, "", ""), ("set", 47, "", "ann")]
    mug.assert_books_balance()


def test_an_absolute_stock_is_refused_if_a_sale_came_in_between(mug):
    seen = mug.product
    inventory.reserve(str(uuid.uuid4()), quantities={mug.product_id: 2})

    with pytest.raises(inventory.ConditionRefused):
        inventory.set_stock(
            seen,
            stock=50,
            edits=[],
            condition=type(seen).version == seen.version,
            movement_id="set_x",
        )
    assert mug.stock == 3
    assert movements_of(mug) == [("created", 5, "", "")]


def test_a_sale_between_reading_and_writing_shows_in_the_record_and_price_and_stock_change_together(
    mug, monkeypatch
):
    set_stock = inventory.set_stock
    sold: list[int] = []

    def sell_first(seen, **arguments):
        if not sold:
            sold.append(1)
            inventory.reserve(str(uuid.uuid4()), quantities={mug.product_id: 2})
        set_stock(seen, **arguments)

    monkeypatch.setattr(inventory, "set_stock", sell_first)

    product = services.update_product(
        mug.product_id, changes={"stock": 50, "price": Decimal("13.00")}, expected_version=1
    )

    assert (product.stock, product.price, product.version) == (50, Decimal("13"), 2)
    assert movements_of(mug) == [("created", 5, "", ""), ("set", 47, "", "")]
    assert mug.held == 2
    mug.assert_books_balance()


@pytest.mark.real_dynamodb
def test_absolute_writes_amid_sales_and_adjustments_keep_the_books(make_product):
    product = make_product(stock=1000)
    go = threading.Event()

    def sell():
        go.wait(5)
        with suppress(OutOfStock):
            inventory.reserve(str(uuid.uuid4()), quantities={product.product_id: 3})

    def restock():
        go.wait(5)
        inventory.adjust(product.product_id, delta=7, reason="restock", key=None)

    def write():
        go.wait(5)
        with suppress(StockBusy):
            services.update_product(product.product_id, changes={"stock": 500}, expected_version=None)

    with ThreadPoolExecutor(max_workers=20) as pool:
        jobs = [pool.submit(job) for job in [sell, restock, sell, write, sell] * 4]
        go.set()
        for job in jobs:
            job.result()

    assert product.held == 36
    product.assert_books_balance()


def test_an_adjustment_against_a_stock_that_moved_changes_nothing_and_tells_the_stock_of_now(mug):
    inventory.reserve(str(uuid.uuid4()), quantities={mug.product_id: 1})

    with pytest.raises(StockMoved, match="the stock is 4 now") as refusal:
        inventory.adjust(mug.product_id, delta=2, reason="x", key="k", expected_stock=5)

    assert (refusal.value.stock, mug.stock) == (4, 4)
    assert inventory.adjust(mug.product_id, delta=2, reason="x", key="k", expected_stock=4)[0].stock == 6
    mug.assert_books_balance()


def test_a_repeat_is_a_repeat_although_the_stock_is_no_longer_the_expected_one(mug):
    for repeated in (False, True):
        product, was_repeated = inventory.adjust(
            mug.product_id, delta=2, reason="x", key="k", expected_stock=5
        )
        assert (product.stock, was_repeated) == (7, repeated)


def test_a_stock_that_is_as_expected_but_too_small_is_too_small(mug):
    with pytest.raises(InsufficientStock):
        inventory.adjust(mug.product_id, delta=-6, reason="x", key=None, expected_stock=5)

"""Reserving and releasing: the laws that an order relies on."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from products import inventory, services
from products.errors import OutOfStock, ReservationReleased
from products.models import StockReservation

pytestmark = pytest.mark.dynamodb


@pytest.fixture
def uid():
    return str(uuid.uuid4())


def record_of(uid):
    return StockReservation.get(uid, consistent_read=True)


def test_reserving_takes_the_units_and_notes_whose_they_are(mug, uid):
    inventory.reserve(uid, quantities={mug.product_id: 2})

    assert mug.stock == 3
    record = record_of(uid)
    assert (record.state, record.quantities.as_dict()) == ("HELD", {mug.product_id: 2})
    assert record.released_at is None
    mug.assert_books_balance()


def test_reserving_is_no_edit_of_the_product(mug, uid):
    before = mug.product

    inventory.reserve(uid, quantities={mug.product_id: 2})

    after = mug.product
    assert (after.version, after.updated_at) == (before.version, before.updated_at)


def test_reserving_again_takes_the_units_once(mug, uid):
    for _ in range(3):
        inventory.reserve(uid, quantities={mug.product_id: 2})

    assert mug.stock == 3
    mug.assert_books_balance()


def test_reserving_again_is_fine_even_when_the_shelf_is_empty_by_then(mug, uid):
    inventory.reserve(uid, quantities={mug.product_id: 5})

    inventory.reserve(uid, quantities={mug.product_id: 5})

    assert mug.stock == 0


def test_the_last_unit_can_be_reserved_and_one_more_cannot(mug, uid):
    inventory.reserve(uid, quantities={mug.product_id: 5})

    with pytest.raises(OutOfStock) as refusal:
        inventory.reserve(str(uuid.uuid4()), quantities={mug.product_id: 1})
    assert refusal.value.product_ids == [mug.product_id]
    assert mug.stock == 0
    mug.assert_books_balance()


def test_of_two_products_one_short_nothing_is_taken_and_the_short_one_named(make_product, uid):
    plenty, scarce = make_product(stock=9), make_product(stock=1)

    with pytest.raises(OutOfStock) as refusal:
        inventory.reserve(uid, quantities={plenty.product_id: 3, scarce.product_id: 2})

    assert refusal.value.product_ids == [scarce.product_id]
    assert (plenty.stock, scarce.stock) == (9, 1)
    with pytest.raises(StockReservation.DoesNotExist):
        record_of(uid)


def test_after_out_of_stock_the_same_order_may_try_again(mug, uid):
    with pytest.raises(OutOfStock):
        inventory.reserve(uid, quantities={mug.product_id: 6})
    inventory.adjust(mug.product_id, delta=1, reason="found one", key=None)

    inventory.reserve(uid, quantities={mug.product_id: 6})

    assert mug.stock == 0


def test_fifty_products_are_reserved_and_released_at_once(make_product, uid):
    shelves = [make_product(stock=2) for _ in range(inventory.MAX_LINES)]
    wanted = {shelf.product_id: 2 for shelf in shelves}

    inventory.reserve(uid, quantities=wanted)
    assert [shelf.stock for shelf in shelves] == [0] * 50
    inventory.release(uid)
    assert [shelf.stock for shelf in shelves] == [2] * 50


def test_releasing_gives_back_once(mug, uid):
    inventory.reserve(uid, quantities={mug.product_id: 2})

    for _ in range(3):
        inventory.release(uid)

    assert mug.stock == 5
    record = record_of(uid)
    assert record.state == "RELEASED"
    assert record.released_at is not None
    mug.assert_books_balance()


def test_releasing_before_reserving_leaves_a_tombstone_and_the_late_reserve_does_nothing(mug, uid):
    inventory.release(uid)

    with pytest.raises(ReservationReleased):
        inventory.reserve(uid, quantities={mug.product_id: 2})

    assert mug.stock == 5
    assert (record_of(uid).state, record_of(uid).quantities.as_dict()) == ("RELEASED", {})
    mug.assert_books_balance()


def test_a_released_order_cannot_reserve_again(mug, uid):
    inventory.reserve(uid, quantities={mug.product_id: 2})
    inventory.release(uid)

    with pytest.raises(ReservationReleased):
        inventory.reserve(uid, quantities={mug.product_id: 2})
    assert mug.stock == 5


def test_a_deleted_product_refuses_new_orders_and_takes_old_units_back(mug, uid):
    inventory.reserve(uid, quantities={mug.product_id: 2})
    services.delete_product(mug.product_id)

    with pytest.raises(OutOfStock):
        inventory.reserve(str(uuid.uuid4()), quantities={mug.product_id: 1})
    assert mug.stock == 3
    inventory.release(uid)
    assert mug.stock == 5
    assert not mug.product.is_listed
    mug.assert_books_balance()


def test_a_product_that_never_was_is_out_of_stock(tables, uid):
    with pytest.raises(OutOfStock) as refusal:
        inventory.reserve(uid, quantities={"prod_never": 1})
    assert refusal.value.product_ids == ["prod_never"]


# ---- many at once ------------------------------------------------------------------------------------------------


def together(calls):
    """Run the calls at the same time; return "done" or the name of what each raised."""

    def run(call):
        try:
            call()
        except Exception as error:  # noqa: BLE001 (the test looks at it)
            return type(error).__name__
        return "done"

    with ThreadPoolExecutor(max_workers=20) as pool:
        return list(pool.map(run, calls))


@pytest.mark.real_dynamodb
def test_twenty_buyers_of_seven_units_take_exactly_seven(make_product):
    product = make_product(stock=7)

    outcomes = together(
        [lambda: inventory.reserve(str(uuid.uuid4()), quantities={product.product_id: 1})] * 20
    )

    assert sorted(outcomes) == ["OutOfStock"] * 13 + ["done"] * 7
    assert product.stock == 0
    product.assert_books_balance()


@pytest.mark.real_dynamodb
def test_twenty_reserves_of_one_order_take_its_units_once(mug, uid):
    assert together([lambda: inventory.reserve(uid, quantities={mug.product_id: 2})] * 20) == ["done"] * 20
    assert mug.stock == 3
    mug.assert_books_balance()


@pytest.mark.real_dynamodb
def test_reserves_and_releases_of_one_order_at_once_end_with_all_units_on_the_shelf(mug, uid):
    outcomes = together(
        [
            lambda: inventory.reserve(uid, quantities={mug.product_id: 2}),
            lambda: inventory.release(uid),
        ]
        * 10
    )

    assert set(outcomes) <= {"done", "ReservationReleased"}
    assert mug.stock == 5
    assert record_of(uid).state == "RELEASED"
    mug.assert_books_balance()

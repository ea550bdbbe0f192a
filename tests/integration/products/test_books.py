"""The law of the books: whatever happens in whatever order, Σ movements − stock = Σ HELD, and nothing is below zero."""

import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from products import inventory, services
from products.errors import InsufficientStock, OutOfStock, ReservationReleased

pytestmark = pytest.mark.dynamodb

ORDERS = st.integers(0, 3)
UNITS = st.integers(1, 4)
acts = st.one_of(
    st.tuples(st.just("reserve"), ORDERS, st.lists(UNITS, min_size=2, max_size=2)),
    st.tuples(st.just("release"), ORDERS, st.none()),
    st.tuples(st.just("adjust"), st.integers(0, 1), st.integers(-4, 4).filter(bool)),
    st.tuples(st.just("repeat"), st.integers(0, 1), st.integers(-4, 4).filter(bool)),
    st.tuples(st.just("set"), st.integers(0, 1), st.integers(0, 9)),
)


class Model:
    """The same shop in plain numbers."""

    def __init__(self):
        self.stock = [5, 3]
        self.held = {}
        self.released = set()
        self.keys = {}

    def reserve(self, order, units):
        if order in self.released:
            return "released"
        if order in self.held:
            return "done"
        if any(have < want for have, want in zip(self.stock, units, strict=True)):
            return "out of stock"
        self.held[order] = units
        self.stock = [have - want for have, want in zip(self.stock, units, strict=True)]
        return "done"

    def release(self, order, _):
        self.released.add(order)
        back = self.held.pop(order, [0, 0])
        self.stock = [have + more for have, more in zip(self.stock, back, strict=True)]
        return "done"

    def adjust(self, which, delta):
        if self.stock[which] + delta < 0:
            return "insufficient"
        self.stock[which] += delta
        return "done"

    def repeat(self, which, delta):
        """An adjustment under a key of its own kind: counts the first time only."""
        if (which, delta) in self.keys:
            return "done"
        outcome = self.adjust(which, delta)
        if outcome == "done":
            self.keys[which, delta] = True
        return outcome

    def set(self, which, stock):
        self.stock[which] = stock
        return "done"


class Shop:
    """The real one."""

    def __init__(self, shelves):
        self.shelves = shelves
        self.run = uuid.uuid4().hex[:20]

    def reserve(self, order, units):
        wanted = {shelf.product_id: want for shelf, want in zip(self.shelves, units, strict=True)}
        inventory.reserve(f"{self.run}-{order}", quantities=wanted)

    def release(self, order, _):
        inventory.release(f"{self.run}-{order}")

    def adjust(self, which, delta, key=None):
        inventory.adjust(self.shelves[which].product_id, delta=delta, reason="x", key=key)

    def repeat(self, which, delta):
        self.adjust(which, delta, key=f"{self.run}{delta}")

    def set(self, which, stock):
        services.update_product(
            self.shelves[which].product_id, changes={"stock": stock}, expected_version=None
        )


WORDS = {OutOfStock: "out of stock", ReservationReleased: "released", InsufficientStock: "insufficient"}


@given(st.lists(acts, max_size=12))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_books_balance_after_any_sequence_of_acts_and_the_shop_does_as_plain_numbers_do(
    make_product, sequence
):
    shop, model = Shop([make_product(stock=5), make_product(stock=3)]), Model()

    for name, which, amount in sequence:
        try:
            getattr(shop, name)(which, amount)
            outcome = "done"
        except (OutOfStock, ReservationReleased, InsufficientStock) as refusal:
            outcome = WORDS[type(refusal)]
        assert outcome == getattr(model, name)(which, amount)

    assert [shelf.stock for shelf in shop.shelves] == model.stock
    for at, shelf in enumerate(shop.shelves):
        assert shelf.held == sum(units[at] for units in model.held.values())
        shelf.assert_books_balance()

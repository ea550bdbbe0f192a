"""The moves an order may make, written down from the design's table, not from the code."""

from itertools import product

import pytest

from orders import record
from orders.models import Order
from orders.states import STEP_TRANSITIONS, TRANSITIONS, OrderStatus, Step

STATUSES = ["PENDING", "PROCESSING", "CANCELLED"]
# PENDING → PROCESSING | CANCELLED; PROCESSING → CANCELLED; the end is the end.
STATUS_MOVES = {("PENDING", "PROCESSING"), ("PENDING", "CANCELLED"), ("PROCESSING", "CANCELLED")}

STEPS = ["CREATED", "CHARGING", "ABORT", "ABORT_UNCHARGED", "DONE"]
STEP_MOVES = {
    ("CREATED", "CHARGING"),
    ("CHARGING", "DONE"),
    ("CREATED", "ABORT_UNCHARGED"),
    ("ABORT_UNCHARGED", "DONE"),
    ("CHARGING", "ABORT"),
    ("ABORT", "DONE"),
    ("DONE", "ABORT"),  # the late cancel
}


def test_there_are_no_other_states():
    assert OrderStatus.values == STATUSES
    assert sorted(Step.values) == sorted(STEPS)


@pytest.mark.parametrize(("was", "becomes"), list(product(STATUSES, STATUSES)))
def test_a_status_moves_as_the_table_says(was, becomes):
    assert (OrderStatus(becomes) in TRANSITIONS[OrderStatus(was)]) is ((was, becomes) in STATUS_MOVES)


@pytest.mark.parametrize(("was", "becomes"), list(product(STEPS, STEPS)))
def test_a_step_moves_as_the_table_says(was, becomes):
    assert (Step(becomes) in STEP_TRANSITIONS[Step(was)]) is ((was, becomes) in STEP_MOVES)


@pytest.mark.parametrize(("was", "becomes"), sorted(set(product(STEPS, STEPS)) - STEP_MOVES))
def test_a_forbidden_step_is_refused_before_the_database_is_asked(was, becomes):
    with pytest.raises(AssertionError, match=f"no move from {was}/PENDING to {becomes}/None"):
        record.decide(Order(step=was, status="PENDING"), to=Step(becomes), kind="x")


@pytest.mark.parametrize("becomes", ["PENDING", "PROCESSING", "CANCELLED"])
def test_a_cancelled_order_never_changes_its_status(becomes):
    with pytest.raises(AssertionError, match="no move from DONE/CANCELLED"):
        record.decide(
            Order(step="DONE", status="CANCELLED"), to=Step.ABORT, kind="x", status=OrderStatus(becomes)
        )

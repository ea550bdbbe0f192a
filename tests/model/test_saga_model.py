"""The design of the saga holds in every state that can be reached, and the model would notice if it did not."""

import pytest

from tests.model.rules import BROKEN_VARIANTS
from tests.model.saga_model import check


@pytest.mark.parametrize("stock", [0, 1])
def test_the_design_keeps_every_promise_and_never_gets_stuck(stock):
    result = check(stock=stock)

    assert (result.violation, result.trace, result.stuck) == ("", [], 0)
    assert result.states > (100 if stock == 0 else 100_000)


@pytest.mark.parametrize("broken", BROKEN_VARIANTS)
def test_each_broken_variant_is_found(broken):
    result = check(broken, stock=5)

    assert result.violation
    assert result.trace

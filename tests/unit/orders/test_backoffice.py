"""How the back office writes and reads: amounts, lengths of time, days, and the way through them."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.backoffice import filters, wording
from orders.states import OrderStatus, PaymentStatus


@pytest.mark.parametrize(
    ("amount", "text"), [("0", "0.00 USD"), ("12.5", "12.50 USD"), ("1234567.89", "1,234,567.89 USD")]
)
def test_money_has_two_decimals_and_its_currency(amount, text):
    assert wording.money(Decimal(amount), "USD") == text


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(seconds=-5), "under 1 min"),
        (timedelta(seconds=59), "under 1 min"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(hours=3, minutes=5), "3 h 5 min"),
        (timedelta(days=2, hours=4, minutes=59), "2 d 4 h"),
        (timedelta(days=30), "30 d"),
    ],
)
def test_a_length_of_time_has_its_two_largest_units(length, text):
    assert wording.span(length) == text


def test_every_state_has_a_colour():
    assert set(wording.STATUS_COLOURS) == set(OrderStatus)
    assert set(wording.PAYMENT_COLOURS) == set(PaymentStatus)


@given(st.text(max_size=30))
def test_no_text_breaks_the_readers_of_days_and_amounts(text):
    day, amount = filters.read_day(text), filters.read_amount(text)

    assert day is None or filters.midnight(day + timedelta(days=1)) > filters.midnight(day)
    assert amount is None or 0 <= amount < 10**13


def test_days_and_amounts_are_read_as_forms_send_them():
    assert filters.read_day("2026-11-22") == date(2026, 11, 22)
    assert filters.read_amount("12.50") == Decimal("12.50")
    assert [filters.read_day(text) for text in ("", "22.11.2026", "9999-12-31", "0001-01-01")] == [None] * 4
    assert [filters.read_amount(text) for text in ("", "-1", "NaN", "Infinity", "1e13")] == [None] * 5

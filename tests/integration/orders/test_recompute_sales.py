"""`recompute_sales`: what is kept of closed days becomes what their orders say now, notes or none."""

from datetime import UTC, date, datetime

import pytest
from django.core.management import CommandError, call_command

from orders import rollup
from orders.daily import ChangedDay, DailyFigures
from orders.models import Order, database_now
from orders.states import OrderStatus
from tests.past import past_order

pytestmark = [pytest.mark.mysql, pytest.mark.django_db]
DAYS = [date(2026, 3, day) for day in (1, 2, 3)]


def run(capsys, *arguments):
    call_command("recompute_sales", *arguments)
    return capsys.readouterr().out


def kept():
    return list(DailyFigures.objects.order_by("day").values_list("day", "paid", "cancelled", "version"))


@pytest.fixture
def stale():
    """Three days that were added up; then an older version cancelled every order, and left no note."""
    for day in DAYS:
        past_order(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
        rollup.roll_up(day)
    Order.objects.update(status=OrderStatus.CANCELLED)
    assert kept() == [(day, 1, 0, 1) for day in DAYS]


@pytest.mark.usefixtures("stale")
def test_the_days_that_are_named_are_worked_out_again_and_no_others(capsys):
    printed = run(capsys, "--from", "2026-03-02", "--to", "2026-03-03")

    assert printed == "2026-03-02 to 2026-03-03: 2 closed days are as their orders say now\n"
    assert kept() == [(DAYS[0], 1, 0, 1), (DAYS[1], 0, 1, 2), (DAYS[2], 0, 1, 2)]
    assert not ChangedDay.objects.exists()


@pytest.mark.usefixtures("stale")
def test_without_days_it_is_the_last_thirty_and_today_stays_uncounted(capsys, monkeypatch):
    monkeypatch.setattr("orders.sales.database_now", lambda: datetime(2026, 3, 31, 12, tzinfo=UTC))
    monkeypatch.setattr(rollup, "database_now", lambda: datetime(2026, 3, 31, 12, tzinfo=UTC))

    printed = run(capsys)

    assert printed == "2026-03-02 to 2026-03-31: 29 closed days are as their orders say now\n"
    assert kept()[:3] == [(DAYS[0], 1, 0, 1), (DAYS[1], 0, 1, 2), (DAYS[2], 0, 1, 2)]
    assert kept()[-1] == (date(2026, 3, 30), 0, 0, 1)
    assert not ChangedDay.objects.exists()


@pytest.mark.usefixtures("stale")
def test_when_it_is_interrupted_the_background_process_does_the_rest(monkeypatch):
    def stopped(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(rollup, "count_day", stopped)
    with pytest.raises(KeyboardInterrupt):
        call_command("recompute_sales", "--from", "2026-03-01", "--to", "2026-03-03")

    assert sorted(ChangedDay.objects.values_list("day", flat=True)) == DAYS
    assert kept() == [(day, 1, 0, 1) for day in DAYS]


@pytest.mark.usefixtures("stale")
def test_a_range_that_is_none_changes_nothing():
    with pytest.raises(CommandError, match="The first day is after the last"):
        call_command("recompute_sales", "--from", "2026-03-02", "--to", "2026-03-01")
    with pytest.raises(CommandError, match="invalid fromisoformat value: '2026-02-30'"):
        call_command("recompute_sales", "--from", "2026-02-30")

    assert kept() == [(day, 1, 0, 1) for day in DAYS]
    assert not ChangedDay.objects.exists()


def test_days_before_the_first_order_and_days_to_come_are_left_alone(capsys):
    past_order(datetime(2026, 3, 2, 12, tzinfo=UTC))
    today = database_now().date()

    assert "0 closed days" in run(capsys, "--from", "2026-01-01", "--to", "2026-03-01")
    assert "0 closed days" in run(capsys, "--from", f"{today}", "--to", f"{today}")
    assert kept() == []

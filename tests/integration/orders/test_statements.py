"""What an order asks of MySQL: every statement and every commit is a journey there and back."""

import pytest
from django.db import connection, transaction
from django.db.utils import OperationalError

from orders.models import ChangedDay, Order

pytestmark = [pytest.mark.mysql, pytest.mark.django_db(transaction=True)]


def queries_of_the_server():
    with connection.cursor() as cursor:
        cursor.execute(
            "SHOW SESSION STATUS WHERE Variable_name IN ('Com_begin', 'Com_commit', 'Com_set_option', 'Questions')"
        )
        return {name: int(value) for name, value in cursor.fetchall()}


def asked_for(work):
    before = queries_of_the_server()
    work()
    after = queries_of_the_server()
    found = {name: after[name] - before[name] for name in before}
    return {**found, "Questions": found["Questions"] - 1}  # the second look itself


def test_a_transaction_costs_a_begin_and_a_commit_and_no_more():
    def one_row():
        with transaction.atomic(durable=True):
            ChangedDay.objects.create(day="2026-01-01")

    assert asked_for(one_row) == {"Com_begin": 1, "Com_commit": 1, "Com_set_option": 0, "Questions": 3}
    assert ChangedDay.objects.count() == 1


def test_a_transaction_that_fails_leaves_nothing_and_the_connection_commits_by_itself_again():
    def half_a_change():
        with transaction.atomic():
            ChangedDay.objects.create(day="2026-01-01")
            raise LookupError

    with pytest.raises(LookupError):
        half_a_change()

    assert ChangedDay.objects.count() == 0
    ChangedDay.objects.create(day="2026-01-02")
    connection.close()
    assert ChangedDay.objects.count() == 1


def test_a_begin_on_a_lost_connection_is_an_error_of_the_database():
    with connection.cursor() as cursor:
        cursor.execute("SELECT CONNECTION_ID()")
        mine = cursor.fetchone()[0]
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(f"KILL {mine}")
    finally:
        other.close()

    with pytest.raises(OperationalError), transaction.atomic():
        pytest.fail("the transaction cannot have begun")

    connection.close()
    assert Order.objects.count() == 0


def test_an_order_is_twelve_statements_in_four_transactions(buy, mug):
    """One statement and its transaction are the mock provider's own."""
    asked = asked_for(lambda: buy(mug, 1, key="a key"))

    assert asked == {"Com_begin": 4, "Com_commit": 4, "Com_set_option": 0, "Questions": 12 + 8}

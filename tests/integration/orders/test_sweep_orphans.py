"""After a database was restored: `sweep_orphans` undoes what is kept for lost orders, and nothing else."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from orders.models import IdempotencyKey, Order, OrderEvent, OrderItem, Payment, database_now
from orders.payments.gateway import PaymentOutcomeUnknown
from orders.payments.mock import MockGateway
from products.models import StockReservation

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def lost(empty_catalogue, buy, make_product):
    """A shop with a paid order, and another that the database has forgotten."""
    shelf = make_product(stock=9, price=Decimal("2.50"))
    kept, gone = buy(shelf, 1), buy(shelf, 3)
    uid = gone.uid
    for rows in (Payment, OrderItem, OrderEvent):
        rows.objects.filter(order=gone).delete()
    IdempotencyKey.objects.filter(order_uid=uid).delete()
    Order.objects.filter(pk=gone.pk).delete()
    return {"shelf": shelf, "kept": kept, "uid": uid}


def sweep(capsys, **options):
    call_command("sweep_orphans", **options)
    return capsys.readouterr().out.splitlines()


def state(uid):
    return StockReservation.get(str(uid)).state


def test_it_lists_what_belongs_to_no_order_and_changes_nothing(lost, capsys):
    product = lost["shelf"].product_id

    assert sweep(capsys) == [
        f"{lost['uid']}  holds 3 × {product}, paid 7.50 USD",
        "1 belong to no order; nothing was changed",
    ]
    assert (state(lost["uid"]), state(lost["kept"].uid), lost["shelf"].stock) == ("HELD", "HELD", 5)


def test_it_refunds_and_puts_back_and_then_the_books_balance(lost, gateway, capsys):
    assert sweep(capsys, apply=1)[-1] == "1 undone"

    assert (state(lost["uid"]), state(lost["kept"].uid), lost["shelf"].stock) == ("RELEASED", "HELD", 8)
    assert gateway.find(uid=lost["uid"], timeout_seconds=1).status == "REFUNDED"
    assert gateway.find(uid=lost["kept"].uid, timeout_seconds=1).status == "CAPTURED"
    call_command("verify_invariants", "--quiet")
    assert capsys.readouterr().out == "the books balance: 1 orders (0 open), 1 products\n"
    assert sweep(capsys, apply=0) == ["0 undone"]


def test_another_number_than_was_listed_changes_nothing(lost, capsys):
    with pytest.raises(CommandError, match="there are 1, not 2; nothing was changed"):
        sweep(capsys, apply=2)

    assert (state(lost["uid"]), lost["shelf"].stock) == ("HELD", 5)


def test_what_gets_no_answer_is_named_and_done_by_the_next_run(lost, monkeypatch, capsys):
    def silent(*_args, **_kwargs):
        raise PaymentOutcomeUnknown

    with monkeypatch.context() as patch:
        patch.setattr(MockGateway, "void", silent)
        with pytest.raises(CommandError, match=f"1 of 1 got no answer: {lost['uid']}"):
            sweep(capsys, apply=1)
    assert (state(lost["uid"]), lost["shelf"].stock) == ("HELD", 5)

    assert sweep(capsys, apply=1)[-1] == "1 undone"
    assert lost["shelf"].stock == 8


# ---- orders that the restored database has, as they were then ---------------------------------------------------


@pytest.fixture
def set_back(empty_catalogue, buy, make_product):
    """A paid order, of which the database knows only that it was recorded, an hour ago."""
    order = buy(make_product(stock=9), 2)
    Payment.objects.filter(order=order).delete()
    OrderEvent.objects.filter(order=order, seq__gt=1).delete()
    hour_ago = database_now() - timedelta(hours=1)
    Order.objects.filter(pk=order.pk).update(
        status="PENDING", step="CREATED", created_at=hour_ago, lease_until=hour_ago
    )
    return order


def test_an_order_set_back_finds_its_payment_where_it_is_given_the_time(set_back, gateway, settings, capsys):
    settings.ORDER_GIVE_UP_MINUTES = 1440

    call_command("reconcile_orders")

    set_back.refresh_from_db()
    assert (set_back.status, set_back.step) == ("PROCESSING", "DONE")
    assert [charge.status for charge in gateway.ledger()] == ["CAPTURED"]
    call_command("verify_invariants", "--quiet")
    assert capsys.readouterr().out.endswith("the books balance: 1 orders (0 open), 1 products\n")


def test_without_that_time_it_is_cancelled_and_the_money_that_is_kept_is_found(set_back, capsys):
    call_command("reconcile_orders")

    set_back.refresh_from_db()
    assert (set_back.status, set_back.cancel_reason) == ("CANCELLED", "timed_out")
    with pytest.raises(CommandError, match="1 promises are broken"):
        call_command("verify_invariants", "--quiet")
    assert f"I6  order {set_back.pk}: CANCELLED, but the provider kept 25.00" in capsys.readouterr().out

"""`verify_invariants` says the books balance when they do, and finds each thing that can be wrong with them."""

import uuid
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from orders import saga
from orders.models import IdempotencyKey, Order, OrderEvent
from orders.payments.ledger import MockLedgerEntry
from orders.states import CancelReason
from products.models import Product, StockReservation, now
from shop.deadline import Deadline

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def month(empty_catalogue, buy, make_product, gateway):
    """A paid, a declined, a sold-out and a cancelled order of one product."""
    shelf = make_product(stock=5)
    paid = buy(shelf, 2, key="k")
    declined = buy(shelf, 1, email="ann+decline@example.com")
    sold_out = buy(shelf, 9)
    cancelled = saga.cancel_order(
        buy(shelf, 1), reason=CancelReason.CANCELLED_BY_CUSTOMER, gateway=gateway, deadline=Deadline(8)
    )
    return {"shelf": shelf, "paid": paid, "declined": declined, "sold_out": sold_out, "cancelled": cancelled}


def violations(capsys):
    with pytest.raises(CommandError, match="promises are broken"):
        call_command("verify_invariants", "--quiet")
    return [line.split("  ", 1) for line in capsys.readouterr().out.splitlines()]


def test_the_books_of_every_outcome_balance(month, capsys):
    call_command("verify_invariants", "--quiet")

    assert capsys.readouterr().out == "the books balance: 4 orders (0 open), 1 products\n"


def test_a_unit_lost_from_stock_is_found(month, capsys):
    shelf = month["shelf"]
    shelf.product.update(actions=[Product.stock.set(2)])

    assert violations(capsys) == [
        ["I1", f"product {shelf.product_id}: moved 5 − stock 2 = 3, but orders hold 2"]
    ]


def test_a_stock_below_zero_is_found(month, capsys):
    shelf = month["shelf"]
    shelf.product.update(actions=[Product.stock.set(-1)])

    assert [number for number, _ in violations(capsys)] == ["I1", "I2"]


def test_a_reservation_of_a_paid_order_that_was_given_back_is_found(month, capsys):
    record = StockReservation.get(str(month["paid"].uid))
    record.update(actions=[StockReservation.state.set("RELEASED")])

    assert violations(capsys) == [
        ["I1", f"product {month['shelf'].product_id}: moved 5 − stock 3 = 2, but orders hold 0"],
        ["I4", f"order {month['paid'].pk}: PROCESSING, but holds no stock"],
    ]


def test_a_reservation_with_other_units_than_ordered_is_found(month, capsys):
    record = StockReservation.get(str(month["paid"].uid))
    record.update(actions=[StockReservation.quantities.set({month["shelf"].product_id: 1})])

    assert [number for number, _ in violations(capsys)] == ["I1", "I3"]


def test_a_cancelled_order_that_still_holds_is_found(month, capsys):
    record = StockReservation.get(str(month["cancelled"].uid))
    record.update(actions=[StockReservation.state.set("HELD")])

    assert [number for number, _ in violations(capsys)] == ["I1", "I4"]


def test_a_reservation_for_no_order_is_found_once_it_is_old(month, capsys):
    shelf = month["shelf"]
    moment = now().replace(year=2020)
    StockReservation(
        str(uuid.uuid4()), state="HELD", quantities={shelf.product_id: 1}, created_at=moment
    ).save()
    shelf.product.update(actions=[Product.stock.add(-1)])

    [[number, finding]] = violations(capsys)
    assert (number, finding.split(": ", 1)[1]) == ("I3", f"holds {{'{shelf.product_id}': 1}} for no order")


@pytest.mark.parametrize(
    ("change", "number", "finding"),
    [
        (
            {"status": "REFUNDED", "refunded": Decimal("25.00")},
            "I6",
            "PROCESSING over 25.00, but the provider kept 0.00",
        ),
        ({"amount": Decimal("24.99")}, "I6", "PROCESSING over 25.00, but the provider kept 24.99"),
        ({"status": "VOIDED"}, "I6", "PROCESSING over 25.00, but the provider kept 0"),
    ],
)
def test_money_that_does_not_fit_a_paid_order_is_found(month, capsys, change, number, finding):
    MockLedgerEntry.objects.filter(key=month["paid"].uid).update(**change)

    assert violations(capsys) == [[number, f"order {month['paid'].pk}: {finding}"]]


def test_money_kept_for_a_cancelled_order_is_found(month, capsys):
    MockLedgerEntry.objects.filter(key=month["cancelled"].uid).update(status="CAPTURED", refunded=0)

    assert violations(capsys) == [
        ["I6", f"order {month['cancelled'].pk}: CANCELLED, but the provider kept 12.50"]
    ]


def test_money_taken_for_no_order_is_found(month, capsys):
    MockLedgerEntry.objects.filter(key=month["paid"].uid).update(
        key=uuid.uuid4(), created_at="2020-01-01T00:00:00Z"
    )

    assert [number for number, _ in violations(capsys)] == ["I10", "I6"]


def test_a_total_that_is_not_its_lines_is_found(month, capsys):
    Order.objects.filter(pk=month["sold_out"].pk).update(total=Decimal("1.00"))

    assert [number for number, _ in violations(capsys)] == ["I7"]


def test_a_gap_in_a_history_is_found(month, capsys):
    OrderEvent.objects.get(order=month["paid"], seq=2).delete()

    found = violations(capsys)
    assert [number for number, _ in found] == ["I13", "I12"] or [number for number, _ in found] == [
        "I12",
        "I13",
    ]


def test_a_status_that_its_history_does_not_tell_is_found(month, capsys):
    Order.objects.filter(pk=month["declined"].pk).update(status="PROCESSING")

    assert {number for number, _ in violations(capsys)} == {"I4", "I6", "I13"}


def test_an_accepted_cancellation_of_an_order_that_went_on_is_found(month, capsys):
    Order.objects.filter(pk=month["paid"].pk).update(cancel_requested_at="2026-01-01T00:00:00Z")

    assert [number for number, _ in violations(capsys)] == ["I14"]


def test_a_key_that_names_no_order_is_found(month, capsys):
    IdempotencyKey.objects.update(order_uid=uuid.uuid4())

    assert [number for number, _ in violations(capsys)] == ["I8"]


def test_an_open_order_breaks_nothing_unless_all_must_be_quiet(month, buy, capsys):
    buy(month["shelf"], 1, email="ann+timeout@example.com")

    call_command("verify_invariants")
    assert capsys.readouterr().out == "the books balance: 5 orders (1 open), 1 products\n"
    assert [number for number, _ in violations(capsys)] == ["I17"]


def test_what_is_wrong_only_for_a_moment_does_not_count(month, capsys, monkeypatch):
    shelf = month["shelf"]
    shelf.product.update(actions=[Product.stock.set(2)])
    monkeypatch.setattr(
        "orders.invariants.time.sleep", lambda _seconds: shelf.product.update(actions=[Product.stock.set(3)])
    )

    call_command("verify_invariants")

    assert capsys.readouterr().out.startswith("the books balance")

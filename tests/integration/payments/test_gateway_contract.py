"""What every payment gateway promises, whoever is behind it: one list of tests for all of them."""

import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from orders.payments.gateway import PaymentDeclined, PaymentOutcomeUnknown
from orders.states import PaymentStatus
from tests.integration.payments.conftest import TOTAL

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_charge_takes_the_money(desk):
    charge = desk.charge()

    assert (charge.uid, charge.status, charge.amount, charge.currency) == (
        desk.uid, PaymentStatus.CAPTURED, TOTAL, "USD",
    )  # fmt: skip
    assert charge.reference
    assert (charge.refunded, charge.decline_code) == (Decimal(0), "")


def test_however_often_it_is_charged_the_money_is_taken_once(desk):
    first = desk.charge()

    assert all(desk.charge() == first for _ in range(3))
    assert [entry.amount for entry in desk.taken] == [TOTAL]


def test_a_decline_is_final_and_takes_nothing(desk):
    with pytest.raises(PaymentDeclined) as declined:
        desk.charge(good=False)
    with pytest.raises(PaymentDeclined) as again:
        desk.charge(good=True)

    assert declined.value.charge.status == PaymentStatus.DECLINED
    assert declined.value.charge.decline_code in {"card_declined", "generic_decline"}
    assert again.value.charge == declined.value.charge
    assert not desk.taken


def test_voiding_a_declined_charge_keeps_its_reason(desk):
    with pytest.raises(PaymentDeclined) as declined:
        desk.charge(good=False)

    voided = desk.void()

    assert (voided.status, voided.decline_code) == (
        PaymentStatus.DECLINED,
        declined.value.charge.decline_code,
    )
    assert desk.void() == voided


def test_a_void_before_the_charge_is_a_tombstone(desk):
    voided = desk.void()

    assert voided.status == PaymentStatus.VOIDED
    for _ in range(2):
        with pytest.raises(PaymentDeclined) as refused:
            desk.charge()
        assert refused.value.charge.status == PaymentStatus.VOIDED
    assert desk.void().status == PaymentStatus.VOIDED
    assert desk.find().status == PaymentStatus.VOIDED
    assert not desk.taken


def test_a_void_after_the_charge_refunds_all_of_it_once(desk):
    desk.charge()

    refunds = [desk.void() for _ in range(3)]

    assert {(refund.status, refund.amount, refund.refunded) for refund in refunds} == {
        (PaymentStatus.REFUNDED, TOTAL, TOTAL)
    }
    assert [(entry.amount, entry.refunded) for entry in desk.taken] == [(TOTAL, TOTAL)]


def test_a_charge_after_the_refund_takes_nothing(desk):
    desk.charge()
    desk.void()

    with pytest.raises(PaymentDeclined) as refused:
        desk.charge()

    assert refused.value.charge.status == PaymentStatus.REFUNDED
    assert desk.kept == 0


def test_find_tells_what_is_known(desk):
    assert desk.find() is None

    charge = desk.charge()

    assert desk.find() == charge
    desk.void()
    assert desk.find().status == PaymentStatus.REFUNDED


def test_the_ledger_names_every_order_that_money_moved_for(desk):
    charged = desk.charge()
    others = [type(desk)() if not hasattr(desk, "provider") else type(desk)(desk.provider) for _ in range(2)]
    others[0].charge()
    others[0].void()

    assert desk.entries() == [charged]
    assert [entry.status for entry in others[0].entries()] == [PaymentStatus.REFUNDED]
    assert others[1].entries() == []


def test_the_ledger_can_be_read_from_a_time_on(desk):
    charged = desk.charge()

    def uids(since):
        return {charge.uid for charge in desk.gateway.ledger(since=since)}

    assert charged.uid in uids(charged.created_at - timedelta(seconds=1))
    assert charged.uid not in uids(charged.created_at + timedelta(seconds=2))


def test_a_wrong_amount_is_told_as_it_is_and_given_back_whole(desk):
    charge = desk.overcharge()

    assert (charge.status, charge.amount) == (PaymentStatus.CAPTURED, TOTAL + 1)
    assert desk.void().refunded == TOTAL + 1
    assert desk.kept == 0


def test_silence_is_no_answer_and_a_repeat_finds_the_money_taken_once(desk):
    with pytest.raises(PaymentOutcomeUnknown):
        desk.charge_without_an_answer()

    assert desk.find().status == PaymentStatus.CAPTURED
    assert desk.charge().amount == TOTAL
    assert len(desk.taken) == 1


def test_silence_then_a_void_keeps_nothing(desk):
    with pytest.raises(PaymentOutcomeUnknown):
        desk.charge_without_an_answer()

    assert desk.void().status == PaymentStatus.REFUNDED
    assert desk.kept == 0


def settled(call):
    """Repeat a call until it is answered, as the saga does; close the thread's connection."""
    try:
        for _ in range(50):
            try:
                return call()
            except PaymentDeclined as declined:
                return declined.charge
            except PaymentOutcomeUnknown:
                time.sleep(random.uniform(0, 0.1))
        raise AssertionError("never answered")
    finally:
        connection.close()


@pytest.mark.mysql
@pytest.mark.parametrize("delay", [0, 0.005, 0.02])
def test_a_void_amid_charges_never_leaves_money_behind(desk, delay):
    """Whoever wins, after the void nothing is kept: by what it answered, and by the provider's own books."""
    desks = [desk, *(copy_of(desk) for _ in range(3))]
    barrier = threading.Barrier(3 * len(desks))

    def charge(one):
        barrier.wait()
        return settled(one.charge)

    def void(one):
        barrier.wait()
        time.sleep(delay)
        return settled(one.void)

    with ThreadPoolExecutor(3 * len(desks)) as pool:
        futures = [
            (pool.submit(charge, one), pool.submit(charge, one), pool.submit(void, one)) for one in desks
        ]
        answers = [[future.result() for future in trio] for trio in futures]

    for one, (_, _, voided) in zip(desks, answers, strict=True):
        assert voided.status != PaymentStatus.CAPTURED
        assert one.kept == 0
        assert len(one.taken) <= 1
        with pytest.raises(PaymentDeclined):
            one.charge()
        assert one.kept == 0


def copy_of(desk):
    other = object.__new__(type(desk))
    other.__dict__.update(desk.__dict__)
    other.uid = uuid.uuid4()
    return other


@pytest.mark.mysql
def test_charges_from_many_threads_take_the_money_once(desk):
    with ThreadPoolExecutor(8) as pool:
        charges = [future.result() for future in [pool.submit(settled, desk.charge) for _ in range(8)]]

    assert {charge.status for charge in charges} == {PaymentStatus.CAPTURED}
    assert len(desk.taken) == 1

"""Units that are held for no order: found, and given back with a reason."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry

from orders import staff as interventions
from orders.models import Order
from products import inventory
from products.books import read_held_page
from products.errors import CatalogueUnavailable
from products.models import StockReservation, now
from tests.integration.orders.test_races import together

pytestmark = [
    pytest.mark.dynamodb,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_catalogue"),
]
PAGE = "/admin/reservations/"


@pytest.fixture
def orphan(mug):
    """Two mugs, held for an hour for an order that nobody knows."""

    def make(age=timedelta(hours=1), uid=None):
        uid = uid or str(uuid.uuid4())
        inventory.reserve(uid, quantities={mug.product_id: 2})
        StockReservation(uid).update([StockReservation.created_at.set(now() - age)])
        return uid

    return make


def listed(client):
    return [uid for uid, _ in client.get(PAGE).context["orphans"]]


def test_only_what_is_held_for_a_minute_and_for_no_order_is_listed(admin, orphan, buy, mug, make_product):
    mug_of_order = make_product()
    order = buy(mug_of_order, 1)
    StockReservation(str(order.uid)).update([StockReservation.created_at.set(now() - timedelta(hours=1))])
    lost = orphan()
    orphan(age=timedelta(seconds=5))
    inventory.release(str(uuid.uuid4()))

    assert listed(admin) == [lost]


def test_one_is_released_with_a_reason_and_the_units_are_back(admin, orphan, mug):
    uid = orphan()
    assert mug.stock == 3

    answer = admin.post(PAGE, {"uid": uid, "why": "restored database"})

    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert mug.stock == 5
    assert listed(admin) == []
    entry = LogEntry.objects.get()
    assert (entry.user.username, entry.object_id) == ("admin-1", uid)
    assert entry.change_message == "Released, held for no order. Reason: restored database"
    mug.assert_books_balance()


def test_many_clicks_at_once_give_the_units_back_once(admin, orphan, mug):
    uid = orphan()

    together([lambda: admin.post(PAGE, {"uid": uid, "why": "restored database"})] * 6)

    assert mug.stock == 5
    mug.assert_books_balance()


@pytest.mark.parametrize("case", ["of an order", "too young", "released", "unknown"])
def test_what_is_no_orphan_stays_as_it_is(admin, orphan, buy, mug, case):
    if case == "of an order":
        uid = str(buy(mug, 2).uid)
        StockReservation(uid).update([StockReservation.created_at.set(now() - timedelta(hours=1))])
    elif case == "unknown":
        uid = str(uuid.uuid4())
    else:
        uid = orphan(age=timedelta(seconds=5))
        if case == "released":
            inventory.release(uid)
    before = mug.stock

    admin.post(PAGE, {"uid": uid, "why": "restored database"})

    assert mug.stock == before
    assert not LogEntry.objects.exists()
    assert Order.objects.count() == (case == "of an order")


@pytest.mark.parametrize("fields", [{"why": ""}, {"uid": "x' or 1"}, {"uid": ""}])
def test_without_a_reason_or_with_no_uuid_nothing_happens(admin, orphan, mug, fields):
    answer = admin.post(PAGE, {"uid": orphan(), "why": "restored database", **fields})

    assert answer.status_code == 200
    assert mug.stock == 3


def test_a_large_table_is_looked_at_part_by_part(admin, orphan, monkeypatch):
    monkeypatch.setattr(interventions, "ORPHANS_LOOKED_AT", 2)
    lost = {orphan(), orphan()}
    for _ in range(3):
        inventory.release(str(uuid.uuid4()))

    seen, address = [], PAGE
    for _ in range(5):
        context = admin.get(address).context
        seen += [uid for uid, _ in context["orphans"]]
        if context["position"] is None:
            break
        address = f"{PAGE}?after={context['position']}"

    assert sorted(seen) == sorted(lost)


def test_one_reading_costs_no_more_than_it_may(tables, orphan, calls):
    for _ in range(2):
        orphan()
    calls.clear()

    found, position = read_held_page(most=1)

    assert calls == ["Scan"]
    assert len(found) == 1
    assert position is not None


def test_while_dynamodb_is_silent_the_page_says_so(admin, monkeypatch):
    def silent(**_kwargs):
        raise CatalogueUnavailable("No answer came in time; try again.")

    monkeypatch.setattr(interventions, "read_held_page", silent)

    assert "DynamoDB does not answer" in admin.get(PAGE).content.decode()

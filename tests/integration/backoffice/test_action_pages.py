"""The pages of the actions: what they ask for before anything is done, and many orders at once."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from orders.invariants import verify
from orders.models import Order
from tests.integration.backoffice.acting import CANCEL, RETRY, SHIP, WHY, do, history

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]


# ---- the form --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "fields"),
    [
        (RETRY, {"why": ""}),
        (CANCEL, {"why": "  "}),
        (SHIP, {"why": WHY}),
        (SHIP, {"why": WHY, "tracking_number": "=1+1"}),
    ],
)
def test_without_a_reason_or_a_sound_tracking_number_nothing_happens(admin, stuck, page, fields):
    answer = admin.post(reverse(page), {"order": stuck.pk, **fields})

    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert history(stuck) == ["recorded", "reserved"]
    assert not LogEntry.objects.exists()


def test_looking_at_an_actions_page_changes_nothing(admin, stuck):
    for page in (RETRY, CANCEL, SHIP):
        answer = admin.get(reverse(page), {"order": stuck.pk})
        assert answer.status_code == 200
        assert f"#{stuck.pk}" in answer.content.decode()

    assert history(stuck) == ["recorded", "reserved"]


def test_a_form_from_elsewhere_is_refused(admin, stuck):
    admin.handler.enforce_csrf_checks = True

    assert do(admin, CANCEL, stuck).status_code == 403
    assert history(stuck) == ["recorded", "reserved"]


# ---- many at once ----------------------------------------------------------------------------------------------


def test_many_orders_are_each_done_or_not_and_the_page_says_which(admin, buy, mug):
    paid, again = buy(mug, 1), buy(mug, 1)
    do(admin, CANCEL, again)

    answer = do(admin, CANCEL, paid, again)

    assert [(result.order.pk, result.done) for result in answer.context["results"]] == [
        (again.pk, False),
        (paid.pk, True),
    ]
    assert set(Order.objects.values_list("status", flat=True)) == {"CANCELLED"}
    assert mug.stock == 5


def test_orders_for_which_the_time_is_up_are_not_begun(admin, buy, mug, monkeypatch):
    first, second = buy(mug, 1), buy(mug, 1)
    monkeypatch.setattr("orders.backoffice.actions.SECONDS", 1.0)

    answer = do(admin, CANCEL, first, second)

    assert [result.done for result in answer.context["results"]] == [False, False]
    assert "time for this page was up" in answer.content.decode()
    assert set(Order.objects.values_list("status", flat=True)) == {"PROCESSING"}


def test_what_staff_did_breaks_no_promise(admin, buy, mug, stuck, gateway):
    shipped, cancelled = buy(mug, 1), buy(mug, 1)
    do(admin, RETRY, stuck)
    do(admin, SHIP, shipped, tracking_number="1Z")
    do(admin, CANCEL, cancelled)

    report = verify(gateway=gateway, quiet=True, newest=10)

    assert (report.violations, report.orders, report.open_orders) == ([], 3, 0)

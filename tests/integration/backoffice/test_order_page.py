"""One order's page: all of it, read only, also while DynamoDB is silent."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.backoffice.order_page import timeline
from orders.models import Order, OrderEvent, StripeIntent, database_now
from orders.states import OrderStatus, Step
from products import inventory
from products.errors import CatalogueUnavailable

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]


def page_of(client, order):
    answer = client.get(f"/admin/orders/order/{order.pk}/change/")
    assert answer.status_code == 200
    return answer


def test_it_shows_lines_money_stock_and_where_the_order_came_from(admin, buy, make_product):
    mug, pot = make_product(name="Blue <b>mug</b>"), make_product(name="Pot", price="1000.00")
    order = buy({mug.product_id: 2, pot.product_id: 1}, key="k-1")
    StripeIntent.objects.create(order_uid=order.uid, intent_id="pi_123")
    Order.objects.update(request_id="req-77", metadata={"gift": "yes"})

    answer = page_of(admin, order)

    text = answer.content.decode()
    for shown in (
        *("Blue &lt;b&gt;mug&lt;/b&gt;", "Pot", mug.product_id, "25.00 USD", "1,025.00 USD"),
        *("ann+approve@example.com", "PROCESSING", "CAPTURED", f"mock_{order.uid.hex}", "pi_123"),
        *("req-77", str(order.uid), "gift", "answered"),
    ):
        assert shown in text, shown
    stock = answer.context["stock"]
    assert (stock["state"], stock["expected"], stock["agrees"]) == ("HELD", "HELD", True)
    assert dict(stock["quantities"]) == {mug.product_id: 2, pot.product_id: 1}


def test_the_timeline_has_every_step_and_how_long_it_took(admin, buy, mug):
    order = buy(mug, 1)

    moments = page_of(admin, order).context["timeline"]

    assert [moment.title for moment in moments] == ["Order placed", "Stock reserved", "Paid"]
    assert moments[0].took == ""
    assert all(moment.took for moment in moments[1:])


def test_durations_are_those_between_the_lines():
    began = database_now()
    waits = [timedelta(), timedelta(milliseconds=12), timedelta(seconds=2.5), timedelta(minutes=65)]
    events = [
        OrderEvent(
            kind="recorded", status=OrderStatus.PENDING, step=Step.CREATED, detail={},
            created_at=began + sum(waits[: number + 1], timedelta()),
        )
        for number in range(4)
    ]  # fmt: skip

    assert [moment.took for moment in timeline(events)] == ["", "12 ms", "2.50 s", "1 h 5 min"]


def test_stock_that_does_not_agree_with_the_order_is_pointed_out(admin, buy, mug):
    order = buy(mug, 1)
    inventory.release(str(order.uid))

    answer = page_of(admin, order)

    assert answer.context["stock"]["agrees"] is False
    assert "does not agree" in answer.content.decode()


def test_while_dynamodb_is_silent_the_page_says_so_and_shows_the_rest(admin, buy, mug, monkeypatch):
    order = buy(mug, 1)

    def silent(*_args, **_kwargs):
        raise CatalogueUnavailable("No answer came in time; try again.")

    monkeypatch.setattr("orders.backoffice.order_page.get_reservation", silent)

    text = page_of(admin, order).content.decode()

    assert "DynamoDB does not answer just now" in text
    assert "CAPTURED" in text


def test_it_offers_what_the_state_allows_and_the_role_may_do(staff, buy, mug, stuck):
    paid = buy(mug, 1)
    admin, support = staff("admin"), staff("support")

    def offers(client, order):
        return [action["title"] for action in page_of(client, order).context["actions"]]

    assert offers(admin, paid) == ["Mark as shipped", "Cancel, refund and restock"]
    assert offers(admin, stuck) == ["Try again now", "Cancel, refund and restock"]
    assert (offers(support, paid), offers(support, stuck)) == ([], ["Try again now"])


def test_nothing_can_be_edited_added_or_deleted(admin, buy, mug):
    order = buy(mug, 1)
    before = Order.objects.values().get(pk=order.pk)
    address = f"/admin/orders/order/{order.pk}"

    assert admin.post(f"{address}/change/", {"status": "CANCELLED", "total": "0"}).status_code == 405
    assert admin.post(f"{address}/delete/", {"post": "yes"}).status_code == 403
    assert admin.post("/admin/orders/order/add/", {"total": "1"}).status_code == 403
    assert Order.objects.values().get(pk=order.pk) == before


@pytest.mark.parametrize("number", ["0", "999999999", "9" * 30, "abc", "-1", "1%20or%201"])
def test_an_order_that_is_not_there_is_404(admin, number):
    assert admin.get(f"/admin/orders/order/{number}/change/").status_code == 404


def test_it_takes_as_many_queries_for_many_lines_and_events_as_for_few(admin, buy, make_product):
    small = buy(make_product(), 1)
    large = buy({make_product().product_id: 1 for _ in range(12)}, 1)

    def queries(order):
        page_of(admin, order)  # content types and permissions are remembered from then on
        with CaptureQueriesContext(connection) as seen:
            page_of(admin, order)
        return len(seen)

    assert (queries(small), queries(large)) == (11, 11)

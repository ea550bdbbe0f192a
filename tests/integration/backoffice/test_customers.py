"""Customers in the back office: found, and seen with their orders."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import Order
from orders.states import OrderStatus, Step

pytestmark = [
    pytest.mark.cognito,
    pytest.mark.django_db,
    pytest.mark.dynamodb,
    pytest.mark.usefixtures("tables"),
]
FIND, ONE, DISABLE = "/admin/customers/", "/admin/customers/customer/", "/admin/customers/disable/"


def orders_of(sub, count):
    return Order.objects.bulk_create(
        Order(
            user_id=sub, user_email="x@example.com", total=Decimal(n), currency="USD", item_count=1,
            status=OrderStatus.PROCESSING, step=Step.DONE,
        )
        for n in range(count)
    )  # fmt: skip


# ---- Found and seen ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [str.lower, str.upper, lambda text: f" {text} "])
def test_an_address_leads_to_its_owner_without_standing_in_a_link(support, customer, write):
    answer = support.post(FIND, {"words": write(customer.email)})

    assert answer.status_code == 302
    assert answer["Location"] == f"{ONE}?sub={customer.sub}"


def test_an_id_leads_to_its_page(support, customer):
    assert support.post(FIND, {"words": customer.sub})["Location"] == f"{ONE}?sub={customer.sub}"


def test_an_address_without_an_account_leads_to_its_orders(support):
    page = support.post(FIND, {"words": "guest@example.com"}).content.decode()

    assert "No account has this address." in page
    assert "/admin/orders/order/?q=guest%40example.com" in page


@pytest.mark.parametrize("words", ["", "two words", "ann@ example.com", "*", 'x" or "y', "a" * 255])
def test_what_is_neither_is_asked_again(support, words):
    answer = support.post(FIND, {"words": words})

    assert answer.status_code == 200
    assert answer.context["form"].errors


def test_the_page_shows_the_profile_and_the_orders_and_is_written_down(support, customer, events):
    orders = orders_of(customer.sub, 2)
    orders_of("somebody-else", 1)

    answer = support.get(f"{ONE}?sub={customer.sub}")

    page = answer.content.decode()
    assert (customer.email in page, "Enabled" in page, "CONFIRMED" in page) == (True, True, True)
    assert [order.pk for order, _, _ in answer.context["orders"]] == [orders[1].pk, orders[0].pk]
    assert DISABLE not in page  # support may look
    assert events() == [("looked_up", "support-1", "")]


@pytest.mark.mysql
def test_the_orders_are_read_along_the_customers_index_and_never_counted(support, customer):
    orders_of("somebody-else", 3_000)
    orders_of(customer.sub, 60)
    third = support.get(f"{ONE}?sub={customer.sub}&p=3")
    with CaptureQueriesContext(connection) as asked:
        first = support.get(f"{ONE}?sub={customer.sub}")

    assert (len(first.context["orders"]), first.context["has_next"]) == (25, True)
    assert (len(third.context["orders"]), third.context["has_next"]) == (10, False)
    assert not any("COUNT(" in query["sql"] for query in asked)
    listed = next(
        query["sql"] for query in asked if "user_id" in query["sql"] and "FROM `orders`" in query["sql"]
    )
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {listed}")
        plan = dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))
    assert plan["key"] == "orders_user_newest"
    assert "filesort" not in (plan["Extra"] or "")


def test_of_a_deleted_account_the_orders_are_left(support, customer):
    orders_of(customer.sub, 1)
    customer.delete()

    answer = support.get(f"{ONE}?sub={customer.sub}")

    assert "The pool has no such account" in answer.content.decode()
    assert len(answer.context["orders"]) == 1


def test_while_cognito_is_silent_the_orders_are_shown_and_the_page_says_so(support, silence):
    orders_of("u-1", 1)

    answer = support.get(f"{ONE}?sub=u-1")

    assert "Cognito does not answer" in answer.content.decode()
    assert len(answer.context["orders"]) == 1
    assert "did not answer" in support.post(FIND, {"words": "ann@example.com"}).content.decode()


@pytest.mark.parametrize("sub", ["", "a b", "x" * 65, "<script>", "../x"])
def test_what_is_no_id_is_not_found(admin, sub):
    assert admin.get(ONE, {"sub": sub}).status_code == 404
    assert admin.post(DISABLE, {"sub": sub, "why": "because"}).status_code == 404

"""Who may see and do what in the back office: every address, every role."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from orders.backoffice.admin import PAGES
from orders.backoffice.navigation import ENTRIES
from orders.backoffice.roles import ROLES, make_roles
from orders.models import Order
from orders.states import Step

pytestmark = pytest.mark.django_db

# address, then the status for: nobody signed in, staff without a role, support, admin
MATRIX = [
    ("/admin/", 302, 200, 200, 200),
    ("/admin/orders/order/", 302, 403, 200, 200),
    ("/admin/orders/order/{order}/change/", 302, 403, 200, 200),
    ("/admin/orders/order/{order}/history/", 302, 403, 200, 200),
    ("/admin/orders/order/export/", 302, 403, 200, 200),
    ("/admin/orders/order/add/", 302, 403, 403, 403),
    ("/admin/orders/order/{order}/delete/", 302, 403, 403, 403),
    ("/admin/orders/retry/?order={order}", 302, 403, 200, 200),
    ("/admin/orders/cancel/?order={order}", 302, 403, 403, 200),
    ("/admin/orders/ship/?order={order}", 302, 403, 403, 200),
    ("/admin/reservations/", 302, 403, 403, 200),
]
ACTIONS = [row for row in MATRIX if "?order=" in row[0] or "reservations" in row[0]]


@pytest.fixture
def order(db):
    return Order.objects.create(
        user_id="u", user_email="a@example.com", total=1, currency="USD", item_count=1, step=Step.DONE
    )


@pytest.fixture
def everybody(staff):
    return [Client(), staff("nobody"), staff("support"), staff("admin")]


@pytest.mark.dynamodb
@pytest.mark.parametrize("row", MATRIX, ids=lambda row: row[0])
def test_each_page_is_for_those_whom_the_table_names(everybody, order, tables, row):
    address, *statuses = row

    answers = [client.get(address.format(order=order.pk)) for client in everybody]

    assert [answer.status_code for answer in answers] == statuses
    assert answers[0]["Location"].startswith("/admin/login/?next=")


@pytest.mark.dynamodb
@pytest.mark.parametrize("row", ACTIONS, ids=lambda row: row[0])
def test_acting_is_for_the_same_people_as_looking(everybody, order, tables, row):
    address, *statuses = row
    path = address.split("?")[0]

    answers = [client.post(path, {"order": order.pk, "why": "because", "uid": "-"}) for client in everybody]

    refused = [answer.status_code == 403 or "/login/" in answer.get("Location", "") for answer in answers]
    assert refused == [status != 200 for status in statuses]


def test_no_page_is_missing_from_the_table():
    known = {row[0].split("?")[0] for row in MATRIX}

    assert {f"/admin/{page.route}" for page in PAGES} <= known


def test_the_roles_are_what_the_code_says_and_migrating_sets_them_right():
    support = Group.objects.get(name="support")
    support.permissions.clear()

    make_roles()

    found = {
        group.name: {f"{p.content_type.app_label}.{p.codename}" for p in group.permissions.all()}
        for group in Group.objects.all()
    }
    assert found == {name: set(wanted) for name, wanted in ROLES.items()}
    assert found == {
        "support": {"orders.view_order", "orders.retry_order"},
        "admin": {
            *("orders.view_order", "orders.retry_order", "orders.cancel_order"),
            *("orders.ship_order", "orders.release_reservation"),
        },
    }


def test_somebody_with_permissions_who_is_no_staff_any_more_sees_nothing(admin, order):
    User.objects.update(is_staff=False)

    assert admin.get("/admin/orders/order/").status_code == 302
    assert admin.post("/admin/orders/retry/", {"order": order.pk, "why": "because"}).status_code == 302


def test_the_side_bar_shows_what_one_may_see(staff):
    def links(client):
        page = client.get("/admin/").content.decode()
        return [title for title, _, name, _ in ENTRIES if f'href="{reverse(name)}"' in page]

    assert links(staff("admin")) == ["Start", "Orders", "Orphan reservations"]
    assert links(staff("support")) == ["Start", "Orders"]
    assert links(staff("nobody")) == ["Start"]

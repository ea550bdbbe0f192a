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
    ("/admin/reports/sales/", 302, 403, 200, 200),
    ("/admin/reports/sales/csv/", 302, 403, 200, 200),
    ("/admin/catalogue/", 302, 403, 200, 200),
    ("/admin/catalogue/product/?id={product}", 302, 403, 200, 200),
    ("/admin/catalogue/export/", 302, 403, 200, 200),
    ("/admin/catalogue/new/", 302, 403, 403, 200),
    ("/admin/catalogue/edit/?id={product}", 302, 403, 403, 200),
    ("/admin/catalogue/adjust/?id={product}", 302, 403, 403, 200),
    ("/admin/catalogue/import/", 302, 403, 403, 200),
    ("/admin/health/", 302, 403, 200, 200),
    ("/admin/customers/", 302, 403, 200, 200),
    ("/admin/customers/customer/?sub=u", 302, 403, 200, 200),
    ("/admin/customers/disable/?sub=u", 302, 403, 403, 200),
    ("/admin/customers/enable/?sub=u", 302, 403, 403, 200),
    ("/admin/users/staffevent/", 302, 403, 403, 200),
    ("/admin/auth/user/", 302, 403, 403, 403),
    ("/admin/auth/user/add/", 302, 403, 403, 403),
    ("/admin/auth/group/", 302, 403, 403, 403),
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
def test_each_page_is_for_those_whom_the_table_names(everybody, order, mug, row):
    address, *statuses = row
    address = address.format(order=order.pk, product=mug.product_id)

    answers = [client.get(address) for client in everybody]

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
    sees = {
        "orders.view_order",
        *(f"backoffice.view_{what}" for what in ("catalogue", "customer", "health", "reports")),
    }
    assert found == {
        "support": sees | {"orders.retry_order"},
        "admin": sees
        | {
            *("orders.retry_order", "orders.cancel_order", "orders.ship_order", "orders.release_reservation"),
            *("backoffice.edit_catalogue", "backoffice.adjust_stock", "backoffice.disable_customer"),
            "users.view_staffevent",
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

    assert links(staff("admin")) == [
        "Start",
        "Orders",
        "Catalogue",
        "Orphan reservations",
        "Sales",
        "Customers",
        "Health",
        "Audit log",
    ]
    assert links(staff("support")) == ["Start", "Orders", "Catalogue", "Sales", "Customers", "Health"]
    assert links(staff("nobody")) == ["Start"]

"""Staff at work on orders, by keyboard and mouse."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from orders.models import Order, database_now
from orders.payments.ledger import MockLedgerEntry
from orders.states import OrderStatus, PaymentStatus, Step
from tests.browser.conftest import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.mysql, pytest.mark.dynamodb, pytest.mark.journey]


@pytest.fixture
def stuck(buy, mug):
    """An order whose worker died under a lease without an end."""
    order = buy(mug, 2, email="stuck+timeout@example.com")
    Order.objects.filter(pk=order.pk).update(
        lease_until=database_now() + timedelta(days=30), created_at=database_now() - timedelta(minutes=10)
    )
    return order


def test_a_stuck_order_is_found_tried_again_and_seen_to_settle(desk, superuser, stuck, buy, mug):
    buy(mug, 1)
    staff = desk()
    page = staff.page
    staff.sign_in(*superuser)
    staff.shoot("start")

    page.locator("#nav-sidebar-apps").get_by_text("Orders", exact=True).click()
    page.get_by_role("button", name="Filters").click()
    staff.shoot("order-filters")
    page.get_by_role("link", name="Pending", exact=True).click()
    expect(page.locator("#result_list tbody")).to_have_count(1)
    expect(page.locator("#result_list")).to_contain_text("stuck+timeout@example.com")
    expect(page.locator("#result_list")).to_contain_text("10 min, open")
    staff.shoot("order-list-pending")
    page.get_by_role("link", name=f"#{stuck.pk}").click()
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    expect(page.get_by_text("Stock reserved")).to_be_visible()
    staff.shoot("order-stuck")

    page.get_by_role("link", name="Try again now").click()
    page.get_by_label("Reason").fill("the worker died")
    staff.shoot("retry-question")
    page.get_by_role("button", name="Try again now").dblclick()

    expect(page.get_by_text("now PROCESSING").first).to_be_visible()
    expect(page.locator(".bo-timeline")).to_contain_text("Tried again by staff")
    expect(page.locator(".bo-timeline")).to_contain_text("why: the worker died")
    staff.shoot("order-settled")
    order = Order.objects.get(pk=stuck.pk)
    assert (order.status, order.step) == (OrderStatus.PROCESSING, Step.DONE)
    assert order.events.filter(kind="retried_by_staff").count() == 1
    mug.assert_books_balance()


def test_a_paid_order_is_cancelled_with_its_money_back(desk, superuser, buy, mug):
    order = buy(mug, 2)
    staff = desk(color_scheme="dark")
    page = staff.page
    staff.sign_in(*superuser)

    staff.open("/admin/orders/order/")
    page.locator("#searchbar").fill(str(order.pk))
    page.keyboard.press("Enter")
    page.get_by_role("link", name=f"#{order.pk}").click()
    staff.shoot("order-paid-dark")
    page.get_by_role("link", name="Cancel, refund and restock").click()
    page.get_by_role("button", name="Cancel and refund").click()
    expect(page.get_by_label("Reason")).to_be_focused()  # the browser insists on one
    assert Order.objects.get().status == OrderStatus.PROCESSING
    page.get_by_label("Reason").fill("sent back unopened")
    staff.shoot("cancel-question-dark")
    page.get_by_role("button", name="Cancel and refund").click()

    expect(page.get_by_text("now CANCELLED").first).to_be_visible()
    expect(page.get_by_text("REFUNDED", exact=True)).to_be_visible()
    staff.shoot("order-refunded-dark")
    assert MockLedgerEntry.objects.get().status == PaymentStatus.REFUNDED
    assert mug.stock == 5


def test_several_orders_are_shipped_from_the_list_each_with_its_result(desk, superuser, buy, mug):
    first, second = buy(mug, 1), buy(mug, 1)
    staff = desk()
    page = staff.page
    staff.sign_in(*superuser)

    staff.open("/admin/orders/order/")
    staff.shoot("order-list")
    for box in page.locator("input.action-select").all():
        box.check()
    page.locator("select[name=action]").select_option(label="Mark as shipped")
    staff.shoot("order-list-chosen")
    page.get_by_role("button", name="Run").click()
    page.get_by_label("Tracking number").fill("1Z 999")
    page.get_by_label("Reason").fill("collected by the carrier")
    page.get_by_role("button", name="Mark as shipped").click()

    expect(page.get_by_role("heading", name="How it went")).to_be_visible()
    staff.shoot("ship-results")
    shipped = Order.objects.filter(shipped_at__isnull=False, tracking_number="1Z 999")
    assert set(shipped.values_list("pk", flat=True)) == {first.pk, second.pk}


def test_on_a_phone_nothing_is_wider_than_the_screen(desk, superuser, stuck):
    staff = desk(PHONE)
    staff.sign_in(*superuser)

    for name, path in (
        ("list", "/admin/orders/order/"),
        ("order", f"/admin/orders/order/{stuck.pk}/change/"),
        ("retry", f"/admin/orders/retry/?order={stuck.pk}"),
        ("reservations", "/admin/reservations/"),
    ):
        staff.open(path)
        staff.shoot(f"phone-{name}")
        wide = staff.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0, (name, wide)

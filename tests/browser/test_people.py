"""Staff sign in with their account of the pool, look customers up, shut one out; and the log says so."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.test_accessibility import judged, too_wide
from tests.integration.backoffice.pool import new_colleague
from tests.journeys.conftest import PASSWORD
from users.models import StaffEvent

pytestmark = [
    pytest.mark.browser,
    pytest.mark.mysql,
    pytest.mark.dynamodb,
    pytest.mark.cognito,
    pytest.mark.journey,
]


@pytest.fixture
def customer(buy, mug):
    customer = new_colleague()
    buy(mug, 2, user_id=customer.sub, email=customer.email)
    return customer


def test_an_administrator_signs_in_finds_a_customer_and_shuts_them_out(desk, customer, shop):
    colleague = new_colleague("admin")
    staff = desk()
    page = staff.page
    staff.open("/admin/orders/order/")
    staff.shoot("sign-in")
    page.get_by_label("E-mail address").fill(colleague.email)
    page.get_by_label("Password").fill("Wr0ng!pass")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not let you in")
    staff.shoot("sign-in-refused")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/admin/orders/order/")  # where they wanted to go

    page.locator("#nav-sidebar-apps").get_by_text("Customers", exact=True).click()
    page.get_by_label("E-mail address or customer id").fill(customer.email)
    staff.shoot("customers")
    page.get_by_role("button", name="Look up").click()
    expect(page.get_by_role("heading", name="Account")).to_be_visible()
    expect(page.get_by_text("25.00 USD")).to_be_visible()
    assert customer.email not in page.url
    staff.shoot("customer")
    page.get_by_role("link", name="Disable the account").click()
    page.get_by_label("Reason").fill("stolen cards")
    staff.shoot("customer-disable")
    page.get_by_role("button", name="Disable the account").click()
    expect(page.get_by_text("signed out everywhere").first).to_be_visible()
    expect(page.get_by_text("Disabled", exact=True)).to_be_visible()
    staff.shoot("customer-disabled")
    assert not customer.is_enabled()

    page.locator("#nav-sidebar-apps").get_by_text("Audit log", exact=True).click()
    rows = page.locator("#result_list tbody tr")
    expect(rows.first).to_contain_text("Looked up a customer")
    expect(page.locator("#result_list")).to_contain_text("Reason: stolen cards")
    expect(rows.last).to_contain_text("Sign-in refused")
    staff.shoot("audit")
    page.get_by_role("button", name="Filters").click()
    staff.shoot("audit-filters")
    page.get_by_role("link", name="Signed in", exact=True).click()
    expect(rows).to_have_count(1)
    rows.first.get_by_role("link").first.click()
    expect(page.get_by_text("signed_in").or_(page.get_by_text("Signed in")).first).to_be_visible()
    staff.shoot("audit-event")

    page.get_by_text(colleague.email).first.click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    staff.shoot("signed-out")
    staff.open("/admin/")
    page.wait_for_url("**/admin/login/**")
    assert StaffEvent.objects.latest("pk").kind == "signed_out"


def test_support_sees_customers_and_can_shut_nobody_out(desk, customer, shop):
    staff = desk(color_scheme="dark")
    staff.sign_in(new_colleague("support").email, PASSWORD)
    staff.shoot("support-start-dark")

    staff.open(f"/admin/customers/customer/?sub={customer.sub}")

    expect(staff.page.get_by_text(customer.email).first).to_be_visible()
    expect(staff.page.get_by_role("link", name="Disable the account")).to_have_count(0)
    expect(staff.page.locator("#nav-sidebar-apps").get_by_text("Audit log")).to_have_count(0)
    staff.shoot("customer-dark")


def test_a_superuser_sees_where_people_come_from(desk, superuser, shop):
    for group in ("admin", "support"):
        desk().sign_in(new_colleague(group).email, PASSWORD)
    staff = desk()
    staff.sign_in(*superuser)

    staff.page.locator("#nav-sidebar-apps").get_by_text("Users", exact=True).click()
    staff.shoot("users")
    expect(staff.page.get_by_text("Cognito", exact=True)).to_have_count(2)
    staff.page.get_by_role("link", name="@example.com").first.click()
    staff.shoot("user-of-the-pool")
    expect(staff.page.get_by_role("button", name="Save", exact=True)).to_have_count(0)
    staff.page.locator("#nav-sidebar-apps").get_by_text("Users", exact=True).click()
    staff.page.get_by_role("link", name="root").click()
    staff.shoot("user-local")
    expect(staff.page.get_by_role("button", name="Save", exact=True)).to_be_visible()
    staff.page.locator("#nav-sidebar-apps").get_by_text("Groups", exact=True).click()
    staff.page.get_by_role("link", name="support").click()
    staff.shoot("group")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_the_pages_about_people_are_for_everybody(desk, customer, shop, scheme, screen):
    """No serious fault, and nothing wider than the screen, with people in them."""
    staff = desk(screen, color_scheme=scheme, reduced_motion="reduce")
    faults = {}

    def look(name):
        staff.page.wait_for_load_state("networkidle")
        staff.shoot(f"{name}-{scheme}-{screen['width']}")
        faults[name] = [*judged(staff.page), *([too_wide(staff.page)] if too_wide(staff.page) > 0 else [])]

    staff.open("/admin/login/")
    staff.page.get_by_label("E-mail address").fill("ann@example.com")
    staff.page.get_by_label("Password").fill("wrong")
    staff.page.get_by_role("button", name="Log in").click()
    look("people-refused")
    staff.sign_in(new_colleague("admin").email, PASSWORD)
    staff.open(f"/admin/customers/customer/?sub={customer.sub}")
    look("people-customer")
    staff.open(f"/admin/customers/disable/?sub={customer.sub}")
    look("people-disable")
    staff.open("/admin/users/staffevent/")
    look("people-audit")

    assert {name: found for name, found in faults.items() if found} == {}

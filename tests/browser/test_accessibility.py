"""Every page of the back office: judged by axe-core, in light and dark, on a desk and on a phone; and the keyboard alone."""

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from playwright.sync_api import expect

from orders.models import Order
from orders.states import OrderStatus, Step
from tests.browser.places import OUTSIDE, REFUSED, places
from tests.browser.seed import seed_shop

pytestmark = [pytest.mark.browser, pytest.mark.mysql, pytest.mark.dynamodb, pytest.mark.journey]

GRAVE = {"serious", "critical"}
NARROW, WIDE = {"width": 375, "height": 812}, {"width": 1280, "height": 900}


@pytest.fixture
def seeded(shop):
    """A filled shop."""
    return seed_shop(days=3, per_day=3)


def judged(page):
    """What axe finds grave on the open page: rule, and where."""
    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {node['target']} {node['any'][0]['message'] if node['any'] else node['html'][:120]}"
        for fault in found
        if fault["impact"] in GRAVE
        for node in fault["nodes"]
    ]


def too_wide(page):
    """By how many pixels the page can be scrolled sideways."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def look_at(staff, addresses, faults, *, scheme, expected=200):
    """Open each page, and judge it on both screens."""
    for name, address in addresses.items():
        answer = staff.page.goto(staff.url + address)
        assert answer.status == expected, address
        for screen in (WIDE, NARROW):
            staff.page.set_viewport_size(screen)
            staff.page.wait_for_load_state("networkidle")
            staff.shoot(f"{name}-{scheme}-{screen['width']}")
            if found := judged(staff.page):
                faults[f"{name} {screen['width']}"] = found
        if (excess := too_wide(staff.page)) > 0:
            faults[f"{name} is too wide"] = excess


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_fault_or_is_wider_than_a_phone(desk, superuser, seeded, scheme):
    staff = desk(color_scheme=scheme, reduced_motion="reduce")
    faults: dict[str, object] = {}

    look_at(staff, OUTSIDE, faults, scheme=scheme)
    staff.sign_in(*superuser)
    look_at(staff, places(seeded), faults, scheme=scheme)

    assert faults == {}, json.dumps(faults, indent=1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_refusal_has_none_either(chromium, shop, superuser, desk, scheme):
    staff = desk(color_scheme=scheme)
    staff.sign_in(*superuser)
    faults: dict[str, object] = {}

    look_at(staff, REFUSED, faults, scheme=scheme, expected=404)

    assert faults == {}
    # The browser writes down every 404; this one was asked for.
    assert [said.split(":")[0] for said in staff.complaints] == ["Failed to load resource"]
    staff.complaints.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_opens_upon_a_page_has_none_either(desk, superuser, seeded, scheme):
    staff = desk(color_scheme=scheme, reduced_motion="reduce")
    page = staff.page
    staff.sign_in(*superuser)
    faults: dict[str, object] = {}

    staff.open("/admin/orders/order/")
    page.get_by_role("button", name="Filters").click()
    staff.shoot(f"filters-{scheme}")
    faults["filters"] = judged(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="root").click()
    staff.shoot(f"user-menu-{scheme}")
    faults["the user's menu"] = judged(page)
    page.set_viewport_size(NARROW)
    page.reload()
    page.get_by_role("button", name="Side bar").click()
    staff.shoot(f"side-bar-{scheme}")
    faults["the side bar of a phone"] = judged(page)
    staff.open(f"/admin/orders/retry/?order={seeded.stuck.pk}")
    page.locator("form[data-once]").evaluate("form => { form.noValidate = true; }")
    page.get_by_role("button", name="Try again now").click()
    expect(page.get_by_text("This field is required")).to_be_visible()
    faults["a form with faults"] = judged(page)

    assert {name: found for name, found in faults.items() if found} == {}


# ---- the keyboard alone ------------------------------------------------------------------------------------

FOCUSED = """() => {
  const at = document.activeElement, style = getComputedStyle(at);
  const name = at.getAttribute("aria-label") || at.labels?.[0]?.innerText || at.innerText || at.value || at.title || "";
  const frames = [at, at.parentElement].map((one) => getComputedStyle(one));
  const seen = frames.some((one) => one.outlineStyle !== "none" || one.boxShadow !== "none");
  return {name: name.replaceAll(at.querySelector(".material-symbols-outlined")?.innerText || "\\n", "").trim(), seen};
}"""


def tab_to(page, name, *, most=60):
    """Press Tab until something of this name has the focus, and shows that it has."""
    passed = []
    for _ in range(most):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        passed.append(at["name"])
        if at["name"].rstrip("*: ") == name:
            assert at["seen"], f"{name} does not show that it has the focus"
            return
    raise AssertionError(f"the keyboard does not reach {name}: {passed}")


def test_a_stuck_order_is_settled_by_the_keyboard_alone(desk, superuser, seeded):
    name, password = superuser
    staff = desk()
    page, keys = staff.page, staff.page.keyboard

    staff.open("/admin/")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    keys.type(name)
    tab_to(page, "Password")
    keys.type(password)
    keys.press("Enter")
    page.wait_for_url(f"{staff.url}/admin/")
    tab_to(page, "Orders")
    keys.press("Enter")
    page.wait_for_url("**/admin/orders/order/")
    tab_to(page, "Filters")
    keys.press("Enter")
    expect(page.locator("#changelist-filter")).to_be_visible()
    tab_to(page, "Pending", most=12)  # the focus went into the filters
    keys.press("Enter")
    page.wait_for_url("**status__exact=PENDING**")
    tab_to(page, f"#{seeded.stuck.pk}")
    keys.press("Enter")
    page.wait_for_url(re.compile("/change/"))
    tab_to(page, "Try again now")
    keys.press("Enter")
    page.wait_for_url(re.compile("/orders/retry/"))
    tab_to(page, "Reason")
    keys.type("the worker died")
    tab_to(page, "Try again now")
    keys.press("Enter")

    expect(page.get_by_text("now PROCESSING").first).to_be_visible()
    order = Order.objects.get(pk=seeded.stuck.pk)
    assert (order.status, order.step) == (OrderStatus.PROCESSING, Step.DONE)


def test_the_side_bar_the_menu_and_the_colours_obey_the_keyboard(desk, superuser):
    staff = desk(color_scheme="light")
    page, keys = staff.page, staff.page.keyboard
    staff.sign_in(*superuser)
    bar, root = page.locator("#nav-sidebar"), page.locator("html")

    staff.open("/admin/orders/order/")
    tab_to(page, "Skip to the page")
    keys.press("Enter")
    tab_to(page, "All days", most=1)

    staff.open("/admin/orders/order/")
    tab_to(page, "Side bar")
    keys.press("Enter")
    expect(bar).to_be_hidden()
    keys.press("Space")
    expect(bar).to_be_visible()

    staff.open("/admin/orders/order/")
    tab_to(page, "R\nroot\nroot@example.com")
    keys.press("Enter")
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    tab_to(page, "Dark", most=4)
    keys.press("Enter")
    expect(root).to_have_class("dark")
    keys.press("Escape")
    expect(page.get_by_role("button", name="Log out")).to_be_hidden()
    assert User.objects.count() == 1


def test_on_a_phone_the_side_bar_opens_and_closes_by_keyboard_and_by_touch(desk, superuser):
    staff = desk(NARROW)
    page = staff.page
    staff.sign_in(*superuser)
    bar = page.locator("#nav-sidebar")

    expect(bar).to_be_hidden()
    tab_to(page, "Side bar")
    page.keyboard.press("Enter")
    expect(bar).to_be_visible()
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    page.get_by_role("button", name="Side bar").click()
    page.get_by_role("button", name="Close the side bar").click()
    expect(bar).to_be_hidden()

"""Staff read figures: what the charts and tables say is what SQL says."""

from datetime import datetime, time, timedelta

import pytest
from django.db import connection
from playwright.sync_api import expect

from orders.models import database_now
from orders.states import OrderStatus, Step
from tests import catalogue
from tests.browser.conftest import PHONE
from tests.past import SQL_DAY, SQL_SALES, past_order, some_days

pytestmark = [pytest.mark.browser, pytest.mark.mysql, pytest.mark.dynamodb, pytest.mark.journey]


@pytest.fixture
def month(transactional_db):
    """Thirty days of orders, some of today, and one that waits."""
    now = database_now()
    some_days(now.date() - timedelta(days=29), 29, per_day=12)
    for lines in ((0, 1), (1, 2), (2,)):
        past_order(datetime.combine(now.date(), time(), tzinfo=now.tzinfo), lines=lines)
    return past_order(now - timedelta(days=40), status=OrderStatus.PENDING, step=Step.CHARGING)


def sql(query, *values):
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return [tuple(row) for row in cursor.fetchall()]


def rows_of(page, table):
    return [row.locator("th, td").all_inner_texts() for row in page.locator(f"{table} tbody tr").all()]


def test_the_start_page_draws_and_tells_what_sql_says(desk, superuser, month, make_product):
    catalogue.empty_it()  # what other tests left has less stock still
    make_product(name="Nearly gone", stock=2)
    staff = desk()
    page = staff.page

    staff.sign_in(*superuser)

    expect(page.get_by_role("heading", name="The last 30 days")).to_be_visible()
    expect(page.locator(".bo-shelf")).to_contain_text("Nearly gone")
    staff.shoot("start")
    for summary in page.get_by_text("The numbers", exact=True).all():
        summary.click()
    orders, revenue = rows_of(page, "#table-orders"), rows_of(page, "#table-revenue")
    staff.shoot("start-numbers")
    figures = {day: sql(SQL_DAY, day)[0] for day, _ in orders}
    assert len(orders) == 30
    assert orders == [[day, f"{figures[day][0]:,}"] for day, _ in orders]
    assert revenue == [[day, f"{figures[day][6]:,.2f}"] for day, _ in orders]
    # One bar for each day that has orders, as high as their number.
    bars = page.locator('svg[aria-labelledby^="chart-orders"] rect').all()
    heights = [float(bar.get_attribute("height")) for bar in bars]
    counts = [int(count) for _, count in orders if count != "0"]
    assert [height / max(heights) for height in heights] == pytest.approx(
        [count / max(counts) for count in counts], abs=0.01
    )
    page.get_by_role("link", name=f"#{month.pk}").click()
    expect(page.get_by_role("heading", name=f"Order #{month.pk}")).to_be_visible()


def test_a_report_by_product_is_what_sql_says_and_comes_as_csv(desk, superuser, month):
    staff = desk(color_scheme="dark")
    page = staff.page
    staff.sign_in(*superuser)
    staff.shoot("start-dark")

    page.locator("#nav-sidebar-apps").get_by_text("Sales", exact=True).click()
    staff.shoot("sales-by-day-dark")
    page.get_by_label("By:").select_option("product")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#sales thead")).to_contain_text("Product")
    staff.shoot("sales-by-product-dark")

    today = database_now().date()
    wanted = sql(SQL_SALES.format(key="i.product_id"), today - timedelta(days=29), today)
    found = [(int(orders), int(units), revenue) for _, orders, units, revenue in rows_of(page, "#sales")]
    assert sorted(found) == sorted((row[1], int(row[2]), f"{row[3]:,.2f}") for row in wanted)
    total = sum(row[3] for row in wanted)
    expect(page.locator("#total-revenue")).to_have_text(f"{total:,.2f} USD")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    lines = download.value.path().read_text("utf-8").splitlines()
    assert lines[0] == "product,name,orders,units,revenue,currency"
    assert len(lines) == 1 + len(wanted)


def test_a_range_that_is_none_is_explained(desk, superuser):
    staff = desk()
    staff.sign_in(*superuser)
    staff.open("/admin/reports/sales/")

    staff.page.get_by_label("From:").fill("2026-03-02")
    staff.page.get_by_label("To:").fill("2026-03-01")
    staff.page.get_by_role("button", name="Show").click()

    expect(staff.page.get_by_role("alert")).to_have_text("The first day is after the last.")
    staff.shoot("sales-refused")


def test_on_a_phone_the_figures_fit(desk, superuser, month):
    staff = desk(PHONE)
    staff.sign_in(*superuser)

    for name, path in (
        ("start", "/admin/"),
        ("sales", "/admin/reports/sales/"),
        ("products", "/admin/reports/sales/?group=product"),
    ):
        staff.open(path)
        staff.shoot(f"phone-{name}")
        wide = staff.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0, (name, wide)

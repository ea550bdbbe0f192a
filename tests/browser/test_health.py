"""The health page in a browser: what works, and what it says when a part is gone."""

import pytest
from playwright.sync_api import expect

from orders import figures
from orders.payments.choice import payment_gateway
from tests.browser import conftest
from tests.journeys.conftest import running_shop

pytestmark = [pytest.mark.browser, pytest.mark.mysql, pytest.mark.dynamodb, pytest.mark.journey]


@pytest.fixture
def shop(tables, transactional_db, tmp_path):
    """A shop whose queue is where nobody listens."""
    variables = {
        "REQUIRE_AUTH": "true",
        "SERVE_STATIC_FROM_SOURCE": "true",
        "WEB_CONCURRENCY": "1",
        "ORDER_QUEUE_URL": "http://127.0.0.1:9/000000000000/nowhere",
    }
    with running_shop(tmp_path / "log", **variables) as server:
        yield server


@pytest.mark.parametrize("viewport", [conftest.DESKTOP, conftest.PHONE], ids=["desk", "phone"])
def test_a_dead_queue_is_named_and_all_else_is_shown(desk, superuser, viewport):
    figures.report_state(payment_gateway())
    staff = desk(viewport)
    page = staff.page
    staff.sign_in(*superuser)

    staff.open("/admin/health/")

    expect(page.get_by_role("status").first).to_contain_text("Not answering: Queue.")
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Queue"))
    expect(row).to_contain_text("does not answer")
    for part in ("MySQL", "DynamoDB: products", "DynamoDB: rate limits", "Cognito's signing keys"):
        name = page.get_by_role("rowheader", name=part, exact=True)
        expect(page.get_by_role("row").filter(has=name)).to_contain_text("answers")
    expect(page.get_by_text("reported", exact=False)).to_be_visible()
    expect(page.get_by_text("none yet")).to_be_visible()  # no verification so far
    page.get_by_role("link", name="Ask again").click()
    expect(page.get_by_role("status").first).to_contain_text("Not answering: Queue.")

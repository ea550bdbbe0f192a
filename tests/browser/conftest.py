"""The back office in a real browser: a running gunicorn, a headless Chromium, and an eye on what it complains about."""

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, sync_playwright

from tests.journeys.conftest import Shop, running_shop

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
# Runs before anything of the page, whatever its policy says.
WATCH = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
});
"""


@dataclass
class Desk:
    """One member of staff before one screen.

    Attributes:
        page: what is open.
        complaints: what the browser wrote to its console as an error: refusals of the policy, failing scripts.
        outside: addresses of other hosts that something asked for.
    """

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Go to a page of the shop."""
        self.page.goto(self.url + path)

    def sign_in(self, name: str, password: str) -> None:
        """Sign in by the form."""
        self.open("/admin/")
        self.page.get_by_label("E-mail address").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_url(f"{self.url}/admin/")  # the whole: ?next=/admin/ ends alike

    def shoot(self, name: str) -> None:
        """Keep a picture where BROWSER_SHOTS says, if it does."""
        if folder := os.environ.get("BROWSER_SHOTS"):
            self.page.wait_for_timeout(300)  # fonts, transitions
            self.page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's own loop runs in this thread; the tests beside it are as synchronous as ever.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=os.environ["SHOP_TEST_CHROMIUM"], args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def shop(tables: None, transactional_db: None, tmp_path: Path) -> Iterator[Shop]:
    """A running shop of this test's own: a server remembers the ids of tables' rows that the next test has not."""
    variables = {"REQUIRE_AUTH": "true", "SERVE_STATIC_FROM_SOURCE": "true", "WEB_CONCURRENCY": "1"}
    with running_shop(tmp_path / "log", **variables) as server:
        yield server


@pytest.fixture
def desk(chromium: Browser, shop: Shop) -> Iterator[Callable[..., Desk]]:
    """Open a screen; at the end nothing was refused, nothing failed, and nothing came from elsewhere."""
    desks: list[Desk] = []

    def sit_down(viewport: Any = DESKTOP, **options: Any) -> Desk:
        context = chromium.new_context(viewport=viewport, **options)
        context.add_init_script(WATCH)
        page = context.new_page()
        page.set_default_timeout(30_000)
        desk = Desk(page, shop.url)
        page.on("console", lambda said: desk.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: desk.complaints.append(str(error)))
        page.on(
            "request",
            lambda asked: (
                None if asked.url.startswith((shop.url, "data:")) else desk.outside.append(asked.url)
            ),
        )
        desks.append(desk)
        return desk

    yield sit_down
    for desk in desks:
        desk.page.context.close()
    assert [desk.complaints for desk in desks] == [[] for _ in desks]
    assert [desk.outside for desk in desks] == [[] for _ in desks]


@pytest.fixture
def superuser(transactional_db: None) -> tuple[str, str]:
    """The developer's account, as `make run` makes one: name and password."""
    password = uuid.uuid4().hex
    User.objects.create_superuser("root", "root@example.com", password)
    return "root", password

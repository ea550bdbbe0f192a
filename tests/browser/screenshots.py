"""``make screenshots``: the pictures of the back office in docs/images/, all of them anew, from a shop that is seeded here.

A picture is a line in :data:`PICTURES`. The wishes of the orders are the same every time; the days are the last ones
before now. Not among the tests: pytest looks for ``test_*.py`` unless it is given this file's name.
"""

import base64
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page

from orders import figures
from orders.payments.choice import payment_gateway
from tests.browser.conftest import DESKTOP, PHONE, Desk
from tests.browser.places import places
from tests.browser.seed import seed_shop
from tests.pages import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.mysql, pytest.mark.dynamodb, pytest.mark.journey]

FOLDER = ROOT / "docs" / "images"
MOST_BYTES = 150_000
MOST_PIXELS = 1600  # of height; what is longer is cut


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One picture.

    Attributes:
        file: its name, without ``.webp``.
        place: a name from :func:`tests.browser.places.places`, and what follows in the address.
        before: what is done on the page first.
    """

    file: str
    place: str
    query: str = ""
    dark: bool = False
    phone: bool = False
    before: Callable[[Page], None] = lambda page: None


PICTURES = (
    Picture(file="backoffice-start", place="start"),
    Picture(file="backoffice-start-dark", place="start", dark=True),
    Picture(file="backoffice-orders", place="order-list"),
    Picture(file="backoffice-order", place="order-page"),
    Picture(file="backoffice-order-phone", place="order-page", phone=True, dark=True),
    Picture(file="backoffice-retry", place="order_retry"),
    Picture(file="backoffice-reservations", place="reservations"),
    Picture(file="backoffice-catalogue", place="catalogue"),
    Picture(file="backoffice-product", place="catalogue_product"),
    Picture(file="backoffice-import", place="catalogue_import"),
    Picture(file="backoffice-sales", place="sales"),
    Picture(file="backoffice-customer", place="customer"),
    Picture(file="backoffice-health", place="health"),
)


def test_the_pictures_are_taken(
    desk: Callable[..., Desk], superuser: tuple[str, str], shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Take all; what lay there before goes."""
    monkeypatch.setattr("orders.demo.CANCELLED_SHARE", 0.08)
    seeded = seed_shop(days=30, per_day=6)
    figures.report_drift(payment_gateway())
    addresses = places(seeded)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    for picture in PICTURES:
        staff = desk(
            PHONE if picture.phone else DESKTOP,
            color_scheme="dark" if picture.dark else "light",
            reduced_motion="reduce",
        )
        staff.sign_in(*superuser)
        figures.report_state(payment_gateway())  # as every half minute
        staff.open(addresses[picture.place] + picture.query)
        staff.page.wait_for_load_state("networkidle")
        picture.before(staff.page)
        staff.page.wait_for_timeout(500)  # charts draw themselves
        written = taken(staff.page)
        assert len(written) < MOST_BYTES, (picture.file, len(written))
        (FOLDER / f"{picture.file}.webp").write_bytes(written)
        staff.shoot(picture.file)
        staff.page.context.close()


def taken(page: Page) -> bytes:
    """Return the page as a picture, cut at the end if it is long."""
    size = page.evaluate("[innerWidth, document.documentElement.scrollHeight]")
    height = min(size[1], MOST_PIXELS)
    page.set_viewport_size({"width": size[0], "height": height})  # the side bar is as high as the window
    answer = page.context.new_cdp_session(page).send(
        "Page.captureScreenshot", {"format": "webp", "quality": 70}
    )
    return base64.b64decode(answer["data"])

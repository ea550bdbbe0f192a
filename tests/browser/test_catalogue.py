"""Staff at work on the catalogue, by keyboard and mouse."""

import csv
import io
import random
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from playwright.sync_api import expect

from products import services
from products.models import Product, StockMovement
from products.selectors import every_product
from tests.browser.conftest import PHONE
from tests.catalogue import stocks

pytestmark = [
    pytest.mark.browser,
    pytest.mark.mysql,
    pytest.mark.dynamodb,
    pytest.mark.journey,
    pytest.mark.usefixtures("empty_catalogue"),
]
SLOW = 60_000  # milliseconds: a loaded machine is no fault of the page
HEAD = "productId,name,price,stock,category,description\r\n"


def row(number, price="12.50"):
    return f'prod_{number:04},"Mug no. {number}, ""large""",{price},{number},Home,"two\r\nlines"\r\n'


def check(page, text):
    """Choose a file and have it checked."""
    file = {"name": "autumn.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_label("Reason").fill("autumn range")
    page.get_by_role("button", name="Check the file").click()


def test_a_file_with_a_wrong_row_is_mended_imported_and_seen(desk, superuser):
    staff = desk()
    page = staff.page
    staff.sign_in(*superuser)
    page.locator("#nav-sidebar-apps").get_by_text("Catalogue", exact=True).click()
    expect(page.get_by_text("None.")).to_be_visible()
    page.get_by_role("link", name="Import CSV").click()
    staff.shoot("import-empty")

    wrong = HEAD + "".join(row(number, "12.50 EUR" if number == 77 else "12.50") for number in range(1, 121))
    check(page, wrong)

    expect(page.get_by_role("status")).to_have_text(
        "1 row is wrong. Nothing was written: mend the file and check it again.", timeout=SLOW
    )
    expect(page.locator("#import-faults tbody tr")).to_have_text(
        "78prod_0077price: Expected an amount such as 19.99."
    )
    expect(page.locator("#import-import")).to_be_hidden()
    staff.shoot("import-wrong-row")
    assert stocks() == {}

    check(page, wrong.replace("12.50 EUR", "12.50"))

    expect(page.get_by_role("status")).to_have_text(
        "Sound. Would be: 120 created, 0 changed, 0 unchanged, 0 deleted. Nothing is written yet.",
        timeout=SLOW,
    )
    expect(page.get_by_role("button", name="Import 120 rows")).to_be_focused()
    expect(page.locator("#import-faults")).to_be_hidden()
    staff.shoot("import-sound")
    assert stocks() == {}

    page.keyboard.press("Enter")

    expect(page.get_by_role("status")).to_have_text(
        "Imported: 120 created, 0 changed, 0 unchanged, 0 deleted.", timeout=SLOW
    )
    expect(page.get_by_role("progressbar")).to_have_js_property("value", 3)
    expect(page.get_by_role("progressbar")).to_have_js_property("max", 3)
    staff.shoot("import-done")
    assert stocks() == {f"prod_{number:04}": number for number in range(1, 121)}
    assert Product.get("prod_0077").description == "two\r\nlines"
    assert LogEntry.objects.filter(object_repr="import of autumn.csv").count() == 2

    staff.open("/admin/catalogue/")
    expect(page.locator("tbody tr")).to_have_count(50)
    staff.shoot("catalogue")
    page.get_by_role("link", name="Next").click()
    page.get_by_role("link", name='Mug no. 77, "large"').click()
    expect(page.locator(".bo-card", has=page.get_by_role("heading", name="Movements"))).to_contain_text(
        "First stock+77autumn rangeroot"
    )
    staff.shoot("product")


def test_an_import_that_the_server_stops_goes_on_by_a_click(desk, superuser):
    staff = desk()
    page = staff.page
    staff.sign_in(*superuser)
    staff.open("/admin/catalogue/import/")
    check(page, HEAD + "".join(row(number) for number in range(1, 61)))
    page.get_by_role("button", name="Import 60 rows").wait_for(timeout=SLOW)
    pieces = []

    def lose_the_second(route):
        pieces.append(route.request.post_data_json)
        if pieces[-1]["step"] == "write" and pieces[-1]["first"] == "52" and len(pieces) < 7:
            route.fulfill(status=400, json={"message": "Stopped for this test."})
        else:
            route.continue_()

    page.route("**/admin/catalogue/import/", lose_the_second)
    page.get_by_role("button", name="Import 60 rows").click()

    expect(page.get_by_role("status")).to_have_text("Stopped for this test.", timeout=SLOW)
    assert len(stocks()) == 50
    staff.shoot("import-stopped")
    page.unroute("**/admin/catalogue/import/")
    page.get_by_role("button", name="Go on").click()

    expect(page.get_by_role("status")).to_have_text(
        "Imported: 60 created, 0 changed, 0 unchanged, 0 deleted.", timeout=SLOW
    )
    assert [piece["step"] for piece in pieces] == ["start", "write", "write"]
    assert len(stocks()) == 60
    staff.complaints.clear()  # the browser itself writes down that one answer was 400


def test_a_product_that_is_twice_in_a_file_is_found_even_in_another_piece(desk, superuser):
    staff = desk()
    page = staff.page
    staff.sign_in(*superuser)
    staff.open("/admin/catalogue/import/")
    table = HEAD + "".join(row(number) for number in [*range(1, 61), 3])

    check(page, table)

    expect(page.locator("#import-faults tbody tr")).to_have_text(
        "62prod_0003this product is in the table twice, first in row 4"
    )
    expect(page.get_by_role("status")).to_contain_text("1 row is wrong.", timeout=SLOW)
    expect(page.locator("#import-import")).to_be_hidden()


def test_a_product_is_made_edited_and_counted(desk, superuser):
    staff = desk(color_scheme="dark")
    page = staff.page
    staff.sign_in(*superuser)
    staff.open("/admin/catalogue/")
    page.get_by_role("link", name="New product").click()
    for label, text in {
        "Name": "Desk lamp",
        "Price": "39.9",
        "Stock": "2",
        "Category": "Home",
        "Reason": "new in autumn",
    }.items():
        page.get_by_label(label, exact=False).first.fill(text)
    page.get_by_label("Metadata").fill("{colour}")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("Expected an object of texts.")).to_be_visible()
    staff.shoot("new-dark")
    page.get_by_label("Metadata").fill('{"colour": "white"}')
    page.get_by_role("button", name="Create").dblclick()
    expect(page.get_by_text("low stock")).to_be_visible()

    page.get_by_role("link", name="Adjust stock").click()
    page.get_by_label("Change").fill("+10")
    page.get_by_label("Reason").fill("delivery 4711")
    staff.shoot("adjust-dark")
    page.get_by_role("button", name="Adjust").dblclick()
    expect(page.get_by_text("Stock +10: now 12.").first).to_be_visible()

    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Price").fill("44.90")
    page.get_by_label("Reason").fill("dearer")
    staff.shoot("edit-dark")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("44.90 USD").first).to_be_visible()
    expect(page.get_by_text("price 39.90 → 44.90. Reason: dearer")).to_be_visible()
    staff.shoot("product-dark")

    (product,) = every_product()
    assert (product.stock, product.price, product.version) == (12, Decimal("44.9"), 2)
    moves = [(one.kind, one.delta) for one in StockMovement.query(product.product_id)]
    assert sorted(moves) == [("adjusted", 10), ("created", 2)]


def test_on_a_phone_nothing_is_wider_than_the_screen(desk, superuser, make_product):
    shelf = make_product(name="Mug " * 20, category="Home and garden", price=Decimal("1234567.89"))
    services.update_product(shelf.product_id, changes={"stock": 1}, expected_version=None)
    staff = desk(PHONE)
    staff.sign_in(*superuser)

    for name, path in {
        "catalogue": "/admin/catalogue/?low=5",
        "product": f"/admin/catalogue/product/?id={shelf.product_id}",
        "edit": f"/admin/catalogue/edit/?id={shelf.product_id}",
        "adjust": f"/admin/catalogue/adjust/?id={shelf.product_id}",
        "import": "/admin/catalogue/import/",
    }.items():
        staff.open(path)
        staff.shoot(f"phone-{name}")
        wide = staff.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0, (name, wide)


def test_the_script_cuts_a_table_where_pythons_own_reader_does(desk, superuser):
    staff = desk()
    staff.sign_in(*superuser)
    staff.open("/admin/catalogue/import/")
    chance = random.Random(7)
    tables = []
    for _ in range(500):
        text = "".join(chance.choices(['"', '""', ",", "\r\n", "\n", "\r", "a", "ü\u2028", " "], k=12))
        try:
            rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        except csv.Error:
            continue  # the server refuses it whole
        tables.append((text, rows))

    cut = staff.page.evaluate("texts => texts.map(csvRecords)", [text for text, _ in tables])

    assert len(tables) > 100
    for (text, rows), records in zip(tables, cut, strict=True):
        assert "".join(records) == text
        assert [list(csv.reader(io.StringIO(record, newline=""), strict=True)) for record in records] == [
            [row] for row in rows
        ]

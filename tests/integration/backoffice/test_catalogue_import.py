"""The import of a CSV file in pieces: checked without a write, then written, by whom it is allowed, once."""

import io
import uuid
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders.backoffice import catalogue_import
from products import inventory, services
from products.errors import CatalogueUnavailable
from products.exports import COLUMNS, catalogue_as_csv
from products.imports import import_row, read_table
from products.models import Product, StockMovement
from products.selectors import every_product
from tests import catalogue
from tests.catalogue import stocks
from tests.integration.backoffice.importing import MUG, PAGE, PAN, POT

pytestmark = [
    pytest.mark.dynamodb,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_catalogue"),
]


def logged():
    return [
        (entry.user.username, entry.object_repr, entry.change_message)
        for entry in LogEntry.objects.order_by("pk")
    ]


def test_a_check_tells_what_would_be_done_and_writes_nothing(browser):
    services.create_product(
        fields={"name": "Pan", "price": Decimal(50), "stock": 0, "category": "Home"}, product_id="prod_pan"
    )
    browser.begin()

    first, second = browser.check(MUG), browser.check(PAN + POT, first=3)

    assert (first["counts"], first["faults"], first["products"]) == ({"created": 1}, [], [[2, "prod_mug"]])
    assert second["counts"] == {"created": 2, "changed": 1}
    assert second["products"] == [[3, "prod_pan"], [4, "prod_pot"]]
    assert stocks() == {"prod_pan": 0}
    assert logged() == []


def test_an_import_writes_every_piece_and_who_and_why(browser):
    assert browser.whole(MUG, PAN + POT) == "3 created, 0 changed, 0 unchanged, 0 deleted"

    assert stocks() == {"prod_mug": 5, "prod_pan": 0, "prod_pot": 7}
    (movement,) = StockMovement.query("prod_mug")
    assert (movement.kind, movement.delta, movement.reason, movement.actor) == (
        "created",
        5,
        "autumn prices",
        "admin-1",
    )
    assert logged() == [
        (
            "admin-1",
            "import of autumn.csv",
            "Import of 3 rows begun, stocks kept. To do: 3 created, 0 changed, 0 unchanged, 0 deleted. "
            "Reason: autumn prices",
        ),
        (
            "admin-1",
            "import of autumn.csv",
            "Import ended: 3 created, 0 changed, 0 unchanged, 0 deleted. Reason: autumn prices",
        ),
    ]


def test_an_import_done_again_finds_everything_as_it_is(browser):
    browser.whole(MUG, PAN)

    assert browser.whole(MUG + PAN) == "0 created, 0 changed, 2 unchanged, 0 deleted"
    assert Product.get("prod_mug").version == 1
    assert StockMovement.count("prod_mug") == 1


def test_stocks_are_kept_unless_the_file_is_said_to_know_better(browser):
    browser.whole(MUG)
    inventory.reserve(str(uuid.uuid4()), quantities={"prod_mug": 2})

    assert browser.whole(MUG) == "0 created, 0 changed, 1 unchanged, 0 deleted"
    assert stocks() == {"prod_mug": 3}
    assert browser.whole(MUG, set_stock="on") == "0 created, 1 changed, 0 unchanged, 0 deleted"

    assert stocks() == {"prod_mug": 5}
    moves = [(one.kind, one.delta, one.reason, one.actor) for one in StockMovement.query("prod_mug")]
    assert sorted(moves) == [
        ("created", 5, "autumn prices", "admin-1"),
        ("set", 2, "autumn prices", "admin-1"),
    ]


def test_a_wrong_row_is_named_by_its_place_in_the_file_and_keeps_all_of_it_out(browser):
    wrong = "prod_a,,1,1,Home,\r\nmug,M,1,1,Home,\r\n"
    browser.begin()
    browser.check(MUG)

    found = browser.check(wrong + PAN, first=3)

    assert found["faults"] == [
        {"row": 3, "product": "prod_a", "words": "name: This field may not be blank."},
        {
            "row": 4,
            "product": "mug",
            "words": "productId must be prod_ and 1 to 59 letters, digits, - or _",
        },
    ]
    assert found["seal"] == ""
    assert browser.send("start") == {
        "message": "Only a table that was checked, without a fault, can be imported."
    }
    assert browser.write(MUG) == {"message": "This piece was not checked; begin again."}
    assert browser.send("end") == {"message": "This import was not begun."}
    assert (stocks(), logged()) == ({}, [])


def test_what_was_deleted_for_good_is_told_and_left_alone(browser):
    browser.whole(MUG)
    services.delete_product("prod_mug")
    browser.begin()

    found = browser.check(MUG + PAN)

    assert found["notes"] == [
        {"row": 2, "product": "prod_mug", "words": "was deleted for good; it is left alone"}
    ]
    assert browser.whole(MUG + PAN) == "1 created, 0 changed, 0 unchanged, 1 deleted"
    assert stocks() == {"prod_pan": 0}


def test_a_piece_that_was_stopped_goes_on_where_it_was(browser, monkeypatch):
    row_of = import_row
    rows = []

    def silent_once(row, **options):
        if not options["dry_run"]:
            rows.append(row.product_id)
            if len(rows) == 2:
                raise CatalogueUnavailable("No answer came in time; try again.")
        return row_of(row, **options)

    monkeypatch.setattr(catalogue_import, "import_row", silent_once)
    browser.begin()
    browser.check(MUG + PAN + POT)
    browser.send("start")

    stopped = browser.write(MUG + PAN + POT)
    went_on = browser.write(MUG + PAN + POT)

    assert stopped == {
        "counts": {"created": 1},
        "done": False,
        "stopped": "Stopped at row 3 (prod_pan): No answer came in time; try again.",
    }
    assert went_on == {"counts": {"created": 3}, "done": True, "stopped": ""}
    assert rows == ["prod_mug", "prod_pan", "prod_pan", "prod_pot"]
    assert len(stocks()) == 3


def test_a_slow_piece_is_answered_in_parts(browser, monkeypatch):
    monkeypatch.setattr(catalogue_import, "WRITE_SECONDS", -1.0)
    browser.begin()
    browser.check(MUG + PAN)
    browser.send("start")

    assert browser.write(MUG + PAN) == {"counts": {}, "done": False, "stopped": ""}
    monkeypatch.setattr(catalogue_import, "WRITE_SECONDS", 10.0)
    assert browser.write(MUG + PAN) == {"counts": {"created": 2}, "done": True, "stopped": ""}


def test_a_piece_whose_answer_was_lost_is_sent_again_without_harm(browser):
    browser.begin()
    browser.check(MUG)
    browser.send("start")
    before = browser.ticket
    browser.write(MUG)
    browser.ticket = before

    assert browser.write(MUG)["counts"] == {"unchanged": 1}
    assert StockMovement.count("prod_mug") == 1


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
SAID = TEXTS.filter(lambda text: text.strip() == text != "")
PRODUCTS = st.fixed_dictionaries(
    {
        "name": SAID,
        "price": st.decimals(0, 9_999_999, places=2),
        "stock": st.integers(0, 1_000_000_000),
        "category": SAID,
        "description": TEXTS,
        "metadata": st.dictionaries(TEXTS.filter(bool), TEXTS, max_size=3),
    }
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PRODUCTS, max_size=4))
def test_what_is_exported_comes_back_as_no_change_whatever_it_holds(db, tables, products):
    catalogue.empty_it()
    for fields in products:
        services.create_product(fields=fields)
    table = "".join(catalogue_as_csv(every_product()))

    rows, faults = read_table(io.StringIO(table, newline=""))

    assert faults == []
    assert len(rows) == len(products)
    assert {import_row(row, set_stock=True, dry_run=False) for row in rows} <= {"unchanged"}
    assert {product.version for product in every_product()} <= {1}


def test_the_page_names_the_columns_and_where_each_is_needed(browser):
    page = browser.client.get(PAGE).content.decode()

    assert ", ".join(COLUMNS) in page
    assert "<script>" not in page

"""``manage.py import_products``: a table into the catalogue, whole or not at all, and as often as one likes."""

import io
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from products import inventory, services
from products.errors import CatalogueUnavailable
from products.models import Product, StockMovement
from products.selectors import every_product

pytestmark = [pytest.mark.dynamodb, pytest.mark.usefixtures("empty_catalogue")]

MUGS = """productId,name,price,stock,category,description,metadata
prod_mug,Mug,12.50,5,Home,"350 ml, white","{""colour"":""white""}"
prod_pan,Pan,54.5,0,Home,,
"""


class Table:
    """A file of products; called, it is brought in, anew or as it was."""

    def __init__(self, file):
        self.file = file
        self.errors = io.StringIO()

    def __call__(self, text=None, **options):
        if text is not None:
            self.file.write_bytes(text if isinstance(text, bytes) else text.encode())
        out, self.errors = io.StringIO(), io.StringIO()
        call_command("import_products", self.file, stdout=out, stderr=self.errors, **options)
        return out.getvalue()


@pytest.fixture
def table(tmp_path):
    return Table(tmp_path / "products.csv")


def product(product_id):
    return Product.get(product_id, consistent_read=True)


def count():
    return sum(1 for _ in every_product())


def test_new_products_are_made_under_their_ids(table):
    assert table(MUGS) == "2 created, 0 changed, 0 unchanged, 0 deleted\n"

    mug = product("prod_mug")
    assert (mug.name, mug.price, mug.stock, mug.category) == ("Mug", Decimal("12.50"), 5, "Home")
    assert (mug.description, mug.metadata) == ("350 ml, white", {"colour": "white"})
    (movement,) = StockMovement.query("prod_mug")
    assert (movement.kind, movement.delta, movement.actor) == ("created", 5, "import")


def test_a_second_import_changes_nothing(table):
    table(MUGS)
    before = product("prod_mug").version

    assert table(MUGS) == "0 created, 0 changed, 2 unchanged, 0 deleted\n"
    assert product("prod_mug").version == before


def test_what_was_exported_can_be_imported(table):
    services.create_product(
        fields={
            "name": "=1+1",
            "price": Decimal("0.10"),
            "stock": 3,
            "category": "@home",
            "description": "a\r\nb\n",
            "metadata": {"-": "+1"},
        }
    )
    call_command("export_products", file=table.file, stdout=io.StringIO())

    assert table() == "0 created, 0 changed, 1 unchanged, 0 deleted\n"


def test_differences_are_written_and_sales_are_kept(table):
    table(MUGS)

    told = table(MUGS.replace("12.50,5", "13.00,99"))

    assert told == "0 created, 1 changed, 1 unchanged, 0 deleted\n"
    assert (product("prod_mug").price, product("prod_mug").stock) == (Decimal("13.00"), 5)


def test_stock_is_set_only_where_that_is_said_and_is_recorded(table):
    table(MUGS)

    told = table(MUGS.replace("12.50,5", "12.50,9"), set_stock=True)

    assert told == "0 created, 1 changed, 1 unchanged, 0 deleted\n"
    assert product("prod_mug").stock == 9
    assert sorted((movement.kind, movement.delta) for movement in StockMovement.query("prod_mug")) == [
        ("created", 5),
        ("set", 4),
    ]


def test_a_column_that_is_missing_is_left_as_it_is(table):
    table(MUGS)

    assert table("productId,name,price,stock,category\nprod_mug,Mug,12.50,5,Home\n").startswith(
        "0 created, 0 changed, 1"
    )
    assert product("prod_mug").description == "350 ml, white"


def test_a_dry_run_tells_and_writes_nothing(table):
    assert table(MUGS, dry_run=True) == "would be: 2 created, 0 changed, 0 unchanged, 0 deleted\n"
    assert count() == 0


def test_a_deleted_product_stays_deleted(table):
    table(MUGS)
    services.delete_product("prod_pan")

    assert table(MUGS) == "0 created, 0 changed, 1 unchanged, 1 deleted\n"
    assert table.errors.getvalue() == "row 3 (prod_pan): was deleted for good; left alone\n"
    assert count() == 1


def test_wrong_rows_are_named_and_keep_all_of_it_out(table):
    wrong = MUGS + "\n".join(
        [
            "prod_mug,Again,1,1,Home,,",
            "mug,No prefix,1,1,Home,,",
            "prod_a,,1,1,Home,,",
            "prod_b,B,1.999,1,Home,,",
            "prod_c,C,1,1.5,Home,,",
            "prod_d,D,1,1,Home,,{not json",
            'prod_e,E,1,1,Home,,"{""a"":1}"',
            "prod_f,F,1",
        ]
    )

    with pytest.raises(CommandError, match="8 of 10 rows are wrong; nothing was written"):
        table(wrong)

    assert table.errors.getvalue().splitlines() == [
        "row 4 (prod_mug): this product is in the table twice",
        "row 5 (mug): productId must be prod_ and 1 to 59 letters, digits, - or _",
        "row 6 (prod_a): name: This field may not be blank.",
        "row 7 (prod_b): price: At most 2 decimals.",
        "row 8 (prod_c): stock: Expected a whole number.",
        "row 9 (prod_d): metadata: Expected an object of texts.",
        "row 10 (prod_e): metadata.a: Expected a text of at most 500 characters.",
        "row 11 (no productId): 3 cells, but 7 columns",
    ]
    assert count() == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "productId, name, price, stock, category are missing"),
        ("productId,name\nprod_a,A\n", "price, stock, category are missing"),
        (MUGS.replace("metadata", "colour", 1), "Unknown columns: colour"),
        (MUGS.replace("metadata", "name", 1), "A column is named twice"),
        (MUGS + 'prod_x,"open', "This is no CSV"),
        (b"productId,name,price,stock,category\nprod_a,\xff,1,1,Home\n", "This is no CSV in UTF-8"),
    ],
)
def test_what_is_no_such_table_is_refused(table, text, words):
    with pytest.raises(CommandError, match=words):
        table(text)

    assert count() == 0


def test_a_file_that_is_not_there_is_one_clear_line(table):
    with pytest.raises(CommandError, match="No such file"):
        table()


def test_a_spreadsheets_own_mark_at_the_beginning_does_no_harm(table):
    assert table(b"\xef\xbb\xbf" + MUGS.encode()).startswith("2 created")


def test_an_import_that_stopped_is_finished_by_the_next(table, monkeypatch):
    shelve, calls = inventory.shelve, []

    def once(*arguments, **options):
        calls.append(1)
        if len(calls) == 2:
            raise CatalogueUnavailable("No answer came in time; try again.")
        return shelve(*arguments, **options)

    monkeypatch.setattr(inventory, "shelve", once)
    with pytest.raises(CommandError, match=r"stopped at row 3 \(prod_pan\): .* 1 created"):
        table(MUGS)

    assert table(MUGS) == "1 created, 0 changed, 1 unchanged, 0 deleted\n"

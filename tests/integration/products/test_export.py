"""``manage.py export_products``: the whole catalogue as CSV, for a spreadsheet that runs none of it."""

import csv as standard
import io
import json
import sys
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from products import services
from products.errors import CatalogueUnavailable
from products.exports import COLUMNS
from products.models import Product
from products.selectors import every_product
from shop import csv

pytestmark = [pytest.mark.dynamodb, pytest.mark.usefixtures("empty_catalogue")]

HOSTILE = [
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example","Mug")',
    "@SUM(A1)",
    "-2+3",
    "+1",
    "\uff1d1+1",
    "a\u200b =1",
    "'=1",
    "'tis a mug",
    'MacBook Pro 16", "new"; last\r\nline',
    "مرحبا \U0001f469\u200d\U0001f469\u200d\U0001f467 e\u0301 é <b>",
]


def export(**options):
    out = io.StringIO()
    call_command("export_products", stdout=out, **options)
    return out.getvalue()


def table(text):
    header, *rows = csv.read(io.StringIO(text, newline=""))
    return header, [dict(zip(header, row, strict=True)) for row in rows]


def test_a_product_is_a_row_named_as_on_the_wire(make_product):
    shelf = make_product(
        name="Mug, large",
        price=Decimal("12.50"),
        category="Home",
        description='16" wide',
        metadata={"image": "https://example.com/mug.png"},
    )
    made = shelf.product.created_at.strftime("%Y-%m-%dT%H:%M:%S.") + (
        f"{shelf.product.created_at.microsecond // 1000:03}Z"
    )

    assert export() == (
        "productId,name,price,stock,category,description,metadata,version,createdAt,updatedAt\r\n"
        f'{shelf.product_id},"Mug, large",12.5,5,Home,"16"" wide",'
        f'"{{""image"":""https://example.com/mug.png""}}",1,{made},{made}\r\n'
    )


def test_an_empty_catalogue_is_a_line_of_names():
    assert export() == ",".join(COLUMNS) + "\r\n"


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_run_and_every_text_comes_back_as_it_was(make_product, text):
    product = make_product(name=text, category=text, description=text, metadata={text: text}).product

    written = export()

    (row,) = table(written)[1]
    assert (row["name"], row["category"], row["description"]) == (text, text, text)
    assert json.loads(row["metadata"]) == {text: text}
    assert product.name == text
    cells = list(standard.reader(io.StringIO(written, newline="")))[1]
    assert [cell for cell in cells if cell.lstrip(" \u200b").startswith(("=", "+", "-", "@", "\uff1d"))] == []


def test_every_page_is_walked_and_what_was_deleted_is_passed_over(make_product):
    ids = sorted(make_product().product_id for _ in range(5))
    services.delete_product(ids[2])

    listed = ids[:2] + ids[3:]
    assert [product.product_id for product in every_product(page_size=2)] == listed
    assert [row["productId"] for row in table(export())[1]] == listed


def test_a_file_gets_the_same_bytes_as_stdout(make_product, tmp_path):
    make_product(name="Größe \U0001f600\r\n")
    target = tmp_path / "catalogue.csv"

    said = export(file=target)

    assert said == f"1 products written to {target}\n"
    assert target.read_bytes().decode() == export()
    assert [path.name for path in tmp_path.iterdir()] == ["catalogue.csv"]


def test_a_catalogue_that_falls_silent_leaves_the_file_as_it_was(make_product, tmp_path, monkeypatch):
    make_product()
    target = tmp_path / "catalogue.csv"
    target.write_text("of yesterday")
    pages = iter([([Product.get(make_product().product_id)], "more")])

    def silent(**_):
        try:
            return next(pages)
        except StopIteration:
            raise CatalogueUnavailable("The catalogue did not answer; try again.") from None

    monkeypatch.setattr("products.selectors.list_products", silent)

    with pytest.raises(CommandError, match=r"stopped after 1 products: The catalogue did not answer"):
        export(file=target)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [
        ("catalogue.csv", "of yesterday")
    ]


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(CommandError, match=r"stopped after 0 products: .*No such file"):
        export(file=tmp_path / "nowhere" / "catalogue.csv")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_how_far_it_is_and_a_log_file_does_not(make_product, monkeypatch):
    monkeypatch.setattr("products.management.commands.export_products.TELL_EVERY", 2)
    for _ in range(5):
        make_product()
    terminal, log = Terminal(), io.StringIO()

    export(stderr=terminal)
    export(stderr=log)

    assert (terminal.getvalue(), log.getvalue()) == ("\r2 products\r4 products\n", "")


def test_stdout_is_utf_8_with_its_own_line_ends_whatever_the_terminal_speaks(make_product, monkeypatch):
    make_product(name="Größe \U0001f600")
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="latin-1", newline="\r\n"))

    call_command("export_products")

    header, row, end = raw.getvalue().decode().split("\r\n")
    assert (header, row.split(",")[1], end) == (",".join(COLUMNS), "Größe \U0001f600", "")

"""The catalogue to look at: found by what indexes answer, looked through for the rest, and sent as CSV."""

import csv as standard
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry

from orders.backoffice import catalogue
from products import inventory, selectors, services
from products.errors import CatalogueUnavailable
from products.models import Product, StockMovement
from tests.integration.orders.test_races import together

pytestmark = [
    pytest.mark.dynamodb,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_catalogue"),
]
LIST, PRODUCT, EXPORT = "/admin/catalogue/", "/admin/catalogue/product/", "/admin/catalogue/export/"


def names(client, **asked):
    return [product.name for product in client.get(LIST, asked).context["found"].products]


def text_of(client, path, **asked):
    return " ".join(client.get(path, asked).content.decode().split())


@pytest.fixture
def shelf(tables):
    """Put a product on the shelf under an id of the test's choice."""

    def make(product_id, name="Mug", stock=20, category="Home", price="1234.5"):
        fields = {"name": name, "price": Decimal(price), "stock": stock, "category": category}
        return services.create_product(fields=fields, product_id=product_id)

    return make


def test_the_list_shows_each_product_in_the_shops_format(support, shelf):
    shelf("prod_b", name="Mug <b>", stock=20)
    shelf("prod_a", name="Bowl", stock=5, category="Kitchen & more")

    page = text_of(support, LIST)

    assert names(support) == ["Bowl", "Mug <b>"]
    assert "Mug &lt;b&gt;" in page
    assert "1,234.50 USD" in page
    assert '<td class="bo-number bo-low">5 <span class="bo-word">low</span></td>' in page
    assert '<td class="bo-number">20</td>' in page
    assert "?category=Kitchen%20%26%20more" in page


def test_support_sees_no_way_to_change_anything(support, admin, mug):
    changes = ["/admin/catalogue/new/", "/admin/catalogue/import/", "Adjust stock", "/admin/catalogue/edit/"]

    def offered(client):
        page = text_of(client, LIST) + text_of(client, PRODUCT, id=mug.product_id)
        return [change for change in changes if change in page]

    assert offered(support) == []
    assert offered(admin) == changes


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"q": "prod_a1"}, ["Mug", "Mug, blue"]),
        ({"q": "prod_a12"}, ["Mug, blue"]),
        ({"q": "prod_x"}, []),
        ({"q": "MUG"}, ["Mug", "Mug, blue"]),
        ({"q": "blue"}, ["Mug, blue"]),
        ({"category": "Kitchen"}, ["Pan"]),
        ({"category": "kitchen"}, []),
        ({"category": "Kitchen", "q": "prod_b"}, ["Pan"]),
        ({"category": "Kitchen", "q": "mug"}, []),
        ({"low": "5"}, ["Mug, blue", "Pan"]),
        ({"low": "4"}, ["Pan"]),
        ({"low": "4", "q": "mug"}, []),
        ({"low": "5", "q": "prod_a"}, ["Mug, blue"]),
        ({"low": "5", "category": "Kitchen"}, ["Pan"]),
        ({"low": "x", "q": "", "category": " "}, ["Mug", "Mug, blue", "Pan"]),
        ({"low": "-1"}, ["Mug", "Mug, blue", "Pan"]),
        ({"low": "9" * 40}, ["Mug", "Mug, blue", "Pan"]),
        ({"after": "prod_a1"}, ["Mug, blue", "Pan"]),
        ({"after": "no id: ü"}, ["Mug", "Mug, blue", "Pan"]),
    ],
)
def test_products_are_found_by_id_name_category_and_stock(support, shelf, asked, expected):
    shelf("prod_a1", name="Mug")
    shelf("prod_a12", name="Mug, blue", stock=5)
    shelf("prod_b", name="Pan", stock=0, category="Kitchen")

    assert names(support, **asked) == expected


def test_a_deleted_product_is_found_by_its_whole_id_alone(support, shelf):
    shelf("prod_a")
    services.delete_product("prod_a")

    assert names(support) == []
    assert names(support, q="prod_") == []
    assert "Mug</a> (deleted)" in text_of(support, LIST, q="prod_a")
    assert "Deleted</dt>" in text_of(support, PRODUCT, id="prod_a")


def walk(client, path, **asked):
    """Follow the pages to the end; what each of them shows."""
    seen = []
    address, data = path, asked
    while address:
        context = client.get(address, data).context
        seen.append([product.product_id for product in context["found"].products])
        address, data = (f"{path}?{context['onward']}" if context["onward"] else ""), {}
    return seen


@pytest.mark.parametrize("asked", [{}, {"category": "Home"}, {"q": "prod_"}])
def test_the_list_comes_in_pages_and_nothing_comes_twice(support, shelf, monkeypatch, asked):
    monkeypatch.setattr(catalogue, "PER_PAGE", 2)
    for number in range(5):
        shelf(f"prod_{number}")

    assert walk(support, LIST, **asked) == [["prod_0", "prod_1"], ["prod_2", "prod_3"], ["prod_4"]]


@pytest.mark.parametrize("after", ["prod_0", "prod_9", "aaa", "%00"])
def test_a_made_up_place_in_the_list_is_its_beginning(support, shelf, after):
    shelf("prod_1a"), shelf("prod_1b"), shelf("prod_2")

    answer = support.get(f"{LIST}?q=prod_1&after={after}")

    assert [product.product_id for product, _, _ in answer.context["rows"]] == ["prod_1a", "prod_1b"]


def test_what_no_index_answers_is_looked_for_part_by_part_and_the_page_says_how_far(
    support, shelf, monkeypatch
):
    monkeypatch.setattr(selectors, "BATCH", 2)
    monkeypatch.setattr(catalogue, "LOOKED_AT", 4)
    for number in range(9):
        shelf(f"prod_{number}", stock=1 if number in {1, 8} else 50)

    assert walk(support, LIST, low=1) == [["prod_1"], [], ["prod_8"]]
    first = text_of(support, LIST, low=1)
    assert "4 on this page, 1 fits and there are more to look at" in first
    assert "1 on this page, 1 fits and that is the end of the catalogue" in text_of(
        support, LIST, low=1, after="prod_7"
    )


@pytest.mark.parametrize(
    ("asked", "expected"),
    [({}, ["Query", "BatchGetItem"]), ({"low": "5"}, ["Query", "BatchGetItem"] * 2)],
)
def test_a_page_costs_the_same_however_long_the_catalogue_is(
    support, shelf, calls, monkeypatch, asked, expected
):
    monkeypatch.setattr(catalogue, "PER_PAGE", 2)
    monkeypatch.setattr(selectors, "BATCH", 3)
    monkeypatch.setattr(catalogue, "LOOKED_AT", 6)
    for number in range(12):
        shelf(f"prod_{number:02}")
    calls.clear()

    support.get(LIST, asked)

    assert calls == expected


def test_while_dynamodb_is_silent_the_pages_say_so(support, admin, mug, monkeypatch):
    def silent(*_, **__):
        raise CatalogueUnavailable("No answer came in time; try again.")

    for place in ("orders.backoffice.catalogue.list_products", "products.selectors.list_products"):
        monkeypatch.setattr(place, silent)
    monkeypatch.setattr("orders.backoffice.catalogue.get_any_product", silent)
    monkeypatch.setattr("orders.backoffice.catalogue_edit.get_product", silent)

    for path in (LIST, f"{PRODUCT}?id={mug.product_id}", f"/admin/catalogue/edit/?id={mug.product_id}"):
        assert "DynamoDB does not answer just now" in text_of(admin, path)
    answer = support.get(EXPORT, {"low": 3})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/catalogue/?low=3")


# ---- one product ----


@pytest.mark.parametrize("product_id", ["", "prod_never", "' or 1", "ü"])
@pytest.mark.parametrize("page", ["product", "edit", "adjust"])
def test_a_product_that_is_not_there_is_not_found(admin, page, product_id):
    assert admin.get(f"/admin/catalogue/{page}/", {"id": product_id}).status_code == 404


def movements(client, **asked):
    page = client.get(PRODUCT, asked)
    return [(kind, one.delta, one.reason, one.actor) for one, kind in page.context["movements"]], page


def test_a_product_is_shown_with_its_movements_the_newest_first(support, mug):
    at = mug.product.created_at
    inventory.adjust(mug.product_id, delta=-2, reason="broken <b>", key=None, actor="ann")
    services.update_product(mug.product_id, changes={"stock": 9}, expected_version=None, actor="bob")
    for number, one in enumerate(
        sorted(
            StockMovement.query(mug.product_id), key=lambda m: ["created", "adjusted", "set"].index(m.kind)
        )
    ):
        one.update([StockMovement.created_at.set(at + timedelta(seconds=number))])

    shown, page = movements(support, id=mug.product_id)

    assert shown == [
        ("Set", 6, "", "bob"),
        ("Adjusted", -2, "broken <b>", "ann"),
        ("First stock", 5, "", ""),
    ]
    assert "broken &lt;b&gt;" in page.content.decode()
    assert "9 in stock" in page.content.decode()
    assert f"/admin/orders/order/?product={mug.product_id}" in page.content.decode()


def test_a_long_history_comes_in_pages(support, mug, monkeypatch):
    monkeypatch.setattr(catalogue, "MOVEMENTS", 2)
    at = mug.product.created_at
    for number in range(1, 5):
        inventory.adjust(mug.product_id, delta=number, reason="x", key=None)
    for one in StockMovement.query(mug.product_id):
        seconds = 0 if one.kind == "created" else one.delta
        one.update([StockMovement.created_at.set(at + timedelta(seconds=seconds))])

    seen, asked = [], f"id={mug.product_id}"
    while asked:
        page = support.get(f"{PRODUCT}?{asked}")
        seen.append([one.delta for one, _ in page.context["movements"]])
        asked = page.context["onward"]

    assert seen == [[4, 3], [2, 1], [5]]


def test_a_made_up_place_in_the_history_is_its_beginning(support, mug, make_product):
    assert movements(support, id=mug.product_id, after="x")[0] == [("First stock", 5, "", "")]


def test_what_staff_did_stands_on_the_products_page_and_no_other(admin, mug, make_product):
    other = make_product()
    admin.post(f"/admin/catalogue/adjust/?id={mug.product_id}", _adjustment())

    assert "Stock +2: now 7. Reason: found two" in text_of(admin, PRODUCT, id=mug.product_id)
    assert "found two" not in text_of(admin, PRODUCT, id=other.product_id)
    assert LogEntry.objects.get().object_repr == f"product {mug.product_id}"


def _adjustment():
    key = "5f1b5a52-0000-4000-8000-000000000000"
    return {"delta": "2", "why": "found two", "seen": "5", "key": key}


# ---- export ----


def table(answer):
    text = b"".join(answer.streaming_content).decode()
    return list(standard.DictReader(io.StringIO(text, newline="")))


def test_the_export_holds_what_the_list_was_asked_for_and_runs_in_no_spreadsheet(support, shelf):
    shelf("prod_a", name="=1+1", stock=2)
    shelf("prod_b", name="Pan", stock=2, category="@Kitchen")
    shelf("prod_c", name="Mug", stock=7)

    answer = support.get(EXPORT, {"low": "5"})

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="products.csv"'
    rows = table(answer)
    assert [(row["productId"], row["name"], row["category"], row["stock"]) for row in rows] == [
        ("prod_a", "'=1+1", "Home", "2"),
        ("prod_b", "Pan", "'@Kitchen", "2"),
    ]
    assert [row["productId"] for row in table(support.get(EXPORT, {"category": "@Kitchen"}))] == ["prod_b"]
    assert [row["productId"] for row in table(support.get(EXPORT))] == ["prod_a", "prod_b", "prod_c"]


def test_the_export_of_nothing_is_the_line_of_names(support):
    assert b"".join(support.get(EXPORT).streaming_content).startswith(b"productId,name,price,stock,")


def test_looking_changes_nothing(support, mug):
    before = mug.product.attribute_values

    together([lambda: support.get(LIST), lambda: support.get(PRODUCT, {"id": mug.product_id})] * 2)

    assert Product.get(mug.product_id).attribute_values == before
    assert not LogEntry.objects.exists()

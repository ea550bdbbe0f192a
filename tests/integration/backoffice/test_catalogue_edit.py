"""Products made and edited by staff: by the API's rules, once, and never over somebody else's work."""

import re
import uuid
from decimal import Decimal

import pytest

from products import inventory, services
from products.errors import CatalogueUnavailable
from products.models import StockMovement
from products.selectors import every_product
from tests.integration.backoffice.forms import fields_of, logged, movements_of, said
from tests.integration.orders.test_races import together

pytestmark = [
    pytest.mark.dynamodb,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_catalogue"),
]
NEW = "/admin/catalogue/new/"
LAMP = {
    "name": "Desk lamp",
    "price": "1039.9",
    "stock": "25",
    "category": "Home",
    "description": "Warm light,\r\nthree steps.",
    "metadata": '{"colour": "white"}',
    "why": "new in autumn",
}


def products():
    return list(every_product())


# ---- create ----


@pytest.fixture
def lamp(admin):
    """The form of a new lamp, filled in."""
    return {**fields_of(admin, NEW), **LAMP}


def test_a_product_is_made_with_its_first_stock_and_who_and_why(admin, lamp):
    answer = admin.post(NEW, lamp, follow=True)

    (product,) = products()
    assert re.fullmatch(r"prod_[0-9a-f]{20}", product.product_id)
    assert (product.name, product.price, product.stock, product.category) == (
        "Desk lamp",
        Decimal("1039.90"),
        25,
        "Home",
    )
    assert (product.description, product.metadata) == ("Warm light,\nthree steps.", {"colour": "white"})
    (movement,) = StockMovement.query(product.product_id)
    assert (movement.kind, movement.delta, movement.reason, movement.actor) == (
        "created",
        25,
        "new in autumn",
        "admin-1",
    )
    assert said(answer) == ["Desk lamp is in the catalogue."]
    assert answer.redirect_chain == [(f"/admin/catalogue/product/?id={product.product_id}", 302)]
    assert logged() == [
        (
            "admin-1",
            product.product_id,
            "Created: Desk lamp, 1,039.90 USD, stock 25. Reason: new in autumn",
        )
    ]


def test_a_form_of_a_new_product_that_is_sent_again_makes_one_product(admin, lamp):
    admin.post(NEW, lamp)
    answer = admin.post(NEW, {**lamp, "name": "Other lamp"}, follow=True)

    assert [product.name for product in products()] == ["Desk lamp"]
    assert said(answer)[-1] == "This form was sent before; it has made this product."
    assert len(logged()) == 1


@pytest.mark.real_dynamodb
def test_many_clicks_at_once_make_one_product(admin, lamp):
    answers = together([lambda: admin.post(NEW, lamp)] * 6)

    assert [answer.status_code for answer in answers] == [302] * 6
    (product,) = products()
    assert [one.delta for one in StockMovement.query(product.product_id)] == [25]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", " ", "This field is required."),
        ("name", "x" * 201, "Ensure this value has at most 200 characters (it has 201)."),
        ("price", "12,50", "Expected an amount such as 19.99."),
        ("price", "-1", "Expected an amount such as 19.99."),
        ("price", "1.999", "At most 2 decimals."),
        ("price", "10000000", "Must be between 0 and 9999999.99."),
        ("stock", "-1", "Expected a whole number."),
        ("stock", "1.5", "Expected a whole number."),
        ("stock", "1000000001", "Ensure this value is less than or equal to 1000000000."),
        ("category", "", "This field is required."),
        ("description", "x" * 5001, "Ensure this field has no more than 5000 characters."),
        ("metadata", "{no json", "Expected an object of texts."),
        ("metadata", '{"a": 1}', "a: Expected a text of at most 500 characters."),
        ("why", "  x ", "Ensure this value has at least 3 characters (it has 1)."),
        ("product_id", "prod_mine", "Enter a valid value."),
    ],
)
def test_the_rules_of_the_api_are_the_rules_of_the_form(admin, lamp, field, value, words):
    answer = admin.post(NEW, {**lamp, field: value})

    (error,) = answer.context["form"].errors[field]
    assert error == words
    assert answer.status_code == 200
    assert products() == []
    assert logged() == []


# ---- edit ----


@pytest.fixture
def edit(mug):
    return f"/admin/catalogue/edit/?id={mug.product_id}"


def test_an_edit_writes_what_differs_and_leaves_the_stock_to_sales(admin, mug, edit):
    form = fields_of(admin, edit)
    inventory.reserve(str(uuid.uuid4()), quantities={mug.product_id: 2})

    answer = admin.post(edit, {**form, "price": "13", "name": "Mug, large", "why": "dearer"}, follow=True)

    product = mug.product
    assert (product.name, product.price, product.stock, product.version) == (
        "Mug, large",
        Decimal("13"),
        3,
        2,
    )
    assert said(answer) == ["Saved."]
    assert logged() == [
        ("admin-1", mug.product_id, "Changed: name Mug → Mug, large, price 12.50 → 13.00. Reason: dearer")
    ]
    assert movements_of(mug) == [("created", 5, "", "")]
    mug.assert_books_balance()


def test_a_form_sent_back_as_it_was_writes_nothing(admin, make_product):
    shelf = make_product(description="a\nb\r\nc", metadata={"ü": "'"}, price=Decimal("0.10"))
    edit = f"/admin/catalogue/edit/?id={shelf.product_id}"
    form = fields_of(admin, edit)

    description = form["description"].replace("\r\n", "\n").replace("\n", "\r\n")  # as browsers do
    answer = admin.post(edit, {**form, "description": description, "why": "no change"}, follow=True)

    assert said(answer) == ["Nothing was different; nothing was written."]
    assert (shelf.product.version, shelf.product.description) == (1, "a\nb\r\nc")
    assert logged() == []


def test_an_edit_in_between_is_told_and_nothing_is_overwritten_until_one_says_so(admin, mug, edit):
    form = {**fields_of(admin, edit), "price": "13", "why": "dearer"}
    services.update_product(
        mug.product_id, changes={"name": "Cup", "description": "blue"}, expected_version=None
    )

    told = admin.post(edit, form)

    assert said(told) == [
        "This product was edited while this page was open (version 2 now). Nothing was saved. Other than yours: "
        "name is now Cup; price is now 12.50; description. Save again to write yours over it."
    ]
    assert (mug.product.name, mug.product.price, mug.product.version) == ("Cup", Decimal("12.5"), 2)
    assert logged() == []

    shown = {name: told.context["form"][name].value() for name in form}
    admin.post(edit, {**shown, "name": "Cup", "description": "blue"})

    assert (mug.product.name, mug.product.price) == ("Cup", Decimal("13"))
    assert len(logged()) == 1


def test_the_same_edit_sent_again_is_one_edit(admin, mug, edit):
    form = {**fields_of(admin, edit), "price": "13", "why": "dearer"}

    admin.post(edit, form)
    answer = admin.post(edit, form, follow=True)

    assert said(answer)[-1] == "Saved."
    assert mug.product.version == 2
    assert len(logged()) == 1


@pytest.mark.real_dynamodb
def test_many_edits_of_one_version_at_once_save_one_and_tell_the_others(admin, mug, edit):
    forms = [
        {**fields_of(admin, edit), "price": str(price), "edit": uuid.uuid4(), "why": "dearer"}
        for price in range(20, 26)
    ]

    answers = together([lambda form=form: admin.post(edit, form) for form in forms])

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [302]
    assert mug.product.version == 2
    assert len(logged()) == 1


def test_an_edit_that_gets_no_answer_can_be_sent_again(admin, mug, edit, monkeypatch):
    update = services.update_product

    def lost(*arguments, **options):
        update(*arguments, **options)
        raise CatalogueUnavailable("No answer came in time; try again.")

    form = {**fields_of(admin, edit), "price": "13", "why": "dearer"}
    monkeypatch.setattr(services, "update_product", lost)

    answer = admin.post(edit, form)

    assert said(answer) == [
        "No answer came in time; try again. It may have arrived all the same; to send this form again is safe."
    ]
    shown = {name: answer.context["form"][name].value() for name in form}
    assert said(admin.post(edit, shown, follow=True))[-1] == "Saved."
    assert (mug.product.price, mug.product.version) == (Decimal("13"), 2)


def test_a_product_deleted_meanwhile_cannot_be_edited_or_adjusted(admin, mug, edit):
    form, adjust = fields_of(admin, edit), edit.replace("edit", "adjust")
    change = fields_of(admin, adjust)
    services.delete_product(mug.product_id)

    assert admin.post(edit, {**form, "price": "13", "why": "dearer"}).status_code == 404
    assert admin.post(adjust, {**change, "delta": "1", "why": "found"}).status_code == 404
    assert mug.stock == 5
    assert logged() == []

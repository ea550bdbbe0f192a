"""Stock adjusted by staff: against the stock they saw, once, recorded with who and why; and who may change anything."""

import uuid

import pytest

from products import inventory
from products.selectors import every_product
from tests.integration.backoffice.forms import fields_of, logged, movements_of, said
from tests.integration.orders.test_races import together

pytestmark = [
    pytest.mark.dynamodb,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_catalogue"),
]


@pytest.fixture
def adjust(mug):
    return f"/admin/catalogue/adjust/?id={mug.product_id}"


@pytest.fixture
def change(admin, adjust):
    """The form of an adjustment, filled in: three broke."""
    return {**fields_of(admin, adjust), "delta": "-3", "why": "broken"}


def test_stock_is_adjusted_with_a_movement_of_who_and_why(admin, mug, adjust, change):
    answer = admin.post(adjust, change, follow=True)

    assert said(answer) == ["Stock -3: now 2."]
    assert mug.stock == 2
    assert movements_of(mug) == [("adjusted", -3, "broken", "admin-1"), ("created", 5, "", "")]
    assert logged() == [("admin-1", mug.product_id, "Stock -3: now 2. Reason: broken")]
    mug.assert_books_balance()


def test_a_sale_in_between_is_told_and_the_next_try_is_against_the_stock_of_now(
    admin, mug, adjust, change, buy
):
    buy(mug, 1)

    told = admin.post(adjust, change)

    assert said(told) == [
        "The stock was 5 when you opened this page and is 4 now: orders or colleagues came in between. "
        "Nothing was changed. Look at your number again, then send it once more."
    ]
    assert (mug.stock, told.context["form"]["seen"].value(), logged()) == (4, "4", [])

    admin.post(adjust, {name: told.context["form"][name].value() or "" for name in change})

    assert mug.stock == 1
    assert len(logged()) == 1
    mug.assert_books_balance()


def test_whoever_says_so_adjusts_whatever_the_stock_is_by_now(admin, mug, adjust, change, buy):
    buy(mug, 1)

    admin.post(adjust, {**change, "any_stock": "on"})

    assert mug.stock == 1
    mug.assert_books_balance()


def test_a_form_sent_again_adjusts_once(admin, mug, adjust, change):
    for _ in range(3):
        assert admin.post(adjust, change).status_code == 302

    assert mug.stock == 2
    assert len(logged()) == 1
    mug.assert_books_balance()


@pytest.mark.real_dynamodb
def test_many_clicks_at_once_adjust_once(admin, mug, adjust, change):
    answers = together([lambda: admin.post(adjust, change)] * 6)

    assert [answer.status_code for answer in answers] == [302] * 6
    assert mug.stock == 2
    assert movements_of(mug) == [("adjusted", -3, "broken", "admin-1"), ("created", 5, "", "")]
    assert len(logged()) == 1
    mug.assert_books_balance()


@pytest.mark.real_dynamodb
def test_colleagues_who_saw_the_same_stock_do_not_both_change_it(admin, mug, adjust, change):
    forms = [{**change, "key": uuid.uuid4()} for _ in range(5)]

    answers = together([lambda form=form: admin.post(adjust, form) for form in forms])

    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [302]
    assert mug.stock == 2
    assert len(logged()) == 1
    mug.assert_books_balance()


@pytest.mark.real_dynamodb
def test_adjustments_amid_orders_keep_the_books(admin, make_product):
    shelf = make_product(stock=1000)
    adjust = f"/admin/catalogue/adjust/?id={shelf.product_id}"
    form = {**fields_of(admin, adjust), "delta": "+7", "why": "delivery", "any_stock": "on"}

    def sell():
        inventory.reserve(str(uuid.uuid4()), quantities={shelf.product_id: 3})

    def deliver():
        return admin.post(adjust, {**form, "key": uuid.uuid4()})

    results = together([sell, deliver, sell] * 4)

    assert [answer.status_code for answer in results if answer is not None] == [302] * 4
    assert (shelf.stock, shelf.held) == (1000 + 4 * 7 - 8 * 3, 24)
    shelf.assert_books_balance()


def test_the_same_form_with_another_number_asks_before_it_does_both(admin, mug, adjust, change):
    admin.post(adjust, change)
    again = admin.post(adjust, {**change, "delta": "+4"})

    assert (
        said(again)[-1] == "This form was sent before, with another change. Send it again to do this one too."
    )
    assert mug.stock == 2

    admin.post(adjust, {name: again.context["form"][name].value() or "" for name in change})

    assert mug.stock == 6
    assert len(logged()) == 2


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("delta", "0", "Must not be 0."),
        ("delta", "five", "Expected a whole number."),
        ("delta", "1.5", "Expected a whole number."),
        ("delta", "1000000001", "Ensure this value is less than or equal to 1000000000."),
        ("why", "", "This field is required."),
        ("why", "x" * 201, "Ensure this value has at most 200 characters (it has 201)."),
        ("seen", "", "This field is required."),
        ("key", "x", "Enter a valid UUID."),
    ],
)
def test_an_adjustment_that_makes_no_sense_is_refused(admin, mug, adjust, change, field, value, words):
    answer = admin.post(adjust, {**change, field: value})

    (error,) = answer.context["form"].errors[field]
    assert error == words
    assert mug.stock == 5
    assert logged() == []


def test_no_adjustment_takes_the_stock_below_zero(admin, mug, adjust, change):
    answer = admin.post(adjust, {**change, "delta": "-6"})

    assert said(answer) == ["The stock is 5; -6 would leave 0 to 1000000000. Nothing was changed."]
    assert mug.stock == 5
    assert logged() == []


def test_only_those_who_may_change_do(staff, mug, change):
    pages = {
        "/admin/catalogue/new/": {"name": "Desk lamp"},
        f"/admin/catalogue/edit/?id={mug.product_id}": {"price": "1"},
        f"/admin/catalogue/adjust/?id={mug.product_id}": change,
        "/admin/catalogue/import/": {},
    }
    for role in ("support", "nobody"):
        client = staff(role)
        assert [client.post(path, form).status_code for path, form in pages.items()] == [403] * 4

    assert [product.product_id for product in every_product()] == [mug.product_id]
    assert (mug.stock, mug.product.version) == (5, 1)
    assert logged() == []

"""Create, edit, delete, list."""

import uuid
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from products import inventory, selectors, services
from products.errors import ProductNotFound, StaleVersion, StockBusy
from products.models import Product
from products.sample import load_sample_catalogue, sample_products
from products.selectors import get_product, get_products, list_products

pytestmark = pytest.mark.dynamodb

prices = st.decimals(min_value=0, max_value=Decimal("9999999.99"), places=2)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


@given(prices, texts.filter(bool), texts, st.dictionaries(texts.filter(bool), texts, max_size=5))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_product_is_read_as_it_was_written(make_product, price, name, description, metadata):
    shelf = make_product(price=price, name=name, description=description, metadata=metadata)

    product = get_product(shelf.product_id)

    assert product.price == price
    assert (product.name, product.description, product.metadata) == (name, description, metadata)
    assert (product.version, product.stock) == (1, 5)
    assert product.created_at == product.updated_at


def test_ids_sort_by_the_time_they_were_made(monkeypatch):
    made = []
    for second in (1_700_000_000, 1_700_000_000.001, 1_800_000_000, 9_000_000_000):
        monkeypatch.setattr("products.services.time.time", lambda second=second: second)
        made.append(services.new_product_id())

    assert made == sorted(made)
    assert all(selectors._ID.fullmatch(one) for one in made)


def test_an_edit_changes_what_it_names_counts_as_a_version_and_leaves_the_rest(mug):
    before = mug.product

    after = services.update_product(
        mug.product_id, changes={"price": Decimal("9.99"), "metadata": {"self": "x"}}, expected_version=None
    )

    assert (after.price, after.metadata, after.version) == (Decimal("9.99"), {"self": "x"}, 2)
    assert (after.name, after.stock, after.category) == (before.name, before.stock, before.category)
    assert after.created_at == before.created_at
    assert after.updated_at >= before.updated_at
    mug.assert_books_balance()


@pytest.mark.parametrize("changes", [{"name": "Cup"}, {"stock": 9}, {"name": "Cup", "stock": 9}], ids=str)
def test_an_edit_for_a_version_that_is_past_changes_nothing(mug, changes):
    services.update_product(mug.product_id, changes={"name": "Bowl"}, expected_version=1)

    with pytest.raises(StaleVersion):
        services.update_product(mug.product_id, changes=changes, expected_version=1)
    product = mug.product
    assert (product.name, product.stock, product.version) == ("Bowl", 5, 2)
    mug.assert_books_balance()


def test_a_sale_does_not_make_a_version_stale(mug):
    inventory.reserve(str(uuid.uuid4()), quantities={mug.product_id: 2})

    assert services.update_product(mug.product_id, changes={"name": "Bowl"}, expected_version=1).version == 2
    assert mug.stock == 3


@pytest.mark.parametrize("changes", [{"name": "Mine"}, {"name": "Mine", "stock": 7}], ids=str)
def test_of_two_edits_for_one_version_one_wins(mug, monkeypatch, changes):
    theirs = services.update_product
    read = get_product
    first: list[int] = []

    def edited_in_between(product_id):
        seen = read(product_id)
        if not first:
            first.append(1)
            theirs(product_id, changes={"name": "Theirs"}, expected_version=None)
        return seen

    monkeypatch.setattr(services, "get_product", edited_in_between)

    with pytest.raises(StaleVersion):
        services.update_product(mug.product_id, changes=changes, expected_version=1)
    assert (mug.product.name, mug.product.version, mug.stock) == ("Theirs", 2, 5)
    mug.assert_books_balance()


def test_an_edit_without_a_version_waits_its_turn_and_gives_up_unchanged_in_the_end(mug, monkeypatch):
    monkeypatch.setattr("products.services.time.sleep", lambda _: None)
    monkeypatch.setattr(services, "_try_update", lambda *_, **__: False)

    with pytest.raises(StockBusy):
        services.update_product(mug.product_id, changes={"name": "Bowl"}, expected_version=None)
    assert mug.product.name == "Mug"


def test_a_deleted_product_is_gone_for_every_reader_and_stays_gone(mug):
    category = mug.product.category
    services.delete_product(mug.product_id)

    with pytest.raises(ProductNotFound):
        get_product(mug.product_id)
    assert get_products([mug.product_id]) == {}
    assert list_products(category=category, limit=100, after=None) == ([], None)
    with pytest.raises(ProductNotFound):
        services.update_product(mug.product_id, changes={"name": "x"}, expected_version=None)
    with pytest.raises(ProductNotFound):
        services.update_product(mug.product_id, changes={"stock": 1}, expected_version=None)
    with pytest.raises(ProductNotFound):
        services.delete_product(mug.product_id)
    product = mug.product
    assert (product.name, product.stock, product.is_listed) == ("Mug", 5, False)


def test_the_id_of_a_deleted_product_is_never_used_again(mug):
    gone = mug.product
    services.delete_product(mug.product_id)

    assert inventory.shelve(gone) is False
    assert not mug.product.is_listed


# ---- lists -------------------------------------------------------------------------------------------------------


@pytest.fixture
def shelf_of(make_product):
    """Put many products on the shelf in a category of its own; returns it and their ids, in order."""

    def make(count):
        category = f"c-{uuid.uuid4()}"
        return category, sorted(make_product(category=category, stock=1).product_id for _ in range(count))

    return make


def pages_of(category, limit):
    after, pages = None, []
    while True:
        page, after = list_products(category=category, limit=limit, after=after)
        pages.append([product.product_id for product in page])
        if after is None:
            return pages


@pytest.mark.parametrize(
    ("count", "limit", "sizes"),
    [
        (0, 5, [0]),
        (1, 5, [1]),
        (5, 5, [5]),
        (6, 5, [5, 1]),
        (10, 5, [5, 5]),
        (12, 5, [5, 5, 2]),
        (3, 1, [1, 1, 1]),
    ],
)
def test_pages_are_full_until_the_end_without_loss_or_repeat(shelf_of, count, limit, sizes):
    category, ids = shelf_of(count)

    pages = pages_of(category, limit)

    assert [len(page) for page in pages] == sizes
    assert [one for page in pages for one in page] == ids


def test_deleted_products_leave_no_holes_in_the_pages(shelf_of):
    category, ids = shelf_of(12)
    for gone in ids[2:7]:
        services.delete_product(gone)

    assert pages_of(category, 3) == [ids[:2] + ids[7:8], ids[8:11], ids[11:]]


def test_keys_whose_items_are_gone_by_the_time_they_are_read_are_made_up_for(shelf_of, monkeypatch):
    category, ids = shelf_of(12)
    read, gone = selectors.get_products, set(ids[0:5]) | {ids[9]}

    def some_are_gone(wanted, **options):
        return {key: item for key, item in read(wanted, **options).items() if key not in gone}

    monkeypatch.setattr(selectors, "get_products", some_are_gone)

    assert pages_of(category, 3) == [ids[5:8], [ids[8], ids[10], ids[11]]]


def test_a_cursor_goes_on_behind_a_product_that_was_deleted_meanwhile(shelf_of):
    category, ids = shelf_of(6)
    _, after = list_products(category=category, limit=3, after=None)
    assert after is not None
    services.delete_product(after)

    page, end = list_products(category=category, limit=3, after=after)

    assert ([product.product_id for product in page], end) == (ids[3:], None)


def test_a_product_that_changes_its_category_changes_its_list(shelf_of):
    (old, ids), (new, others) = shelf_of(2), shelf_of(1)

    services.update_product(ids[0], changes={"category": new}, expected_version=None)

    assert pages_of(old, 10) == [[ids[1]]]
    assert pages_of(new, 10) == [sorted([ids[0], *others])]


def test_a_hundred_entries_fit_in_a_page_and_the_next_one_follows(shelf_of):
    category, ids = shelf_of(103)

    assert pages_of(category, 100) == [ids[:100], ids[100:]]


def test_the_whole_catalogue_lists_every_category_in_order_of_ids(shelf_of):
    (_, one), (_, two) = shelf_of(2), shelf_of(2)

    listed = [product_id for page in pages_of(None, 100) for product_id in page]

    assert set(one + two) <= set(listed)
    assert listed == sorted(set(listed))


def test_lists_show_the_stock_as_it_is_now(shelf_of):
    category, (product_id,) = shelf_of(1)
    inventory.reserve(str(uuid.uuid4()), quantities={product_id: 1})

    (product,), _ = list_products(category=category, limit=1, after=None)

    assert product.stock == 0


# ---- the sample catalogue ----------------------------------------------------------------------------------------


def test_the_sample_catalogue_begins_with_what_the_sample_order_buys():
    samples = dict(sample_products())

    assert len(samples) == 40
    assert (samples["prod_001"]["name"], samples["prod_001"]["price"]) == (
        'MacBook Pro 16"',
        Decimal("2499.99"),
    )
    assert (samples["prod_002"]["name"], samples["prod_002"]["price"]) == (
        "iPhone 15 Pro",
        Decimal("1299.99"),
    )
    assert {samples["prod_001"]["category"], samples["prod_002"]["category"]} == {"Electronics"}
    assert len({fields["category"] for fields in samples.values()}) == 6


def test_loading_the_samples_again_adds_and_changes_nothing(tables):
    load_sample_catalogue()
    services.update_product("prod_015", changes={"description": "Changed."}, expected_version=None)

    assert load_sample_catalogue() == 0
    assert Product.get("prod_015", consistent_read=True).description == "Changed."

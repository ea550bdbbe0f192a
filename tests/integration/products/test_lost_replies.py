"""The request arrives, the reply does not: every write is repeated, and every write counts once."""

import uuid

import pytest
from botocore.exceptions import ReadTimeoutError

from products import inventory, services
from products.errors import ProductNotFound
from products.models import Product, StockReservation
from shop.aws import dynamodb_connection

pytestmark = pytest.mark.dynamodb


@pytest.fixture
def lost_replies(monkeypatch, tables):
    """From here on the reply to the first write of each kind is lost; returns what was."""
    session = dynamodb_connection().client._endpoint.http_session
    send, lost = session.send, []

    def send_and_lose(request):
        response = send(request)
        operation = request.headers["X-Amz-Target"].decode().split(".")[-1]
        if operation in {"TransactWriteItems", "UpdateItem"} and operation not in lost:
            lost.append(operation)
            raise ReadTimeoutError(endpoint_url=request.url)
        return response

    def begin():
        monkeypatch.setattr(session, "send", send_and_lose)
        return lost

    return begin


def test_an_edit(mug, lost_replies):
    lost = lost_replies()

    product = services.update_product(mug.product_id, changes={"name": "Bowl"}, expected_version=1)

    assert lost == ["UpdateItem"]
    assert (product.name, product.version, product.stock) == ("Bowl", 2, 5)


def test_an_edit_with_a_stock(mug, lost_replies):
    lost = lost_replies()

    product = services.update_product(
        mug.product_id, changes={"name": "Bowl", "stock": 9}, expected_version=1
    )

    assert lost == ["TransactWriteItems"]
    assert (product.name, product.version, product.stock) == ("Bowl", 2, 9)
    mug.assert_books_balance()


def test_a_new_product(lost_replies, make_product):
    lost = lost_replies()

    shelf = make_product(stock=7)

    assert lost == ["TransactWriteItems"]
    assert shelf.stock == 7
    shelf.assert_books_balance()


def test_a_deletion(mug, lost_replies):
    lost = lost_replies()

    services.delete_product(mug.product_id)

    assert lost == ["UpdateItem"]
    assert Product.get(mug.product_id, consistent_read=True).version == 2
    with pytest.raises(ProductNotFound):
        services.delete_product(mug.product_id)


@pytest.mark.parametrize("key", [None, "k"])
def test_an_adjustment(mug, lost_replies, key):
    lost = lost_replies()

    product, _repeated = inventory.adjust(mug.product_id, delta=-5, reason="recall", key=key)

    assert lost == ["TransactWriteItems"]
    assert product.stock == 0
    mug.assert_books_balance()


def test_a_reserve_of_the_last_units(mug, lost_replies):
    uid, lost = str(uuid.uuid4()), lost_replies()

    inventory.reserve(uid, quantities={mug.product_id: 5})

    assert lost == ["TransactWriteItems"]
    assert (mug.stock, mug.held) == (0, 5)
    mug.assert_books_balance()


@pytest.mark.parametrize("held", [True, False])
def test_a_release(mug, lost_replies, held):
    uid = str(uuid.uuid4())
    if held:
        inventory.reserve(uid, quantities={mug.product_id: 2})
    lost = lost_replies()

    inventory.release(uid)

    assert lost == ["TransactWriteItems"]
    assert StockReservation.get(uid, consistent_read=True).state == "RELEASED"
    assert mug.stock == 5
    mug.assert_books_balance()


def test_a_stock_edit_whose_reply_was_lost_counts_although_somebody_edited_since(mug, monkeypatch):
    real = inventory.set_stock

    def arrive_be_overtaken_and_repeat(seen, **arguments):
        real(seen, **arguments)
        monkeypatch.setattr(inventory, "set_stock", real)
        services.update_product(mug.product_id, changes={"name": "Theirs"}, expected_version=None)
        real(seen, **arguments)  # what the retry layer does when no reply came

    monkeypatch.setattr(inventory, "set_stock", arrive_be_overtaken_and_repeat)

    product = services.update_product(mug.product_id, changes={"stock": 9}, expected_version=1)

    assert (product.stock, product.name, product.version) == (9, "Theirs", 3)
    mug.assert_books_balance()

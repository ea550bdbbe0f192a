"""How the answers to a stock transaction are read. A conflict says nothing; only a refused condition is a no."""

from decimal import Decimal

import pytest
from botocore.exceptions import ReadTimeoutError
from pynamodb.exceptions import TransactWriteError

from products import inventory
from products.errors import CatalogueUnavailable, OutOfStock, ReservationReleased
from products.models import Product, now
from shop.dynamo import MAX_ATTEMPTS

REFUSED, CONFLICT = "ConditionalCheckFailed", "TransactionConflict"
UID = "7d4a4f7e-0000-4000-8000-000000000001"
WANTED = {"prod_002": 1, "prod_001": 2}
SILENCE = ReadTimeoutError(endpoint_url="http://dynamodb")


def reservation(state):
    return {
        "Item": {
            "orderUid": {"S": UID},
            "state": {"S": state},
            "quantities": {"M": {"prod_001": {"N": "2"}, "prod_002": {"N": "1"}}},
            "createdAt": {"S": "2026-02-09T16:37:13.000000+0000"},
        }
    }


def reserve():
    inventory.reserve(UID, quantities=WANTED)


def test_reserving_is_one_transaction_that_takes_all_or_nothing(dynamodb):
    dynamodb.then(200, {})

    reserve()

    ((operation, request),) = dynamodb.requests
    assert operation == "TransactWriteItems"
    put, *updates = request["TransactItems"]
    assert put["Put"]["Item"]["state"] == {"S": "HELD"}
    assert put["Put"]["Item"]["quantities"] == {"M": {"prod_002": {"N": "1"}, "prod_001": {"N": "2"}}}
    assert put["Put"]["ConditionExpression"] == "attribute_not_exists (#0)"
    assert [update["Update"]["Key"] for update in updates] == [
        {"productId": {"S": "prod_001"}},
        {"productId": {"S": "prod_002"}},
    ]


@pytest.mark.parametrize(
    ("codes", "missing"),
    [
        ((None, REFUSED, None), ["prod_001"]),
        ((None, None, REFUSED), ["prod_002"]),
        ((None, REFUSED, REFUSED), ["prod_001", "prod_002"]),
    ],
)
def test_a_refused_line_is_out_of_stock_and_not_tried_again(dynamodb, naps, codes, missing):
    dynamodb.then_cancel(*codes)

    with pytest.raises(OutOfStock) as refusal:
        reserve()
    assert refusal.value.product_ids == missing
    assert (dynamodb.calls, naps) == ({"TransactWriteItems": 1}, [])


@pytest.mark.parametrize(
    "codes",
    [
        (None, CONFLICT, None),
        (CONFLICT, None, None),
        (None, CONFLICT, REFUSED),  # the refusal may be of units that the other transaction gives back
        (REFUSED, CONFLICT, None),
        (REFUSED, CONFLICT, REFUSED),
        (None, "ThrottlingError", None),
        (None, "ProvisionedThroughputExceeded", REFUSED),
    ],
    ids=str,
)
def test_a_conflict_is_tried_again_even_beside_a_refusal(dynamodb, naps, codes):
    dynamodb.then_cancel(*codes).then(200, {})

    reserve()

    assert dynamodb.calls == {"TransactWriteItems": 2}
    assert len(naps) == 1


def test_a_conflict_without_end_is_no_answer_and_never_out_of_stock(dynamodb, naps):
    for _ in range(MAX_ATTEMPTS):
        dynamodb.then_cancel(None, CONFLICT, REFUSED)

    with pytest.raises(CatalogueUnavailable):
        reserve()
    assert dynamodb.calls == {"TransactWriteItems": MAX_ATTEMPTS}


def test_a_lost_reply_whose_request_arrived_is_a_success(dynamodb, naps):
    dynamodb.then_raise(SILENCE).then_cancel(REFUSED, None, None).then(200, reservation("HELD"))

    reserve()

    assert dynamodb.calls == {"TransactWriteItems": 2, "GetItem": 1}


def test_the_record_decides_even_if_the_shelf_is_empty_by_now(dynamodb, naps):
    dynamodb.then_cancel(REFUSED, REFUSED, REFUSED).then(200, reservation("HELD"))

    reserve()


def test_a_late_reserve_of_an_order_that_is_over_is_told_so(dynamodb, naps):
    dynamodb.then_cancel(REFUSED, None, None).then(200, reservation("RELEASED"))

    with pytest.raises(ReservationReleased):
        reserve()


def test_a_cancellation_for_an_unforeseen_reason_is_a_bug_not_an_answer(dynamodb, naps):
    dynamodb.then_cancel(None, "ItemCollectionSizeLimitExceeded", REFUSED)

    with pytest.raises(TransactWriteError):
        reserve()
    assert dynamodb.calls == {"TransactWriteItems": 1}


def test_releasing_against_a_conflict_is_tried_again(dynamodb, naps):
    dynamodb.then(200, reservation("HELD")).then_cancel(None, CONFLICT, None).then(200, {})

    inventory.release(UID)

    assert dynamodb.calls == {"GetItem": 1, "TransactWriteItems": 2}


def test_releasing_what_somebody_else_released_meanwhile_is_done(dynamodb, naps):
    dynamodb.then(200, reservation("HELD")).then_cancel(REFUSED, None, None).then(
        200, reservation("RELEASED")
    )

    inventory.release(UID)

    assert dynamodb.calls == {"GetItem": 2, "TransactWriteItems": 1}


def test_releasing_before_a_reserve_that_overtakes_it_gives_the_units_back(dynamodb, naps):
    dynamodb.then(200, {}).then_cancel(REFUSED).then(200, reservation("HELD")).then(200, {})

    inventory.release(UID)

    assert [operation for operation, _ in dynamodb.requests] == [
        "GetItem",
        "TransactWriteItems",
        "GetItem",
        "TransactWriteItems",
    ]
    give_back = dynamodb.requests[-1][1]["TransactItems"]
    assert len(give_back) == 3


def test_a_new_product_whose_reply_was_lost_exists_once(dynamodb, naps):
    product = Product(
        "prod_1",
        name="x",
        price=Decimal(1),
        stock=5,
        category="c",
        list_key="prod_1",
        created_at=now(),
        updated_at=now(),
    )
    dynamodb.then_raise(SILENCE).then_cancel(REFUSED, None)

    assert inventory.shelve(product) is False
    assert dynamodb.calls == {"TransactWriteItems": 2}

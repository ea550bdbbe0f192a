"""One layer of retries: what passes is tried again within the time, an answer is taken as one."""

from decimal import Decimal

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st
from pynamodb.exceptions import DoesNotExist, GetError, PutError, QueryError, TransactWriteError, UpdateError

from products.dynamo import call
from products.errors import CatalogueUnavailable
from products.models import Product
from products.selectors import get_any_product, get_product
from shop.aws import dynamodb_connection
from shop.deadline import Deadline
from shop.dynamo import (
    CALL_SECONDS,
    MAX_ATTEMPTS,
    DecimalAttribute,
    IntegerAttribute,
    TextMapAttribute,
    codes_of,
    create_missing,
    is_passing,
)

ITEM = {
    "productId": {"S": "prod_001"},
    "name": {"S": "Mug"},
    "price": {"N": "12.5"},
    "stock": {"N": "5"},
    "category": {"S": "Home"},
    "version": {"N": "1"},
    "createdAt": {"S": "2026-02-09T16:37:13.000000+0000"},
    "updatedAt": {"S": "2026-02-09T16:37:13.000000+0000"},
    "catalogue": {"S": "all"},
    "listKey": {"S": "prod_001"},
}
SILENCES = [
    ConnectTimeoutError(endpoint_url="http://dynamodb"),
    ReadTimeoutError(endpoint_url="http://dynamodb"),
    EndpointConnectionError(endpoint_url="http://dynamodb"),
]


class Flaky:
    """Fails as told, then answers "done"."""

    def __init__(self, *failures):
        self.failures = list(failures)
        self.calls = 0

    def __call__(self):
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return "done"


@pytest.mark.parametrize("failures", range(MAX_ATTEMPTS))
def test_a_passing_failure_is_tried_again(naps, failures):
    flaky = Flaky(*[GetError("x", cause=SILENCES[0])] * failures)

    assert call(flaky) == "done"
    assert flaky.calls == failures + 1
    assert len(naps) == failures
    assert all(0 <= pause <= 0.8 for pause in naps)


def test_after_the_last_try_the_catalogue_is_unavailable(naps):
    flaky = Flaky(*[GetError("x", cause=SILENCES[0])] * 99)

    with pytest.raises(CatalogueUnavailable) as refusal:
        call(flaky)
    assert flaky.calls == MAX_ATTEMPTS
    assert isinstance(refusal.value.__cause__, GetError)


def test_an_answer_is_not_asked_for_twice(naps):
    flaky = Flaky(DoesNotExist())

    with pytest.raises(DoesNotExist):
        call(flaky)
    assert (flaky.calls, naps) == (1, [])


@pytest.mark.parametrize("bug", [ValueError("x"), KeyError("x"), TypeError("x")])
def test_a_bug_is_not_taken_for_a_silence(naps, bug):
    flaky = Flaky(bug)

    with pytest.raises(type(bug)):
        call(flaky)
    assert flaky.calls == 1


def test_nothing_begins_with_less_time_left_than_one_call_may_take(naps):
    flaky = Flaky()

    with pytest.raises(CatalogueUnavailable):
        call(flaky, deadline=Deadline(CALL_SECONDS - 0.01))
    assert flaky.calls == 0


def test_no_try_begins_when_the_time_is_nearly_over(naps, monkeypatch):
    moment = 100.0
    monkeypatch.setattr("shop.deadline.time.monotonic", lambda: moment)
    deadline = Deadline(4)

    def slow():
        nonlocal moment
        moment += CALL_SECONDS
        raise GetError("x", cause=SILENCES[1])

    with pytest.raises(CatalogueUnavailable):
        call(slow, deadline=deadline)
    assert moment == 100 + 2 * CALL_SECONDS  # a third call could have ended after the deadline
    assert len(naps) == 1


# ---- what DynamoDB says, as PynamoDB hands it on -----------------------------------------------------------------


@pytest.mark.parametrize("silence", SILENCES, ids=lambda error: type(error).__name__)
def test_a_lost_connection_is_tried_again(dynamodb, naps, silence):
    dynamodb.then_raise(silence).then_raise(silence).then(200, {"Item": ITEM})

    assert get_product("prod_001").price == Decimal("12.5")
    assert dynamodb.calls == {"GetItem": 3}
    assert len(naps) == 2


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ThrottlingException", 400),
        ("ProvisionedThroughputExceededException", 400),
        ("RequestLimitExceeded", 400),
        ("InternalServerError", 500),
        ("ServiceUnavailable", 503),
    ],
)
def test_a_throttled_or_broken_answer_is_tried_again(dynamodb, naps, code, status):
    dynamodb.then_refuse(code, status).then(200, {})

    assert get_any_product("prod_001") is None
    assert dynamodb.calls == {"GetItem": 2}


def test_a_fault_of_ours_is_neither_repeated_nor_called_unavailable(dynamodb, naps):
    dynamodb.then_refuse("ValidationException")

    with pytest.raises(GetError):
        get_any_product("prod_001")
    assert dynamodb.calls == {"GetItem": 1}


@pytest.mark.parametrize(
    "code", ["ResourceNotFoundException", "AccessDeniedException", "ExpiredTokenException"]
)
def test_a_fault_of_the_deployment_is_told_to_operators_and_leaves_orders_open(dynamodb, naps, caplog, code):
    dynamodb.then_refuse(code)

    with pytest.raises(CatalogueUnavailable):
        get_any_product("prod_001")
    assert dynamodb.calls == {"GetItem": 1}
    assert "DynamoDB will not work with us" in caplog.text


def test_botocore_repeats_nothing_itself(dynamodb, naps):
    for _ in range(MAX_ATTEMPTS):
        dynamodb.then_refuse("ThrottlingException")

    with pytest.raises(CatalogueUnavailable):
        get_any_product("prod_001")
    assert dynamodb.calls == {"GetItem": MAX_ATTEMPTS}


@pytest.mark.parametrize("product_id", ["", "a b", "../x", "x" * 65, "prod_é", "prod\n", "a/b"])
def test_an_id_that_cannot_exist_is_not_asked_for(dynamodb, product_id):
    assert get_any_product(product_id) is None
    assert not dynamodb.calls


@pytest.mark.parametrize("kind", [GetError, PutError, UpdateError, QueryError, TransactWriteError])
def test_a_lost_connection_is_passing_whatever_was_asked(kind):
    assert is_passing(kind("x", cause=SILENCES[0]))
    assert not codes_of(kind("x", cause=SILENCES[0]))


@pytest.mark.parametrize(
    "error", [ValueError("x"), DoesNotExist(), GetError("x", cause=ValueError("x")), OSError("x")]
)
def test_nothing_else_is_passing(error):
    assert not is_passing(error)


# ---- attributes ----------------------------------------------------------------------------------------------------


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=0, max_value=10**7))
def test_a_price_is_stored_exactly(price):
    attribute = DecimalAttribute()

    assert attribute.deserialize(attribute.serialize(price)) == price


@pytest.mark.parametrize(
    ("stored", "number"), [("5", 5), ("5E0", 5), ("1E+3", 1000), ("-7", -7), ("1000000000", 10**9)]
)
def test_a_whole_number_is_read_however_it_is_written(stored, number):
    assert IntegerAttribute().deserialize(stored) == number


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_any_key_and_text_is_stored(metadata):
    attribute = TextMapAttribute()

    assert attribute.deserialize(attribute.serialize(metadata)) == metadata


@pytest.mark.parametrize("key", ["self", "null", "default", "attributes", "as_dict", "attr_name"])
def test_a_product_takes_metadata_under_any_name(key):
    product = Product("p", metadata={key: "x"})

    assert product.to_dynamodb_dict()["metadata"] == {"M": {key: {"S": "x"}}}


def test_a_table_whose_creation_arrived_late_is_not_asked_for_a_third_time(dynamodb):
    table = {"TableName": Product.Meta.table_name, "TableStatus": "ACTIVE"}
    for _ in range(2):
        dynamodb.then_refuse("ResourceNotFoundException")
    dynamodb.then_refuse("ResourceInUseException").then(200, {"Table": table})

    assert create_missing([Product], unavailable=CatalogueUnavailable) == [Product.Meta.table_name]
    assert dynamodb.calls == {"DescribeTable": 3, "CreateTable": 1}


def test_all_models_share_one_client():
    assert Product._get_connection().connection is dynamodb_connection()

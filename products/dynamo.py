"""DynamoDB as this room calls it: where it is silent, the catalogue is unavailable."""

from collections.abc import Callable
from typing import TypeVar

from products.errors import CatalogueUnavailable
from shop import dynamo
from shop.deadline import Deadline

T = TypeVar("T")


def call(operation: Callable[[], T], *, deadline: Deadline | None = None) -> T:
    """Run one operation that is harmless to repeat; see :func:`shop.dynamo.call`.

    Raises:
        CatalogueUnavailable: no answer within the attempts or the time.
        PynamoDBException: DynamoDB answered, and the answer is no.
    """
    return dynamo.call(operation, unavailable=CatalogueUnavailable, deadline=deadline)

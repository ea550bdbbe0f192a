"""Fixtures in the shop's words: products, buyers, and the books they must keep."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

import hypothesis
import pytest
from botocore.exceptions import EndpointConnectionError
from django.conf import settings
from pynamodb.connection import Connection
from rest_framework.test import APIClient

from orders import saga
from orders.models import Order
from orders.payments.choice import payment_gateway
from orders.payments.mock import MockGateway
from orders.quote import Line, Wish
from products import services
from products.models import Product, StockMovement, StockReservation, create_missing_tables
from shop import aws
from shop.aws import cognito_client, dynamodb_connection
from shop.deadline import Deadline
from shop.limits import RateCounter
from shop.wire import dump_json
from tests import catalogue

# No deadline: a loaded machine is no fault of the code. CI may ask for more with --hypothesis-profile=thorough.
hypothesis.settings.register_profile("quick", deadline=None, max_examples=40)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("quick")


@pytest.fixture(scope="session")
def tables() -> None:
    """The DynamoDB tables."""
    create_missing_tables()


@dataclass
class Shelf:
    """A product and what is known of its stock."""

    product_id: str

    @property
    def product(self) -> Product:
        return Product.get(self.product_id, consistent_read=True)

    @property
    def stock(self) -> int:
        return self.product.stock

    @property
    def moved(self) -> int:
        """Σ of all movements."""
        return sum(movement.delta for movement in StockMovement.query(self.product_id, consistent_read=True))

    @property
    def held(self) -> int:
        """Σ units in HELD reservations."""
        return sum(
            record.quantities.as_dict().get(self.product_id, 0)
            for record in StockReservation.scan(consistent_read=True)
            if record.state == StockReservation.HELD
        )

    def assert_books_balance(self) -> None:
        """I1 and I2: nothing lost, nothing doubled, nothing below zero."""
        stock = self.stock
        assert stock >= 0
        assert self.moved - stock == self.held


@pytest.fixture
def make_product(tables: None) -> Callable[..., Shelf]:
    """Put a new product on the shelf."""

    def make(**fields: Any) -> Shelf:
        product = services.create_product(
            fields={
                "name": "Mug",
                "price": Decimal("12.50"),
                "stock": 5,
                "category": f"c-{uuid.uuid4()}",
                **fields,
            }
        )
        return Shelf(product.product_id)

    return make


@pytest.fixture
def empty_catalogue(tables: None) -> None:
    """No product, reservation or movement but this test's own: for tests that look at all of them."""
    catalogue.empty_it()


@pytest.fixture
def mug(make_product: Callable[..., Shelf]) -> Shelf:
    """A mug: 5 in stock, 12.50 each."""
    return make_product()


@pytest.fixture(autouse=True)
def _closed_breaker() -> None:
    """No test meets the silence of another."""
    payment_gateway().reset()


@pytest.fixture
def gateway() -> MockGateway:
    """The mock provider."""
    return MockGateway()


Buy = Callable[..., Order]


@pytest.fixture
def buy(gateway: MockGateway) -> Buy:
    """Place an order of one product, or of several."""

    def place(
        what: Shelf | dict[str, int],
        units: int = 1,
        *,
        email: str = "ann+approve@example.com",
        **options: Any,
    ) -> Order:
        lines = what if isinstance(what, dict) else {what.product_id: units}
        order, _ = saga.place_order(
            Wish(
                user_id=options.pop("user_id", "anonymous"),
                user_email=email,
                lines=[
                    Line(product_id=product_id, quantity=quantity) for product_id, quantity in lines.items()
                ],
            ),
            idempotency_key=options.pop("key", None),
            gateway=options.pop("gateway", gateway),
            deadline=Deadline(options.pop("seconds", settings.ORDER_BUDGET_SECONDS)),
        )
        return order

    return place


@pytest.fixture
def held_by() -> Callable[[Order], dict[str, int] | None]:
    """What an order holds: productId -> units; {} once released; None if it never reserved."""

    def look(order: Order) -> dict[str, int] | None:
        try:
            record = StockReservation.get(str(order.uid), consistent_read=True)
        except StockReservation.DoesNotExist:
            return None
        return record.quantities.as_dict() if record.state == StockReservation.HELD else {}

    return look


class Api(APIClient):
    """A client that sends and reads JSON as ours do: exact text, no trailing slash."""

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send ``body`` (bytes as they are, anything else as JSON)."""
        content = body if isinstance(body, bytes) else b"" if body is None else dump_json(body)
        return self.generic(
            method,
            path,
            cast(str, content),
            content_type="application/json" if body is not None else "",
            headers=headers,
        )


@pytest.fixture
def api() -> Api:
    """A client without a token."""
    return Api()


@pytest.fixture
def closed_shop(settings: Any) -> None:
    """``REQUIRE_AUTH=true``, as in production."""
    settings.REQUIRE_AUTH = True


@pytest.fixture(scope="module")
def patient_dynamodb() -> Iterator[None]:
    """Wait for DynamoDB's answers: on a loaded machine, one that is lost costs a second unit."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aws, "DYNAMODB_READ_SECONDS", 30.0)
        aws._dynamodb_connection.cache_clear()
        yield
    aws._dynamodb_connection.cache_clear()


@pytest.fixture
def silent_counters(tables: None) -> Iterator[None]:
    """The rate limits' table gets no answer across; every other one does."""

    def cut(request: Any, **_: Any) -> None:
        if json.loads(request.body).get("TableName") == RateCounter.Meta.table_name:
            raise EndpointConnectionError(endpoint_url="http://dynamodb")

    events = dynamodb_connection().client.meta.events
    events.register_first("before-send.dynamodb", cut)
    yield
    events.unregister("before-send.dynamodb", cut)


@pytest.fixture
def calls() -> Iterator[list[str]]:
    """The calls to DynamoDB and Cognito, in their order, each as it is made."""
    sent: list[str] = []
    dispatch = Connection.dispatch

    def note(model: Any, **_: Any) -> None:
        sent.append(model.name)

    def note_and_dispatch(self: Connection, operation_name: str, operation_kwargs: Any) -> Any:
        sent.append(operation_name)
        return dispatch(self, operation_name, operation_kwargs)

    cognito_client().meta.events.register("before-call", note)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "dispatch", note_and_dispatch)  # reads may go past botocore
        yield sent
    cognito_client().meta.events.unregister("before-call", note)

"""Orders over HTTP."""

from collections.abc import Callable
from typing import cast

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from orders import limits, saga, selectors
from orders.errors import (
    EmailRequired,
    IdempotencyKeyReused,
    OrderNotCancellable,
    OrderNotFound,
    PaymentMethodRequired,
    PaymentUnavailable,
    PriceChanged,
    RequestInProgress,
    UnknownProduct,
)
from orders.models import Order
from orders.payments.choice import payment_gateway
from orders.quote import Wish
from orders.serializers import (
    ListOrdersQuery,
    OrderAnswer,
    OrderCancelAnswer,
    OrderListAnswer,
    OrderOutput,
    OrderSummaryOutput,
    PlacedOrderOutput,
    PlaceOrderAnswer,
    PlaceOrderInput,
)
from orders.states import CancelReason, OrderStatus
from products.errors import CatalogueUnavailable
from shop import headers
from shop.deadline import Deadline
from shop.errors import FieldError, TooManyRequestsError
from shop.limits import LimitsUnavailable
from shop.pagination import InvalidCursor, decode_cursor, encode_cursor
from shop.schema import Link, describe
from users.callers import ANONYMOUS_USER_ID, Caller, caller_of
from users.cognito import email_of
from users.errors import EmailMissing, IdentityUnavailable
from users.permissions import SignedInIfRequired
from users.tokens import Claims

SAMPLE_ORDER = {
    "email": "customer@example.com",
    "items": [
        {"productId": "prod_001", "productName": 'MacBook Pro 16"', "quantity": 1, "price": 2499.99},
        {"productId": "prod_002", "productName": "iPhone 15 Pro", "quantity": 2, "price": 1299.99},
    ],
}

_PLACED = {"order_id": "$response.body#/order/orderId"}
_READ = {"order_id": "$response.body#/order/id"}
_LISTED = {"order_id": "$response.body#/orders/0/id"}

ORDER_ID = OpenApiParameter(
    "order_id", str, OpenApiParameter.PATH, examples=[OpenApiExample("The first", value="1")]
)

PLACED_MESSAGES = {
    OrderStatus.PROCESSING: "Order created successfully",
    OrderStatus.PENDING: "Order created successfully; payment and stock are being settled",
}


def _placed_message(order: Order) -> str:
    words = PLACED_MESSAGES.get(OrderStatus(order.status))
    return words or f"Order cancelled: {order.cancel_reason.replace('_', ' ')}"


def _account_email(request: Request, caller: Caller) -> Callable[[], str]:
    """Return a way to find the account's address, for when it is needed: a repeat of a known key never is."""
    return lambda: email_of(caller, cast(Claims, request.auth).access_token)


def _check_email(caller: Caller | None, sent: str | None) -> None:
    if caller is None and sent is None:
        message = "An order without a token needs an e-mail address."
        raise EmailRequired(message, errors=[FieldError(field="/email", code="required", message=message)])


def _order_of(caller: Caller | None, order_id: str) -> Order:
    """Return an order the caller may see; looking in vain costs a unit, whether it is missing or another's.

    Raises:
        OrderNotFound: it is not there, or not the caller's.
        TooManyRequestsError, LimitsUnavailable: as little to be seen, and looked for too often.
    """
    try:
        return selectors.get_order(caller, order_id)
    except OrderNotFound:
        if caller is not None:
            limits.spend_miss(caller.sub)
        raise


class OrderListView(APIView):
    """The caller's orders."""

    permission_classes = (SignedInIfRequired,)

    @describe(
        operation_id="list_orders",
        success={200: (OrderListAnswer, "A page of orders, newest first.")},
        errors=[InvalidCursor],
        parameters=[ListOrdersQuery],
        links=[
            Link("get_order", _LISTED, words="The first of the page; the same for the others."),
            Link(
                "list_orders", {"cursor": "$response.body#/nextCursor"}, words="The next page, if not null."
            ),
        ],
    )
    def get(self, request: Request) -> Response:
        """List the caller's orders (an administrator's list has everybody's)."""
        query = ListOrdersQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        filters = {
            name: value for name, value in query.validated_data.items() if name not in {"limit", "cursor"}
        }
        caller = caller_of(request)
        names = [f"{name}={value}" for name, value in sorted(filters.items())]
        scope = "&".join(["orders", caller.sub if caller else ANONYMOUS_USER_ID, *names])
        cursor = query.validated_data.get("cursor")
        page, position = selectors.list_orders(
            caller,
            limit=query.validated_data["limit"],
            after=decode_cursor(cursor, scope=scope) if cursor else None,
            **filters,
        )
        return Response(
            {
                "success": True,
                "count": len(page),
                "orders": [OrderSummaryOutput(order).data for order in page],
                "nextCursor": encode_cursor(position, scope=scope) if position else None,
            }
        )

    @describe(
        operation_id="place_order",
        request=PlaceOrderInput,
        success={
            201: (
                PlaceOrderAnswer,
                "The order is durable. PROCESSING: paid and in stock. CANCELLED: see `cancelReason`. PENDING: a system "
                "did not answer; the order settles by itself.",
            )
        },
        errors=[
            UnknownProduct,
            PriceChanged,
            EmailRequired,
            EmailMissing,
            headers.InvalidIdempotencyKey,
            IdempotencyKeyReused,
            RequestInProgress,
            CatalogueUnavailable,
            PaymentMethodRequired,
            PaymentUnavailable,
            IdentityUnavailable,
            TooManyRequestsError,
            LimitsUnavailable,
        ],
        parameters=[headers.IDEMPOTENCY_KEY, headers.IDEMPOTENT_REPLAYED, headers.LOCATION],
        examples=[OpenApiExample("Two products", value=SAMPLE_ORDER)],
        links=[Link("get_order", _PLACED), Link("cancel_order", _PLACED)],
    )
    def post(self, request: Request) -> Response:
        """Place an order: 201 once it is durable; its status tells the outcome."""
        deadline = Deadline(settings.ORDER_BUDGET_SECONDS)
        body = PlaceOrderInput(data=request.data)
        body.is_valid(raise_exception=True)
        key = headers.idempotency_key_of(request)
        caller = caller_of(request)
        _check_email(caller, body.validated_data.get("email"))
        order, repeated = saga.place_order(
            Wish(
                user_id=caller.sub if caller else ANONYMOUS_USER_ID,
                user_email=body.validated_data.get("email"),
                account_email=_account_email(request, caller) if caller else None,
                lines=body.validated_data["items"],
                payment_method=body.validated_data.get("paymentMethod", ""),
                metadata=body.validated_data.get("metadata", {}),
                request_id=request.META.get("shop.request_id", ""),
            ),
            idempotency_key=key,
            gateway=payment_gateway(),
            deadline=deadline,
        )
        return Response(
            {"success": True, "message": _placed_message(order), "order": PlacedOrderOutput(order).data},
            status=201,
            headers={"Location": f"/orders/{order.pk}"}
            | ({"Idempotent-Replayed": "true"} if repeated else {}),
        )


class OrderDetailView(APIView):
    """One order."""

    permission_classes = (SignedInIfRequired,)

    @describe(
        operation_id="get_order",
        success={200: (OrderAnswer, "The order as it is now.")},
        errors=[OrderNotFound, TooManyRequestsError, LimitsUnavailable],
        parameters=[ORDER_ID],
        links=[Link("cancel_order", _READ)],
    )
    def get(self, request: Request, order_id: str) -> Response:
        """Read one of the caller's orders."""
        order = _order_of(caller_of(request), order_id)
        return Response({"success": True, "order": OrderOutput(order).data})


class OrderCancelView(APIView):
    """The cancellation of one order."""

    permission_classes = (SignedInIfRequired,)

    @describe(
        operation_id="cancel_order",
        success={
            200: (OrderCancelAnswer, "The order is CANCELLED: nothing is held, nothing is kept."),
            202: (OrderCancelAnswer, "Not finished in time; from now on the order can only end CANCELLED."),
        },
        errors=[OrderNotFound, OrderNotCancellable, TooManyRequestsError, LimitsUnavailable],
        parameters=[ORDER_ID],
        links=[Link("get_order", _READ)],
    )
    def put(self, request: Request, order_id: str) -> Response:
        """Cancel an order: at once while it is PENDING, with refund and restock while it is PROCESSING and young."""
        deadline = Deadline(settings.ORDER_BUDGET_SECONDS)
        caller = caller_of(request)
        order = _order_of(caller, order_id)
        foreign = caller is not None and order.user_id != caller.sub
        order = saga.cancel_order(
            order,
            reason=CancelReason.CANCELLED_BY_STAFF if foreign else CancelReason.CANCELLED_BY_CUSTOMER,
            gateway=payment_gateway(),
            deadline=deadline,
        )
        done = order.status == OrderStatus.CANCELLED
        return Response(
            {
                "success": True,
                "message": "Order cancelled successfully" if done else "The order is being cancelled",
                "order": OrderOutput(selectors.get_order(caller, order_id)).data,
            },
            status=200 if done else 202,
            headers=None if done else {"Retry-After": "2"},
        )

"""What can go wrong with an order."""

from shop.errors import (
    ConflictError,
    DomainError,
    NotFoundError,
    RetryLater,
    UnavailableError,
    UnprocessableError,
)


class OrderNotFound(NotFoundError):
    """There is no such order, or it is not the caller's."""

    code = "order_not_found"
    title = "Order not found"


class UnknownProduct(DomainError):
    """A line names a product that is not in the catalogue. Nothing was saved."""

    code = "unknown_product"
    title = "Unknown product"


class PriceChanged(ConflictError):
    """A line's `price` is not the catalogue's; each entry of `errors` carries `currentPrice`. Nothing was saved."""

    code = "price_changed"
    title = "Price changed"


class EmailRequired(DomainError):
    """An order without a token needs an `email`."""

    code = "email_required"
    title = "E-mail address required"


class OrderNotCancellable(ConflictError):
    """The order was paid longer ago than the cancellation window allows, or was shipped."""

    code = "order_not_cancellable"
    title = "Order not cancellable"


class IdempotencyKeyReused(UnprocessableError):
    """This `Idempotency-Key` was used with another body."""

    code = "idempotency_key_reused"
    title = "Idempotency key reused"


class RequestInProgress(ConflictError, RetryLater):
    """The first request with this `Idempotency-Key` is still being worked on; ask again after `Retry-After` seconds."""

    code = "request_in_progress"
    title = "Request in progress"
    retry_after_seconds = 2


class PaymentMethodRequired(DomainError):
    """This shop's payment provider charges a card, so the order needs a `paymentMethod`. Nothing was saved."""

    code = "payment_method_required"
    title = "Payment method required"


class PaymentUnavailable(UnavailableError):
    """The payment provider did not answer lately, so no order is begun. Nothing was saved, nothing is held."""

    code = "payment_unavailable"
    title = "Payment unavailable"
    retry_after_seconds = 5


class InvalidSignature(DomainError):
    """An event that the payment provider has not signed, or that is too old."""

    code = "invalid_signature"
    title = "Invalid signature"


class SalesNotReady(UnavailableError):
    """Earlier days are still being added up; the report can be read once they are. A year takes some minutes, once."""

    code = "sales_not_ready"
    title = "Sales not ready"
    retry_after_seconds = 10

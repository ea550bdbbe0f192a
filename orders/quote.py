"""What a customer asks for, and what it comes to at the catalogue's prices. Writes nothing."""

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from orders.errors import PriceChanged, UnknownProduct
from orders.keys import Key
from orders.new_order import NewOrder, PricedLine
from products.models import Product
from products.selectors import get_products
from shop.deadline import Deadline
from shop.errors import FieldError


@dataclass(frozen=True, kw_only=True)
class Line:
    """One wanted product.

    Attributes:
        product_id: which.
        quantity: units, 1 to 10,000.
        prices: the prices the client named for it, each with the JSON Pointer to its line.
        pointer: the JSON Pointer to the (first) line that names it.
    """

    product_id: str
    quantity: int
    prices: Mapping[str, Decimal] = field(default_factory=dict)
    pointer: str = ""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """An order as a customer asks for it."""

    user_id: str
    user_email: str | None  # as sent; None: the account's, which ``account_email`` finds out
    account_email: Callable[[], str] | None = None
    lines: Sequence[Line]
    payment_method: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    request_id: str = ""


def priced(wish: Wish, *, deadline: Deadline) -> NewOrder:
    """Look every line up in the catalogue, the authority for names and prices.

    Raises:
        UnknownProduct, PriceChanged: every line that is wrong is named.
        CatalogueUnavailable: DynamoDB did not answer.
    """
    products = get_products([line.product_id for line in wish.lines], deadline=deadline)
    _refuse_unknown(wish.lines, products)
    _refuse_changed(wish.lines, products)
    return NewOrder(
        uid=uuid.uuid4(),
        user_id=wish.user_id,
        user_email=_email_of(wish),
        lines=[
            PricedLine(
                product_id=line.product_id,
                product_name=products[line.product_id].name,
                category=products[line.product_id].category,
                quantity=line.quantity,
                price=products[line.product_id].price,
            )
            for line in wish.lines
        ],
        payment_method=wish.payment_method,
        metadata=wish.metadata,
        request_id=wish.request_id,
    )


def _refuse_unknown(lines: Sequence[Line], products: Mapping[str, Product]) -> None:
    unknown = [line for line in lines if line.product_id not in products]
    if unknown:
        raise UnknownProduct(
            f"Not in the catalogue: {', '.join(line.product_id for line in unknown)}.",
            errors=[
                FieldError(
                    field=f"{line.pointer}/productId",
                    code="unknown_product",
                    message=f"There is no product {line.product_id!r}.",
                )
                for line in unknown
            ],
        )


def _refuse_changed(lines: Sequence[Line], products: Mapping[str, Product]) -> None:
    changed = [
        FieldError(
            field=f"{pointer}/price",
            code="price_changed",
            message=f"{line.product_id} costs {products[line.product_id].price:.2f} now.",
            extra={"productId": line.product_id, "currentPrice": products[line.product_id].price},
        )
        for line in lines
        for pointer, price in line.prices.items()
        if price != products[line.product_id].price
    ]
    if changed:
        raise PriceChanged("A price is not the catalogue's any more; nothing was ordered.", errors=changed)


def _email_of(wish: Wish) -> str:
    if wish.user_email is not None:
        return wish.user_email
    if wish.account_email is None:
        raise ValueError("a wish without an address needs a way to find one")
    return wish.account_email()


def key_of(wish: Wish, *, idempotency_key: str | None) -> Key | None:
    """Hash a caller's key, and what the caller asks for under it."""
    if idempotency_key is None:
        return None
    body = {
        "email": wish.user_email,
        "lines": sorted(
            [line.product_id, line.quantity, *sorted({str(price) for price in line.prices.values()})]
            for line in wish.lines
        ),
        "payment_method": wish.payment_method,
        "metadata": dict(wish.metadata),
    }
    return Key(
        key_hash=hashlib.sha256(f"{wish.user_id}\0{idempotency_key}".encode()).hexdigest(),
        fingerprint=hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest(),
    )

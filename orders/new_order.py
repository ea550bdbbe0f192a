"""What an order is recorded from: lines with the catalogue's names and prices. Data alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class PricedLine:
    """One line with the catalogue's name and price, as of now."""

    product_id: str
    product_name: str
    category: str = ""
    quantity: int
    price: Decimal


@dataclass(frozen=True, kw_only=True)
class NewOrder:
    """Everything that an order is recorded from; money in the shop's currency."""

    uid: UUID
    user_id: str
    user_email: str
    lines: Sequence[PricedLine]
    payment_method: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    request_id: str = ""

    @property
    def total(self) -> Decimal:
        """Σ quantity × price, exact."""
        return sum((line.quantity * line.price for line in self.lines), Decimal("0.00"))

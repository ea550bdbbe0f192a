"""The DynamoDB tables: one test compares this list with the shop's models, another with the template.

Standard library only, so that both programs can read it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Index:
    """A global secondary index that holds keys only."""

    name: str
    key: str
    sort: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table; every key is a string.

    Attributes:
        setting: the shop's variable that names it.
        name: last part of its physical name.
        expires: the attribute after whose time DynamoDB forgets an item; empty for never.
    """

    setting: str
    name: str
    key: str
    sort: str = ""
    expires: str = ""
    indexes: tuple[Index, ...] = ()


TABLES = (
    Table(
        setting="PRODUCTS_TABLE",
        name="products",
        key="productId",
        # Keys only, so that no sale ever writes them.
        indexes=(
            Index(name="catalogue", key="catalogue", sort="listKey"),
            Index(name="category", key="category", sort="listKey"),
        ),
    ),
    Table(setting="RESERVATIONS_TABLE", name="stock-reservations", key="orderUid"),
    Table(
        setting="MOVEMENTS_TABLE",
        name="stock-movements",
        key="productId",
        sort="movementId",
        indexes=(Index(name="history", key="productId", sort="createdAt"),),
    ),
    Table(setting="RATE_LIMITS_TABLE", name="rate-limits", key="key", expires="expiresAt"),
)

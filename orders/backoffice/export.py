"""The filtered list of orders as CSV: streamed, a few hundred rows in memory at a time."""

from collections.abc import Iterator

from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from orders.models import Order
from shop.csv import Cell, written

CHUNK = 500
COLUMNS = (
    *("order", "uid", "status", "cancel_reason", "customer_id", "customer_email", "total", "currency"),
    *("items", "placed_at", "shipped_at", "tracking_number", "request_id"),
)


def csv_of(orders: QuerySet[Order]) -> StreamingHttpResponse:
    """Return a download of all these orders, the highest number first."""
    response = StreamingHttpResponse(written(_rows(orders)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="orders.csv"'
    return response


def _rows(orders: QuerySet[Order]) -> Iterator[tuple[Cell, ...]]:
    yield COLUMNS
    # By pages: MySQL's driver would fetch the whole answer of one query before it gives out its first row.
    last: int | None = None
    while True:
        page = orders.order_by("-pk") if last is None else orders.order_by("-pk").filter(pk__lt=last)
        found = list(page[:CHUNK])
        yield from (_row(order) for order in found)
        if len(found) < CHUNK:
            return
        last = found[-1].pk


def _row(order: Order) -> tuple[Cell, ...]:
    return (
        *(order.pk, str(order.uid), order.status, order.cancel_reason),
        *(order.user_id, order.user_email, order.total, order.currency),
        *(order.item_count, order.created_at.isoformat()),
        *(
            order.shipped_at.isoformat() if order.shipped_at else None,
            order.tracking_number,
            order.request_id,
        ),
    )

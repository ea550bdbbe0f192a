"""The promises, checked across all three systems: MySQL, DynamoDB and the payment provider's own books. Reads only.

The numbers are those of docs/saga.md. Each system is read on its own, so while orders are under way two readings
may not fit together; :func:`verify` looks again before it counts what it saw.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

from orders.models import IdempotencyKey, Order, OrderEvent, database_now
from orders.payments.gateway import Charge, PaymentGateway
from orders.states import STEP_TRANSITIONS, TRANSITIONS, OrderStatus, PaymentStatus, Step
from products.books import Hold, read_holds, read_holds_of, read_movements, read_stocks

LOOKS = 4  # the first, and three more
SECONDS_BETWEEN_LOOKS = 1.0
ORPHAN_SECONDS = 60
CHUNK = 500


@dataclass(frozen=True, order=True)
class Violation:
    """One promise that does not hold.

    Attributes:
        invariant: its number, ``I4``.
        subject: what it is about, ``order 12`` or ``product prod_001``.
        finding: what should be and what is.
        amount: by how much; what is wrong by another amount at each look is under way, not wrong.
    """

    invariant: str
    subject: str
    finding: str
    amount: Decimal = Decimal(0)

    def __str__(self) -> str:
        return f"{self.invariant}  {self.subject}: {self.finding}"


@dataclass(frozen=True)
class Report:
    """What one verification saw.

    Attributes:
        violations: in order of their numbers.
        orders, products: how many were read.
        open_orders: how many are not settled; no violation while they are young or a system is down.
    """

    violations: list[Violation]
    orders: int
    products: int
    open_orders: int


def verify(*, gateway: PaymentGateway, quiet: bool = False, newest: int | None = None) -> Report:
    """Check every promise.

    Args:
        gateway: whose books are read.
        quiet: nothing is under way: one look counts, and every order must be settled (I17). Otherwise only what
            is wrong in each of four looks counts.
        newest: look at so many of the newest orders only, and at nothing that takes reading whole tables (stock as a
            whole, reservations without an order, idempotency keys).
    """
    report = _look(gateway, quiet=quiet, newest=newest)
    for _ in range(0 if quiet else LOOKS - 1):
        if not report.violations:
            break
        time.sleep(SECONDS_BETWEEN_LOOKS)
        again = _look(gateway, quiet=quiet, newest=newest)
        known = {
            (violation.invariant, violation.subject, violation.amount) for violation in report.violations
        }
        lasting = [v for v in again.violations if (v.invariant, v.subject, v.amount) in known]
        report = Report(lasting, again.orders, again.products, again.open_orders)
    return report


def _look(gateway: PaymentGateway, *, quiet: bool, newest: int | None) -> Report:
    if newest is None:
        return _look_at_all(gateway, quiet=quiet)
    return _look_at_newest(gateway, most=newest, quiet=quiet)


def _look_at_all(gateway: PaymentGateway, *, quiet: bool) -> Report:
    ledger = _read_ledger(gateway)
    holds, stocks = read_holds(), read_stocks()  # as close together as can be
    found = list(_check_stock(stocks, read_movements(), holds.values()))
    orders = Order.objects.order_by("pk").prefetch_related("items").iterator(chunk_size=CHUNK)
    seen, open_orders = _check_orders(
        orders, found, holds=holds, ledger=ledger, histories=_histories(), quiet=quiet
    )
    found += _check_held_strays(seen, holds)
    found += _check_paid_strays(seen, ledger)
    found += _check_keys()
    return Report(sorted(found), len(seen), len(stocks), open_orders)


def _look_at_newest(gateway: PaymentGateway, *, most: int, quiet: bool) -> Report:
    # As found here, so that what is placed meanwhile counts neither as missing nor as too much.
    orders = list(Order.objects.order_by("-pk").prefetch_related("items")[:most])
    if not orders:
        return Report([], 0, 0, 0)
    found: list[Violation] = []
    oldest = min(order.created_at for order in orders)
    ledger = _read_ledger(gateway, since=oldest - timedelta(seconds=ORPHAN_SECONDS))
    seen, open_orders = _check_orders(
        orders,
        found,
        holds=read_holds_of([str(order.uid) for order in orders]),
        ledger=ledger,
        histories=_histories(since=min(order.pk for order in orders)),
        quiet=quiet,
    )
    known = Order.objects.filter(uid__in=[uid for uid in ledger if str(uid) not in seen])
    found += _check_paid_strays(seen | {str(uid) for uid in known.values_list("uid", flat=True)}, ledger)
    return Report(sorted(found), len(seen), 0, open_orders)


def _read_ledger(gateway: PaymentGateway, *, since: datetime | None = None) -> Mapping[UUID, list[Charge]]:
    ledger: dict[UUID, list[Charge]] = defaultdict(list)
    for charge in gateway.ledger(since=since):
        ledger[charge.uid].append(charge)
    return ledger


def _check_orders(
    orders: Iterable[Order],
    found: list[Violation],
    *,
    holds: Mapping[str, Hold],
    ledger: Mapping[UUID, list[Charge]],
    histories: Mapping[int, list[tuple[int, str, str]]],
    quiet: bool,
) -> tuple[set[str], int]:
    """Add to ``found`` what is wrong with each order; return the uids seen, and how many are open."""
    seen: set[str] = set()
    open_orders = 0
    for order in orders:
        seen.add(str(order.uid))
        found += _check_order(order, hold=holds.get(str(order.uid)), charges=ledger.get(order.uid, []))
        found += _check_history(order, histories.get(order.pk, []))
        open_orders += order.step != Step.DONE
        if quiet and order.step != Step.DONE:
            found.append(Violation("I17", f"order {order.pk}", f"still {order.status}/{order.step}"))
    return seen, open_orders


# ---- DynamoDB alone ----------------------------------------------------------------------------------------


def _check_stock(
    stocks: Mapping[str, Decimal], movements: Mapping[str, int], holds: Iterable[Hold]
) -> Iterator[Violation]:
    held: Counter[str] = Counter()
    for hold in holds:
        if hold.held:
            held.update(hold.quantities)
    for product_id in sorted(stocks.keys() | movements.keys() | held.keys()):
        subject, stock = f"product {product_id}", stocks.get(product_id)
        if stock is None:
            yield Violation("I1", subject, "moved or held, but there is no such product")
            continue
        if stock < 0 or stock != stock.to_integral_value():
            yield Violation("I2", subject, f"the stock is {stock}; it must be a whole number from 0")
        moved, out = movements.get(product_id, 0), held[product_id]
        if moved - stock != out:
            yield Violation(
                "I1",
                subject,
                f"moved {moved} − stock {stock} = {moved - stock}, but orders hold {out}",
                amount=moved - stock - out,
            )


# ---- one order across the systems --------------------------------------------------------------------------


def _check_order(order: Order, *, hold: Hold | None, charges: list[Charge]) -> Iterator[Violation]:
    subject = f"order {order.pk}"
    lines = {item.product_id: item.quantity for item in order.items.all()}
    total = sum((item.quantity * item.price for item in order.items.all()), Decimal(0))
    if total != order.total or len(lines) != order.item_count:
        yield Violation(
            "I7", subject, f"total {order.total} of {order.item_count} lines, but the lines make {total}"
        )
    if hold is not None and hold.held and hold.quantities != lines:
        yield Violation("I3", subject, f"ordered {lines}, but holds {dict(hold.quantities)}")
    captured = [
        charge for charge in charges if charge.status in {PaymentStatus.CAPTURED, PaymentStatus.REFUNDED}
    ]
    if len(captured) > 1:
        yield Violation("I5", subject, f"charged {len(captured)} times")
    if order.step != Step.DONE:
        return
    kept = sum((charge.amount - charge.refunded for charge in captured), Decimal(0))
    if order.status == OrderStatus.PROCESSING:
        yield from _check_paid(order, subject, hold=hold, kept=kept)
    elif order.status == OrderStatus.CANCELLED:
        yield from _check_cancelled(order, subject, hold=hold, kept=kept)
    else:
        yield Violation("I12", subject, f"done, but {order.status}")


def _check_paid(order: Order, subject: str, *, hold: Hold | None, kept: Decimal) -> Iterator[Violation]:
    if hold is None or not hold.held:
        yield Violation("I4", subject, "PROCESSING, but holds no stock")
    if kept != order.total:
        yield Violation("I6", subject, f"PROCESSING over {order.total}, but the provider kept {kept}")
    if order.cancel_requested_at is not None:
        yield Violation("I14", subject, "PROCESSING, although its cancellation was accepted")


def _check_cancelled(order: Order, subject: str, *, hold: Hold | None, kept: Decimal) -> Iterator[Violation]:
    if hold is None:
        yield Violation("I3", subject, "CANCELLED, but nothing stops a late reservation")
    elif hold.held:
        yield Violation("I4", subject, f"CANCELLED, but still holds {dict(hold.quantities)}")
    if kept:
        yield Violation("I6", subject, f"CANCELLED, but the provider kept {kept}")
    if not order.cancel_reason:
        yield Violation("I12", subject, "CANCELLED without a reason")


# ---- histories, strays, keys -------------------------------------------------------------------------------


def _histories(*, since: int = 0) -> dict[int, list[tuple[int, str, str]]]:
    histories: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
    events = OrderEvent.objects.filter(order_id__gte=since).order_by("order_id", "seq")
    rows = events.values_list("order_id", "seq", "status", "step")
    for order_id, seq, status, step in rows.iterator(chunk_size=CHUNK):
        histories[order_id].append((seq, status, step))
    return histories


def _check_history(order: Order, history: list[tuple[int, str, str]]) -> Iterator[Violation]:
    subject = f"order {order.pk}"
    numbers = [seq for seq, _, _ in history]
    if numbers != list(range(1, len(numbers) + 1)):
        yield Violation("I13", subject, f"its history is numbered {numbers}")
    if not history or history[-1][1:] != (order.status, order.step):
        last = "/".join(history[-1][1:]) if history else "empty"
        yield Violation("I13", subject, f"is {order.status}/{order.step}, but its history ends with {last}")
    for (_, status, step), (_, next_status, next_step) in pairwise(history):
        stays = (status, step) == (next_status, next_step)
        status_moves = status == next_status or next_status in TRANSITIONS[OrderStatus(status)]
        step_moves = step == next_step or next_step in STEP_TRANSITIONS[Step(step)]
        if not (stays or (status_moves and step_moves)):
            yield Violation("I12", subject, f"went from {status}/{step} to {next_status}/{next_step}")


def _check_held_strays(seen: set[str], holds: Mapping[str, Hold]) -> Iterator[Violation]:
    old = database_now() - timedelta(seconds=ORPHAN_SECONDS)
    for uid, hold in holds.items():
        if hold.held and uid not in seen and hold.created_at < old:
            yield Violation("I3", f"reservation {uid}", f"holds {dict(hold.quantities)} for no order")


def _check_paid_strays(seen: set[str], ledger: Mapping[UUID, list[Charge]]) -> Iterator[Violation]:
    old = database_now() - timedelta(seconds=ORPHAN_SECONDS)
    for key, charges in ledger.items():
        kept = sum(
            (charge.amount - charge.refunded for charge in charges if charge.status == "CAPTURED"), Decimal(0)
        )
        if kept and str(key) not in seen and min(charge.created_at for charge in charges) < old:
            yield Violation("I10", f"payment {key}", f"{kept} taken for no order")


def _check_keys() -> Iterator[Violation]:
    known = Order.objects.values("uid")
    for key in IdempotencyKey.objects.exclude(order_uid__in=known):
        yield Violation(
            "I8", f"idempotency key {key.key_hash[:12]}…", f"names order {key.order_uid}, which is not there"
        )

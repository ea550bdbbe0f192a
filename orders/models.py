"""The orders in MySQL. Only :mod:`orders.saga` writes ``status`` and ``step``, each time by a compare-and-set."""

import uuid
from datetime import UTC, datetime

from django.db import connection, models
from django.db.models.functions import Now
from django.utils.functional import cached_property

from orders.daily import ChangedDay, DailyFigures, DailySales
from orders.payments.intents import StripeIntent
from orders.payments.ledger import MockLedgerEntry
from orders.states import CancelReason, OrderStatus, PaymentStatus, Step


def database_now() -> datetime:
    """Return the time of the database, the one clock all processes share (UTC)."""
    sql = (
        "SELECT UTC_TIMESTAMP(6)"
        if connection.vendor == "mysql"
        else "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        value = cursor.fetchone()[0]
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC)


class Order(models.Model):
    """One order: what was bought at which price, and how far the saga is with it."""

    id = models.BigAutoField(primary_key=True)  # what clients see; outside systems know the uid alone
    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    user_id = models.CharField(max_length=128)  # Cognito's sub, or "anonymous"
    user_email = models.CharField(max_length=254)
    status = models.CharField(max_length=12, choices=OrderStatus.choices, default=OrderStatus.PENDING)
    step = models.CharField(max_length=16, choices=Step.choices, default=Step.CREATED)
    cancel_reason = models.CharField(max_length=24, choices=CancelReason.choices, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_reason = models.CharField(max_length=24, choices=CancelReason.choices, blank=True)
    total = models.DecimalField(max_digits=15, decimal_places=2)  # in ``currency``
    currency = models.CharField(max_length=3)
    item_count = models.PositiveSmallIntegerField()  # lines
    payment_method = models.CharField(max_length=255, blank=True)
    metadata = models.JSONField(default=dict)
    request_id = models.CharField(max_length=128, blank=True)  # of the request that placed it
    # Until then somebody is at work on it; null once DONE. The next try waits for it too.
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)  # tries that ended without an answer
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True, blank=True)  # when it first was PROCESSING or CANCELLED
    shipped_at = models.DateTimeField(null=True, blank=True)
    tracking_number = models.CharField(
        max_length=64, blank=True, db_default=""
    )  # the carrier's, once shipped

    class Meta:
        db_table = "orders"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["user_id", "-created_at", "-id"], name="orders_user_newest"),
            models.Index(
                fields=["user_id", "status", "-created_at", "-id"], name="orders_user_status_newest"
            ),
            models.Index(fields=["-created_at", "-id"], name="orders_newest"),
            models.Index(fields=["status", "-created_at", "-id"], name="orders_status_newest"),
            models.Index(fields=["lease_until"], name="orders_due"),
            # Staff look for orders by these.
            models.Index(fields=["cancel_reason", "-created_at", "-id"], name="orders_reason_newest"),
            models.Index(fields=["user_email", "-created_at", "-id"], name="orders_email_newest"),
            models.Index(fields=["total"], name="orders_total"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(total__gte=0), name="orders_total_not_negative")
        ]
        permissions = [  # of staff; who holds which: orders.backoffice.roles
            ("retry_order", "Can have an open order tried again now"),
            ("cancel_order", "Can cancel an order, with refund and restock"),
            ("ship_order", "Can mark an order as shipped"),
            ("release_reservation", "Can release a reservation that no order holds"),
        ]

    def __str__(self) -> str:
        return f"order {self.pk}"

    @cached_property
    def quantities(self) -> dict[str, int]:
        """Units by product. Kept once it is known: the lines never change after the order is recorded."""
        return dict(self.items.values_list("product_id", "quantity"))


class OrderItem(models.Model):
    """One line: a product as it was when the order was recorded."""

    id = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="items")
    product_id = models.CharField(max_length=64)
    product_name = models.CharField(max_length=200)
    category = models.CharField(max_length=100, blank=True, db_default="")  # empty: not recorded then
    quantity = models.PositiveIntegerField()
    price = models.DecimalField(max_digits=12, decimal_places=2)  # of one unit

    class Meta:
        db_table = "order_items"
        ordering = ["id"]
        indexes = [  # staff look for the orders of a product
            models.Index(fields=["product_id", "order"], name="order_items_product"),
            models.Index(fields=["product_name", "order"], name="order_items_product_name"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["order", "product_id"], name="order_items_one_line_per_product")
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product_name}"


class Payment(models.Model):
    """What the provider told us about an order's money. The provider's own books are the truth."""

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="payment")
    gateway = models.CharField(max_length=16)
    reference = models.CharField(max_length=255)
    status = models.CharField(max_length=16, choices=PaymentStatus.choices)
    amount = models.DecimalField(max_digits=15, decimal_places=2)
    refunded = models.DecimalField(max_digits=15, decimal_places=2, default=0)
    currency = models.CharField(max_length=3)
    decline_code = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "payments"

    def __str__(self) -> str:
        return f"{self.reference} {self.status}"


class OrderEvent(models.Model):
    """One thing that happened to an order, in the same commit as the change it tells of. Never changed."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="events")
    seq = models.PositiveIntegerField()  # 1, 2, 3, … without gaps
    kind = models.CharField(
        max_length=32
    )  # recorded, charging, processing, aborting, cancelled, cancel_requested, …
    status = models.CharField(max_length=12, choices=OrderStatus.choices)  # after it
    step = models.CharField(max_length=16, choices=Step.choices)  # after it
    detail = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "order_events"
        ordering = ["seq"]
        constraints = [models.UniqueConstraint(fields=["order", "seq"], name="order_events_one_per_seq")]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"


class IdempotencyKey(models.Model):
    """One ``Idempotency-Key`` of one caller: which order it made, from which body."""

    key_hash = models.CharField(
        max_length=64, unique=True
    )  # SHA-256 of scope and key: no collation can confuse it
    fingerprint = models.CharField(max_length=64)  # SHA-256 of what was asked for (see quote.key_of)
    order_uid = models.UUIDField()
    answer_due = models.DateTimeField(
        null=True
    )  # until then the first request may still answer; null: it has
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        db_table = "idempotency_keys"
        indexes = [models.Index(fields=["order_uid"], name="idempotency_keys_order")]

    def __str__(self) -> str:
        return self.key_hash[:12]


class BackgroundReport(models.Model):
    """The last word of one loop of the background process, where every task can read it: one row for each kind."""

    kind = models.CharField(max_length=16, primary_key=True)  # those of orders.figures: state, drift
    reported_at = models.DateTimeField()  # on the database's clock
    detail = models.JSONField(default=dict)

    class Meta:
        db_table = "background_reports"

    def __str__(self) -> str:
        return f"{self.kind} at {self.reported_at:%Y-%m-%d %H:%M:%S}"


__all__ = [
    "BackgroundReport",
    "ChangedDay",
    "DailyFigures",
    "DailySales",
    "IdempotencyKey",
    "MockLedgerEntry",
    "Order",
    "OrderEvent",
    "OrderItem",
    "Payment",
    "StripeIntent",
    "database_now",
]

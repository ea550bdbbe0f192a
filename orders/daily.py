"""What is kept of each day's orders, so that no page adds up millions of rows: tables alone, filled by :mod:`orders.rollup`."""

from datetime import UTC, datetime

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone


class DailyFigures(models.Model):
    """One closed day (UTC), its orders by how they stand now. Worked out from ``orders``, never the other way round.

    Deleting a row does no harm: it is worked out again.
    """

    day = models.DateField(primary_key=True)  # on which the orders were placed
    orders = models.PositiveIntegerField(default=0)  # all of them
    paid = models.PositiveIntegerField(default=0)  # and not cancelled: the sales
    declined = models.PositiveIntegerField(default=0)
    out_of_stock = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)  # for any other reason
    unsettled = models.PositiveIntegerField(default=0)
    units = models.PositiveBigIntegerField(default=0)  # sold
    revenue = models.DecimalField(
        max_digits=20, decimal_places=2, default=0
    )  # of the sales, in the shop's currency
    settled_p50_ms = models.PositiveBigIntegerField(null=True)  # from placed to settled; null: none was
    settled_p95_ms = models.PositiveBigIntegerField(null=True)
    version = models.PositiveIntegerField(default=0)  # counts the times it was worked out
    counted_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "daily_figures"

    def __str__(self) -> str:
        return f"{self.day}: {self.orders} orders"


class DailySales(models.Model):
    """What one product, or one category, sold on one closed day."""

    PRODUCT, CATEGORY = "product", "category"

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=8)
    day = models.DateField()
    code = models.CharField(max_length=100)  # the product's id, or the category
    name = models.CharField(max_length=200)
    orders = models.PositiveIntegerField()
    units = models.PositiveBigIntegerField()
    revenue = models.DecimalField(max_digits=20, decimal_places=2)

    class Meta:
        db_table = "daily_sales"
        indexes = [models.Index(fields=["kind", "day"], name="daily_sales_kind_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.units} × {self.name}"


class ChangedDay(models.Model):
    """An order of an earlier day was settled or cancelled: that day's figures are to be worked out again.

    Only ever added, and deleted by who has worked the day out: nobody waits for a lock.
    """

    id = models.BigAutoField(primary_key=True)
    day = models.DateField(db_index=True)

    class Meta:
        db_table = "daily_changes"

    def __str__(self) -> str:
        return f"{self.day}"


def note_change(placed_at: datetime) -> None:
    """Note, in the caller's transaction, that an order's outcome has changed; today's is counted at each look anyway."""
    day = placed_at.astimezone(UTC).date()
    if day < timezone.now().date():
        ChangedDay.objects.create(day=day)

"""The mock provider's own books. A table apart from ``payments``: it stands for another company's database."""

from django.db import models

from orders.states import PaymentStatus


class MockLedgerEntry(models.Model):
    """What the mock provider did under one key; written once, then at most refunded."""

    key = models.UUIDField(unique=True)
    status = models.CharField(max_length=16, choices=PaymentStatus.choices)
    amount = models.DecimalField(max_digits=15, decimal_places=2)
    refunded = models.DecimalField(max_digits=15, decimal_places=2, default=0)
    currency = models.CharField(max_length=3)
    decline_code = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)  # the newest are verified each minute
    refunded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "orders"
        db_table = "mock_provider_ledger"

    def __str__(self) -> str:
        return f"{self.key} {self.status}"

"""Idempotency keys after their order is recorded: found again, answered, forgotten. The record inserts them."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from orders.models import IdempotencyKey, database_now

KEYS_PER_DELETE = 1000


@dataclass(frozen=True, kw_only=True)
class Key:
    """An idempotency key as it is stored: hashes, so that neither length nor collation matters."""

    key_hash: str
    fingerprint: str


def find_key(key: Key) -> IdempotencyKey | None:
    """Return the stored idempotency key, if it was used."""
    return IdempotencyKey.objects.filter(key_hash=key.key_hash).first()


def mark_answered(key: Key) -> None:
    """Note that the request that made the order has its answer; repeats need not wait for it."""
    IdempotencyKey.objects.filter(key_hash=key.key_hash).update(answer_due=None)


def forget_old_keys() -> int:
    """Delete idempotency keys that are older than ``IDEMPOTENCY_KEY_HOURS``; return how many.

    In small bites, so that no delete holds locks for long. Orders and their uniqueness do not depend on them.
    """
    oldest = database_now() - timedelta(hours=settings.IDEMPOTENCY_KEY_HOURS)
    deleted = 0
    while ids := list(
        IdempotencyKey.objects.filter(created_at__lt=oldest).values_list("pk", flat=True)[:KEYS_PER_DELETE]
    ):
        deleted += IdempotencyKey.objects.filter(pk__in=ids).delete()[0]
    return deleted

"""A circuit breaker around a payment provider: while it is silent, it is not asked, and new orders are not begun.

Silence counts, a decline does not. The state is this process's own; each finds out for itself, which takes a few calls.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pybreaker
import structlog

from orders.payments.gateway import Charge, PaymentGateway, PaymentOutcomeUnknown
from shop.metrics import PAYMENT_BREAKER_OPEN, emit

log = structlog.get_logger("orders.payments.breaker")

FAILURES_TO_OPEN = 5  # in a row
PROBE_SECONDS = 5.0  # after this, one order may find out whether the provider is back


class _Watch(pybreaker.CircuitBreakerListener):
    """Tells of every change of state."""

    def state_change(self, cb: pybreaker.CircuitBreaker, old_state: Any, new_state: Any) -> None:
        """Log it, and count it."""
        log.warning("the payment breaker changed", breaker=cb.name, was=old_state.name, state=new_state.name)
        emit(PAYMENT_BREAKER_OPEN, float(new_state.name == pybreaker.STATE_OPEN))


class BreakerGateway:
    """A gateway that gives up at once while the one it wraps is silent.

    ``calling()`` is the only door of the library that is used: its others hold a lock during the call.
    """

    def __init__(self, inner: PaymentGateway) -> None:
        self._inner = inner
        self.name = inner.name
        self.needs_payment_method = inner.needs_payment_method
        self._storage = pybreaker.CircuitMemoryStorage(pybreaker.STATE_CLOSED)
        self._breaker = pybreaker.CircuitBreaker(
            name=inner.name,
            fail_max=FAILURES_TO_OPEN,
            reset_timeout=PROBE_SECONDS,
            exclude=[lambda error: not isinstance(error, PaymentOutcomeUnknown)],
            listeners=[_Watch()],
            state_storage=self._storage,
            throw_new_error_on_trip=False,
        )
        self._lock = threading.Lock()
        self._next_probe = 0.0  # on the monotonic clock

    @property
    def state(self) -> str:
        """``closed`` (all is well), ``open`` (not asked) or ``half-open`` (being tried)."""
        return self._breaker.current_state

    @property
    def asks(self) -> bool:
        """Whether the provider is asked: the breaker is not open."""
        return bool(self.state != pybreaker.STATE_OPEN)

    def reset(self) -> None:
        """Forget what was: closed again."""
        if self.state != pybreaker.STATE_CLOSED or self._breaker.fail_counter:
            self._breaker.close()
        self._next_probe = 0.0

    def available(self) -> bool:
        """Tell whether a new order is worth beginning: yes while closed; while open, one order per probe time."""
        if self.state == pybreaker.STATE_CLOSED:
            return self._inner.available()
        opened_at = self._storage.opened_at
        waited = (datetime.now(UTC) - opened_at).total_seconds() if opened_at else PROBE_SECONDS
        if waited < PROBE_SECONDS:
            emit(PAYMENT_BREAKER_OPEN, 1)
            return False
        with self._lock:  # many may ask at this moment; the provider is tried with one order
            now = time.monotonic()
            if now < self._next_probe:
                return False
            self._next_probe = now + PROBE_SECONDS
        return True

    def charge(
        self,
        *,
        uid: UUID,
        amount: Decimal,
        currency: str,
        email: str,
        payment_method: str,
        timeout_seconds: float,
    ) -> Charge:
        """Charge, unless the breaker is open."""
        with self._calling():
            return self._inner.charge(
                uid=uid,
                amount=amount,
                currency=currency,
                email=email,
                payment_method=payment_method,
                timeout_seconds=timeout_seconds,
            )

    def find(self, *, uid: UUID, timeout_seconds: float) -> Charge | None:
        """Look a key up, unless the breaker is open."""
        with self._calling():
            return self._inner.find(uid=uid, timeout_seconds=timeout_seconds)

    def void(self, *, uid: UUID, timeout_seconds: float) -> Charge:
        """Void, unless the breaker is open."""
        with self._calling():
            return self._inner.void(uid=uid, timeout_seconds=timeout_seconds)

    def ledger(self, *, since: datetime | None = None) -> Iterator[Charge]:
        """Read the books, breaker or not: nobody's order waits for it."""
        return self._inner.ledger(since=since)

    @contextmanager
    def _calling(self) -> Iterator[None]:
        try:
            with self._breaker.calling():
                yield
        except pybreaker.CircuitBreakerError as error:
            emit(PAYMENT_BREAKER_OPEN, 1)
            raise PaymentOutcomeUnknown("the payment provider was silent lately and is not asked") from error

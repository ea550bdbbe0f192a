"""What the provider is told to do wrong. Switched over HTTP, counted, so that a test knows that it happened.

``POST /_control`` takes one JSON object: ``{"reset": true}`` forgets all faults; ``{"rate": 0.5}`` sets the share of
approvals; anything else adds a :class:`Fault`: ``{"fault": "hold_after", "on": "confirm", "seconds": 3, "times": 1}``.
``GET /_control`` tells which faults are set and how often each happened, and how many requests came.
A single request can ask for a fault by its header ``X-Mock-Fault``, with the same JSON.
"""

import dataclasses
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

KINDS = {
    "decline": "the card is declined, with `code`",
    "requires_action": "the customer would have to act",
    "wrong_amount": "takes `amount` minor units more than asked",
    "delay": "waits `seconds`, then acts: a caller that gave up meets a late request",
    "hold_before": "does not act, holds the line for `seconds` and drops it",
    "hold_after": "acts, holds the line for `seconds` and drops it: the reply is lost",
    "error_before": "answers 500 and has not acted",
    "error_after": "acts and answers 500",
    "rate_limit": "answers 429 and has not acted",
    "drop": "drops the line at once and has not acted",
}
OPERATIONS = frozenset({"create", "confirm", "retrieve", "cancel", "refund", "list", "any"})


@dataclasses.dataclass
class Fault:
    """One thing to do wrong.

    Attributes:
        fault: one of :data:`KINDS`.
        on: which operation; ``any`` for all.
        times: how often still; None until the next reset.
        seconds: for ``delay`` and the holds.
        amount: for ``wrong_amount``, in minor units.
        code: for ``decline``.
        fired: how often it happened.
    """

    fault: str
    on: str = "confirm"
    times: int | None = None
    seconds: float = 10.0
    amount: int = 100
    code: str = "generic_decline"
    fired: int = 0

    def __post_init__(self) -> None:
        if self.fault not in KINDS or self.on not in OPERATIONS:
            raise ValueError(f"fault is one of {sorted(KINDS)}, on is one of {sorted(OPERATIONS)}")


class Switches:
    """The faults that are set, shared by all threads of the server."""

    def __init__(self, *, rate: float) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._requests: Counter[str] = Counter()
        self.rate = self._first_rate = rate

    def control(self, order: Mapping[str, Any]) -> None:
        """Obey one control request.

        Raises:
            ValueError, TypeError: it makes no sense; nothing was changed.
        """
        with self._lock:
            if order.get("reset"):
                self._faults.clear()
                self._requests.clear()
                self.rate = self._first_rate
            elif "rate" in order:
                self.rate = float(order["rate"])
            else:
                self._faults.append(Fault(**order))

    def report(self) -> dict[str, Any]:
        """Return what is set and what happened."""
        with self._lock:
            faults = [dataclasses.asdict(fault) for fault in self._faults]
            return {"rate": self.rate, "faults": faults, "requests": dict(self._requests)}

    def next(self, operation: str, *, asked_for: Mapping[str, Any] | None) -> Fault | None:
        """Return what is to go wrong with this request, and count it."""
        with self._lock:
            self._requests[operation] += 1
            if asked_for:
                return Fault(**asked_for)
            for fault in self._faults:
                if fault.on in {operation, "any"} and (fault.times is None or fault.times > 0):
                    fault.fired += 1
                    fault.times = None if fault.times is None else fault.times - 1
                    return fault
        return None

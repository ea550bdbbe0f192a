"""DynamoDB's rule for sales of one item at once, which no stand-in has: one of them goes on, the others are refused."""

import json
import threading
import time
from typing import Any

from tests.chaos.http_proxy import TRANSACTION, HttpFault, HttpProxy

HELD_SECONDS = 0.010
"""For so long a transaction holds its items beyond DynamoDB Local's own time: AWS commits in two phases across machines."""
REFUSED = HttpFault("conflict")


class ConflictGate(HttpProxy):
    """Stands before DynamoDB Local and refuses a transaction while another one holds one of its items."""

    def __init__(self, upstream_port: int) -> None:
        super().__init__("conflicts", upstream_port, seed="")
        self._held: set[str] = set()
        self._holding = threading.Lock()

    def _strikes(self, sent: Any) -> HttpFault | None:
        if TRANSACTION not in sent.name:
            return None
        wanted = items_of(sent.body)
        with self._holding:
            if wanted & self._held:
                self.hits += 1
                return REFUSED
            self._held |= wanted
        return None

    def _forward(self, sent: Any) -> Any:
        try:
            return super()._forward(sent)
        finally:
            if TRANSACTION in sent.name:
                time.sleep(HELD_SECONDS)
                with self._holding:
                    self._held -= items_of(sent.body)


def items_of(body: bytes) -> set[str]:
    """Return what a transaction writes or checks: its items, each by table and key."""
    found = set()
    for action in json.loads(body)["TransactItems"]:
        ((kind, what),) = action.items()
        # A put has no key of its own; the whole item is as good to tell it from others.
        key = what["Item"] if kind == "Put" else what["Key"]
        found.add(json.dumps([what["TableName"], key], sort_keys=True))
    return found

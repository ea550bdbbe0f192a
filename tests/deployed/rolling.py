"""Requests through the balancer, while a task takes over from another."""

import http.client
import json
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.deployed.surroundings import HOST

CUSTOMERS = 4
PATHS = ("/products?limit=5", "/products/prod_001", "/products?category=electronics&limit=2")
PAUSE_SECONDS = 0.02


@dataclass
class Load:
    """What came back: how often which status, and every failure of a connection."""

    port: int
    ca: Path
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: float = 0
    _ended: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def requests(self) -> int:
        """How many requests were made."""
        return sum(self.statuses.values()) + len(self.failures)

    def _customer(self) -> None:
        """Make one request after the other, each on a connection of its own.

        The nginx that stands in for the balancer closes kept ones when it is pointed elsewhere; a real one does not.
        """
        context = ssl.create_default_context(cafile=self.ca)
        number = 0
        while not self._ended.is_set():
            number += 1
            began = time.monotonic()
            wire = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=context)
            try:
                wire.request("GET", PATHS[number % len(PATHS)], headers={"Host": HOST})
                answer = wire.getresponse()
                good = json.loads(answer.read())["success"]
            except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
                with self._lock:
                    self.failures.append(repr(error))
            else:
                with self._lock:
                    self.statuses[answer.status if good else -answer.status] += 1
                    self.slowest = max(self.slowest, time.monotonic() - began)
            finally:
                wire.close()
            time.sleep(PAUSE_SECONDS)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Make requests until the end of the block."""
        customers = [threading.Thread(target=self._customer) for _ in range(CUSTOMERS)]
        for customer in customers:
            customer.start()
        try:
            yield
        finally:
            self._ended.set()
            for customer in customers:
                customer.join()

"""The load: keeps so many connections busy for so long, and says what came back. A program of its own, standard library only.

Reads one order per line (JSON) from stdin and writes one result per line to stdout. A request costs it about a tenth of a
millisecond of CPU, because requests are bytes that were made before and of an answer only status, length and body are read.
"""

import asyncio
import itertools
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Slice:
    """What one order asks for, and what has come of it so far.

    Attributes:
        requests: whole requests; ``{n}`` in a keyed one is replaced by a number that never comes again.
        until, left: on the monotonic clock, when no more are sent; and how many at most.
        rate: requests a second, at random moments as people come; 0: each connection sends as soon as it has its answer.
        due: when the last one was to be sent. A late one's time counts from then, not from when a connection was free.
        bodies, sent: of the first ``keep`` answers, what they were and when they were asked for (seconds since 1970).
    """

    requests: list[bytes]
    keyed: bool
    numbers: Iterator[int]
    until: float
    left: int
    rate: float = 0.0
    due: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)
    keep: int = 0
    dice: random.Random = field(default_factory=lambda: random.Random(7))

    def next(self) -> bytes | None:
        """Return the next request, or None when it is over."""
        self.due = self.due + self.dice.expovariate(self.rate) if self.rate else time.perf_counter()
        if self.left <= 0 or self.due >= self.until:
            return None
        self.left -= 1
        number = next(self.numbers)
        request = self.requests[number % len(self.requests)]
        return request.replace(b"{n}", b"%012d" % number) if self.keyed else request


class Connection(asyncio.Protocol):
    """One connection: sends, waits for the whole answer, sends again."""

    def __init__(self, work: Slice, over: "asyncio.Future[None]") -> None:
        self.work, self.over = work, over
        self.buffer = b""
        self.began = 0.0
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.send()

    def send(self) -> None:
        request = self.work.next()
        if request is None:
            self.transport.close()
            self.finish()
            return
        self.began = self.work.due
        wait = self.began - time.perf_counter()
        if wait > 0:
            asyncio.get_running_loop().call_later(wait, self.transport.write, request)
        else:
            self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self.buffer) < end + 4 + length:
            return
        took = time.perf_counter() - self.began
        self.work.milliseconds.append(took * 1000)
        self.work.statuses[self.buffer[9:12].decode()] += 1
        if len(self.work.bodies) < self.work.keep:
            self.work.bodies.append(self.buffer[end + 4 :].decode())
            self.work.sent.append(time.time() - took)
        self.buffer = b""
        self.send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.over.done():
            self.work.statuses["lost"] += 1
            self.finish()

    def finish(self) -> None:
        if not self.over.done():
            self.over.set_result(None)


async def run(order: dict[str, Any]) -> dict[str, Any]:
    """Carry one order out."""
    began = time.perf_counter()
    work = Slice(
        requests=[request.encode() for request in order["requests"]],
        keyed=order.get("keyed", False),
        numbers=itertools.count(order.get("begin", 0)),
        until=began + order["seconds"],
        left=order.get("most", 10**9),
        rate=order.get("rate", 0.0),
        due=began,
        keep=order.get("keep", 0),
    )
    loop = asyncio.get_running_loop()
    ends = [loop.create_future() for _ in range(order["connections"])]
    for end in ends:
        await loop.create_connection(lambda end=end: Connection(work, end), "127.0.0.1", order["port"])  # type: ignore[misc]
    await asyncio.wait_for(asyncio.gather(*ends), order["seconds"] + 60)
    return {
        "seconds": time.perf_counter() - began,
        "statuses": work.statuses,
        "milliseconds": [round(value, 3) for value in work.milliseconds],
        "bodies": work.bodies,
        "sent": work.sent,
        "next": next(work.numbers),
    }


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(asyncio.run(run(json.loads(line)))), flush=True)

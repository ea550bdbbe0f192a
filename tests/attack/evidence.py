"""The judgement of one attack: its answer, the log lines it left, and what it changed. Says what is wrong, in words."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.attack.attack import Attack
from tests.attack.secrets import Secrets
from tests.attack.state import STORES, Snapshot, changes
from tests.attack.wire import Reply

PROBLEM = "application/problem+json"
MEMBERS = ["type", "title", "status", "detail", "instance", "success", "code", "errors", "requestId"]
# Words of the machinery. None may leave the service, unless the attacker said it first.
TELLING = re.compile(
    rb"Traceback|\.py\b|site-packages|SELECT |INSERT |UPDATE |DELETE FROM|MySQL|mariadb|sqlite|django|botocore|boto3"
    rb"|pynamodb|amazonaws|ConditionalCheck|[A-Za-z]+Exception\b|ministack|127\.0\.0\.1|localhost|/work|/root|/home/"
    rb"|eyJ[A-Za-z0-9_-]{8,}",
    re.IGNORECASE,
)
# What a new order of the attacker's own adds to, beside the stores; nothing may vanish but the product's old stock.
OF_AN_ORDER = {
    "orders",
    "order_items",
    "order_events",
    "payments",
    "mock_provider_ledger",
    "idempotency_keys",
}


@dataclass(frozen=True)
class Log:
    """The lines that the servers wrote during an attack."""

    lines: tuple[bytes, ...]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]

    @property
    def requests(self) -> list[dict[str, Any]]:
        return [event for event in self.events if event.get("logger") == "shop.request"]


class LogReader:
    """Reads what is new in some logs."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._read = {file: file.stat().st_size for file in files}

    def new(self) -> Log:
        """Return the lines written since the last call."""
        lines: list[bytes] = []
        for file, offset in self._read.items():
            with file.open("rb") as log:
                log.seek(offset)
                data = log.read()
            self._read[file] += len(data)
            lines += data.splitlines()
        return Log(tuple(lines))


def faults_of_answer(attack: Attack, reply: Reply, secrets: Secrets) -> Iterator[str]:
    """Say what is wrong with an answer."""
    if reply.status != attack.status:
        yield f"answered {reply.status}, not {attack.status}: {reply.body[:300]!r}"
    yield from _faults_of_headers(reply)
    if attack.code:
        yield from _faults_of_problem(attack, reply)
    yield from (f"the answer holds {what}" for what in secrets.in_answer(_bytes_of(reply)))
    told = {match.group() for match in TELLING.finditer(_bytes_of(reply))}
    yield from (f"the answer tells of {word!r}" for word in sorted(told) if word not in reply.echo)


def _bytes_of(reply: Reply) -> bytes:
    head = "\n".join(f"{name}: {value}" for name, value in reply.headers if name.lower() != "server")
    return head.encode("latin-1") + b"\n\n" + reply.body


def _faults_of_headers(reply: Reply) -> Iterator[str]:
    if not reply.header("X-Request-ID"):
        yield "no X-Request-ID"
    if reply.header("X-Content-Type-Options") != "nosniff":
        yield "the browser may guess the type"
    if reply.header("Access-Control-Allow-Origin"):
        yield "readable from another origin"


def _faults_of_problem(attack: Attack, reply: Reply) -> Iterator[str]:
    if reply.header("Content-Type") != PROBLEM:
        yield f"no problem document but {reply.header('Content-Type')}"
        return
    if not reply.body and reply.sent.startswith(b"HEAD "):
        return
    body = reply.json
    if list(body) != MEMBERS:
        yield f"the members of the problem are {list(body)}"
        return
    told = (body["status"], body["code"], body["success"], body["type"], body["requestId"])
    expected = (
        attack.status,
        attack.code,
        False,
        f"/docs/errors#{attack.code}",
        reply.header("X-Request-ID"),
    )
    if told != expected:
        yield f"the problem says {told}, not {expected}"


def faults_of_log(attack: Attack, reply: Reply, log: Log, *, secrets: Secrets, sent: int) -> Iterator[str]:
    """Say what is wrong with the lines an attack has left."""
    try:
        requests, events = log.requests, log.events
    except ValueError:
        yield f"a log line is no JSON: {log.lines!r}"
        return
    own = [line for line in requests if line["request_id"] == reply.header("X-Request-ID")]
    if [line["status"] for line in own] != [reply.status] * attack.logged:
        yield f"not {attack.logged:d} log line of the request, but {own}"
    if len(requests) > sent:
        yield f"{len(requests)} requests logged, {sent} sent"
    if attack.status < 500 and any(event.get("level") in {"error", "critical"} for event in events):
        yield f"an error was logged: {events}"
    if any(event.get("event") == "forged" for event in events):
        yield "a log line was forged"
    yield from (f"the log holds {what}" for what in secrets.in_log(b"\n".join(log.lines)))


def faults_of_state(attack: Attack, before: Snapshot, after: Snapshot) -> Iterator[str]:
    """Say what an attack has changed that it must not."""
    changed = changes(before, after)
    yield from _faults_of_audit(attack, *changed.pop("staff_events", ([], [])))
    if not attack.orders:
        yield from (f"{table} changed: {was} became {now}" for table, (was, now) in changed.items())
        return
    gone = {table for table, (was, _now) in changed.items() if was and table in OF_AN_ORDER}
    if gone:
        yield f"rows of others changed: {sorted(gone)}"
    made = len(changed.get("orders", ([], []))[1])
    if made > attack.orders or (made < attack.orders and not attack.at_most):
        yield f"{made} orders were made, not {attack.orders}"
    yield from (f"{table} changed" for table in sorted(changed.keys() - OF_AN_ORDER - {*STORES}))


def _faults_of_audit(attack: Attack, gone: list[str], new: list[str]) -> Iterator[str]:
    due = [line for line in new if "('kind', 'refused')" in line and "('details', 'no role')" in line]
    if gone or len(due) != attack.refusals or due != new:
        yield f"of the audit log {gone} became {new}, not {attack.refusals} refusals"

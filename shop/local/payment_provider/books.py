"""The provider's books, in an SQLite file: what it answered is written, whoever is killed when.

One request is one transaction, its saved answer included. Amounts are in minor units.
"""

import contextlib
import json
import secrets
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS intents (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL
);
"""


def new_id(prefix: str) -> str:
    """Return an id that looks like Stripe's: ``pi_`` and 24 characters."""
    return f"{prefix}_{secrets.token_hex(12)}"


@dataclass
class Intent:
    """One PaymentIntent. ``captures`` counts how often it took money: never more than once."""

    id: str
    amount: int
    currency: str
    metadata: dict[str, str]
    receipt_email: str = ""
    status: str = "requires_payment_method"
    payment_method: str = ""
    amount_received: int = 0
    amount_refunded: int = 0
    captures: int = 0
    charge_id: str = ""
    error: dict[str, str] = field(default_factory=dict)
    cancellation_reason: str = ""
    created: int = field(default_factory=lambda: int(time.time()))


@dataclass(frozen=True)
class SavedAnswer:
    """What was answered under an idempotency key."""

    fingerprint: str
    status: int
    body: dict[str, Any]


class Books:
    """The open books, inside one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def answer(self, key: str) -> SavedAnswer | None:
        """Return the answer that was saved under a key."""
        row = self._connection.execute(
            "SELECT fingerprint, status, body FROM answers WHERE key = ?", [key]
        ).fetchone()
        return SavedAnswer(row[0], row[1], json.loads(row[2])) if row else None

    def save_answer(self, key: str, answer: SavedAnswer) -> None:
        """Save an answer for repeats."""
        values = [key, answer.fingerprint, answer.status, json.dumps(answer.body)]
        self._connection.execute("INSERT INTO answers VALUES (?, ?, ?, ?)", values)

    def get(self, intent_id: str) -> Intent | None:
        """Return an intent."""
        row = self._connection.execute("SELECT state FROM intents WHERE id = ?", [intent_id]).fetchone()
        return Intent(**json.loads(row[0])) if row else None

    def put(self, intent: Intent) -> None:
        """Write an intent, new or changed."""
        self._connection.execute(
            "INSERT INTO intents (id, state) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state",
            [intent.id, json.dumps(asdict(intent))],
        )

    def newest(self, *, limit: int, after: str) -> tuple[list[Intent], bool]:
        """Return up to ``limit`` intents, newest first, older than ``after``; and whether there are more."""
        rows = self._connection.execute(
            "SELECT state FROM intents WHERE ? = '' OR number < (SELECT number FROM intents WHERE id = ?)"
            " ORDER BY number DESC LIMIT ?",
            [after, after, limit + 1],
        ).fetchall()
        return [Intent(**json.loads(row[0])) for row in rows[:limit]], len(rows) > limit


class BookKeeper:
    """Opens the books for one request at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with contextlib.closing(self._connect()) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(SCHEMA)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=10, isolation_level=None)

    @contextlib.contextmanager
    def open(self) -> Iterator[Books]:
        """Open the books; what was written is committed when the block ends without an exception."""
        with contextlib.closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield Books(connection)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

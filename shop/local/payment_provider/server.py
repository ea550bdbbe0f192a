"""The provider's HTTP server: authentication, idempotency keys as Stripe has them, and the faults."""

import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from shop.local.payment_provider import api
from shop.local.payment_provider.api import Answer, Invalid, Params
from shop.local.payment_provider.books import BookKeeper, Books, SavedAnswer, new_id
from shop.local.payment_provider.faults import Fault, Switches

BROKEN: Answer = (500, api.error("api_error", message="An unknown error occurred."))
LIMITED: Answer = (429, api.error("invalid_request_error", code="rate_limit", message="Too many requests."))
KEY_IN_USE: Answer = (
    409,
    api.error("idempotency_error", code="idempotency_key_in_use", message="This key is in use just now."),
)
OTHER_PARAMETERS: Answer = (
    400,
    api.error("idempotency_error", message="Keys can only be used with the parameters of their first use."),
)
UNAUTHORIZED: Answer = (401, api.error("invalid_request_error", message="You did not provide an API key."))

Work = Callable[[Books], Answer]


class Dropped(Exception):
    """The line is dropped without an answer."""


class Provider(ThreadingHTTPServer):
    """The server and what its threads share."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, *, port: int, books: Path, rate: float) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.keeper = BookKeeper(books)
        self.switches = Switches(rate=rate)
        self._keys_in_use: set[str] = set()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def using(self, key: str) -> Iterator[bool]:
        """Hold an idempotency key inside the block; False if another request holds it."""
        with self._lock:
            free = not key or key not in self._keys_in_use
            if free:
                self._keys_in_use.add(key)
        try:
            yield free
        finally:
            if free:
                with self._lock:
                    self._keys_in_use.discard(key)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Provider
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Read, or report on the faults."""
        self._serve(b"")

    def do_POST(self) -> None:
        """Write, or switch a fault."""
        self._serve(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's name)
        """Log nothing: the books tell."""

    def _serve(self, body: bytes) -> None:
        url = urlsplit(self.path)
        try:
            if url.path == "/_control":
                self._control(body)
            elif not self.headers.get("Authorization", "").startswith(("Bearer sk_", "Bearer rk_")):
                self._answer(UNAUTHORIZED)
            else:
                text = body.decode() if self.command == "POST" else url.query
                self._call(url.path, dict(parse_qsl(text, keep_blank_values=True)), text)
        except Dropped:
            self.close_connection = True
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the caller gave up

    def _control(self, body: bytes) -> None:
        if self.command == "POST":
            try:
                self.server.switches.control(json.loads(body))
            except (ValueError, TypeError) as wrong:
                self._answer((400, {"error": str(wrong)}))
                return
        self._answer((200, self.server.switches.report()))

    def _call(self, path: str, params: Params, text: str) -> None:
        parts = path.strip("/").split("/")
        operation = _operation(self.command, parts)
        if operation is None:
            self._answer((404, api.error("invalid_request_error", message=f"Unrecognized URL {path}")))
            return
        asked_for = json.loads(self.headers["X-Mock-Fault"]) if "X-Mock-Fault" in self.headers else None
        fault = self.server.switches.next(operation, asked_for=asked_for)
        rate = self.server.switches.rate
        work = _work(operation, parts, params, rate=rate, fault=fault)
        key = self.headers.get("Idempotency-Key", "") if self.command == "POST" else ""
        with self.server.using(key) as free:
            if not free:
                self._answer(KEY_IN_USE)
                return
            answer, replayed = self._act(work, key=key, fingerprint=_digest(path + "\n" + text), fault=fault)
        self._answer(answer, replayed=replayed)

    def _act(self, work: Work, *, key: str, fingerprint: str, fault: Fault | None) -> tuple[Answer, bool]:
        """Do the work, with what goes wrong before and after it."""
        kind = fault.fault if fault else ""
        if fault and kind in {"delay", "hold_before"}:
            time.sleep(fault.seconds)
        if kind in {"hold_before", "drop"}:
            raise Dropped
        if kind == "rate_limit":
            return LIMITED, False  # the limiter stands before the keys
        answer, replayed = self._once(work, key=key, fingerprint=fingerprint, kind=kind)
        if fault and kind == "hold_after":
            time.sleep(fault.seconds)
            raise Dropped
        return answer, replayed

    def _once(self, work: Work, *, key: str, fingerprint: str, kind: str) -> tuple[Answer, bool]:
        """Do the work unless its key was used; save the answer, a 500 too, in the same transaction."""
        with self.server.keeper.open() as books:
            if key and (saved := books.answer(key)):
                if saved.fingerprint != fingerprint:
                    return OTHER_PARAMETERS, False
                return (saved.status, saved.body), True
            try:
                answer = BROKEN if kind == "error_before" else work(books)
            except Invalid as invalid:
                return invalid.answer, False
            if kind == "error_after":
                answer = BROKEN
            if key:
                books.save_answer(key, SavedAnswer(fingerprint, *answer))
        return answer, False

    def _answer(self, answer: Answer, *, replayed: bool = False) -> None:
        status, members = answer
        body = json.dumps(members).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Request-Id", new_id("req"))
        if replayed:
            self.send_header("Idempotent-Replayed", "true")
        self.end_headers()
        self.wfile.write(body)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _operation(method: str, parts: list[str]) -> str | None:
    """Name the operation of a request; None if there is none at this address."""
    match method, parts:
        case "POST", ["v1", "payment_intents"]:
            return "create"
        case "GET", ["v1", "payment_intents"]:
            return "list"
        case "GET", ["v1", "payment_intents", _]:
            return "retrieve"
        case "POST", ["v1", "payment_intents", _, ("confirm" | "cancel") as verb]:
            return verb
        case "POST", ["v1", "refunds"]:
            return "refund"
    return None


def _work(operation: str, parts: list[str], params: Params, *, rate: float, fault: Fault | None) -> Work:
    name = parts[2] if len(parts) > 2 else ""
    works: dict[str, Work] = {
        "create": partial(api.create, params=params),
        "list": partial(api.list_intents, params=params),
        "retrieve": partial(api.retrieve, intent_id=name, params=params),
        "confirm": partial(api.confirm, intent_id=name, params=params, rate=rate, fault=fault),
        "cancel": partial(api.cancel, intent_id=name, params=params),
        "refund": partial(api.refund, params=params),
    }
    return works[operation]

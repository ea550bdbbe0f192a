"""An HTTP proxy that knows requests from answers: it throttles, fails, forges conflicts, loses and delays.

For DynamoDB (and whatever else speaks HTTP with lengths): what a request is called is its ``X-Amz-Target``, or its
method and path.
"""

import contextlib
import http.client
import json
import random
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TRANSACTION = "TransactWriteItems"
_AWS = "com.amazonaws.dynamodb.v20120810#"


@dataclass(frozen=True)
class HttpFault:
    """What is done to the requests.

    Attributes:
        kind: throttle, error, conflict (forged answers; the request does not arrive), lose_reply (it arrives, its
            answer does not), truncate (half of the answer), late (it arrives ``seconds`` after the client was cut
            off), twice (it arrives again ``seconds`` later), delay.
        only: part of what the request is called; empty: any.
        share: of the matching requests, 0 to 1.
        seconds: see ``kind``.
    """

    kind: str
    only: str = ""
    share: float = 1.0
    seconds: float = 0.0


@dataclass(frozen=True)
class _Sent:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def name(self) -> str:
        return self.headers.get("x-amz-target") or f"{self.method} {self.path}"


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class HttpProxy:
    """One port of 127.0.0.1 in front of one HTTP server. Its faults are switched from any thread."""

    def __init__(self, name: str, upstream_port: int, *, seed: str) -> None:
        self.name = name
        self.hits = 0
        self.fault: HttpFault | None = None
        self._upstream_port = upstream_port
        self._chance = random.Random(f"{seed}/{name}")
        self._lock = threading.Lock()
        self._local = threading.local()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_POST(self) -> None:
                proxy._handle(self)

            do_GET = do_PUT = do_DELETE = do_POST  # noqa: N815 (the base class's names)

            def finish(self) -> None:
                proxy._part()
                super().finish()

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, name=f"proxy-{name}", daemon=True).start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()

    def _strikes(self, sent: _Sent) -> HttpFault | None:
        with self._lock:
            fault = self.fault
            if fault and fault.only in sent.name and self._chance.random() < fault.share:
                self.hits += 1
                return fault
        return None

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        sent = _Sent(handler.command, handler.path, headers, body)
        fault = self._strikes(sent)
        kind = fault.kind if fault else "none"
        if fault and kind in _FORGED:
            self._reply(handler, _FORGED[kind](sent))
            return
        if fault and kind == "late":
            self._later(sent, fault.seconds)
            self._hang_up(handler)
            return
        if fault and kind == "delay":
            time.sleep(fault.seconds)
        try:
            answer = self._forward(sent)
        except (OSError, http.client.HTTPException):
            self._hang_up(handler)
            return
        if fault and kind == "twice":
            self._later(sent, fault.seconds)
        if kind == "lose_reply":
            self._hang_up(handler)
        else:
            self._reply(handler, answer, half=kind == "truncate")

    def _forward(self, sent: _Sent) -> _Answer:
        wire = getattr(self._local, "wire", None)
        if wire is None:
            wire = self._local.wire = http.client.HTTPConnection("127.0.0.1", self._upstream_port, timeout=40)
        try:
            wire.request(sent.method, sent.path, sent.body, sent.headers)
            response = wire.getresponse()
            return _Answer(response.status, dict(response.headers), response.read())
        except (OSError, http.client.HTTPException):
            self._part()
            raise

    def _part(self) -> None:
        """Close this thread's connection to the server."""
        wire = getattr(self._local, "wire", None)
        if wire is not None:
            wire.close()
            self._local.wire = None

    def _later(self, sent: _Sent, seconds: float) -> None:
        def deliver() -> None:
            with contextlib.suppress(OSError, http.client.HTTPException):
                self._forward(sent)
            self._part()

        timer = threading.Timer(seconds, deliver)
        timer.daemon = True
        timer.start()

    @staticmethod
    def _hang_up(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True

    @staticmethod
    def _reply(handler: BaseHTTPRequestHandler, answer: _Answer, *, half: bool = False) -> None:
        try:
            handler.send_response_only(answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                    handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(answer.body)))
            handler.end_headers()
            handler.wfile.write(answer.body[: len(answer.body) // 2] if half else answer.body)
            handler.wfile.flush()
        except OSError:
            handler.close_connection = True
        if half:
            handler.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Say nothing: broken connections are what this is for."""


def _aws_error(status: int, code: str, **more: object) -> _Answer:
    body = json.dumps({"__type": _AWS + code, "message": "forged by the fault proxy", **more}).encode()
    return _Answer(status, {"Content-Type": "application/x-amz-json-1.0"}, body)


def _conflict(sent: _Sent) -> _Answer:
    actions = json.loads(sent.body).get("TransactItems", [])
    reasons = [{"Code": "None"} for _ in actions]
    if not reasons:
        return _aws_error(400, "TransactionConflictException")
    reasons[-1] = {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
    return _aws_error(400, "TransactionCanceledException", CancellationReasons=reasons)


_FORGED = {
    "throttle": lambda _sent: _aws_error(400, "ProvisionedThroughputExceededException"),
    "error": lambda _sent: _aws_error(500, "InternalServerError"),
    "conflict": _conflict,
}

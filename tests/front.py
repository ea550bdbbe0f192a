"""The front, as the tests start it: nginx with the shop's own configuration, and a stand-in for what is behind it."""

import http.client
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "shop" / "nginx" / "nginx.conf.template"
NOBODY = "0.0.0.0/32"


@dataclass
class Front:
    """A running nginx."""

    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    def refusals(self, count: int) -> list[dict[str, Any]]:
        """Return the lines of its log, which follow the answers: waits for so many. What is no JSON fails."""
        for _ in range(200):
            lines = self.log.read_bytes().splitlines()
            if len(lines) >= count:
                break
            time.sleep(0.05)
        return [orjson.loads(line) for line in lines]


@dataclass
class Reply:
    """What came back over one connection."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> Any:
        assert self.headers["Content-Type"] == "application/problem+json"
        return orjson.loads(self.body)


@contextmanager
def running_front(
    directory: Path, *, port: int, upstream: int, trusted: str = NOBODY, **others: str
) -> Iterator[Front]:
    """Start nginx before a server of this machine, and kill it at the end.

    Args:
        directory: an empty one, for its files.
        port: where it listens.
        upstream: the port of the server behind it.
        trusted: the network whose ``X-Forwarded-…`` it believes.
        others: further variables of the template, instead of the image's own values.
    """
    values = {
        "FRONT_LISTEN": f"127.0.0.1:{port}",
        "FRONT_UPSTREAM": f"127.0.0.1:{upstream}",
        "FRONT_TRUSTED_CIDR": trusted,
        "FRONT_CLIENT_HEADER": "X-Forwarded-For",
        "FRONT_SCHEME": "forwarded",
        **others,
    }
    text = TEMPLATE.read_text()
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    (directory / "nginx.conf").write_text(text)
    # A master that is root would give its workers to a user who may not enter the directory.
    options = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
    places = ["-p", str(directory), "-c", str(directory / "nginx.conf")]
    log = directory / "log"
    with log.open("ab") as output:
        program = os.environ["SHOP_TEST_NGINX"]
        process = subprocess.Popen([program, *places, "-g", options], stdout=output, stderr=output)
    try:
        _wait_until_it_listens(process, port, log)
        yield Front(port, process, log)
    finally:
        process.send_signal(signal.SIGTERM)  # at once, without waiting for anybody
        process.wait(timeout=30)


def _wait_until_it_listens(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    for _ in range(200):
        assert process.poll() is None, log.read_text()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nginx does not listen: {log.read_text()}")


def connect(port: int, raw: bytes) -> socket.socket:
    """Open a connection and send what may be a part of a request."""
    wire = socket.create_connection(("127.0.0.1", port), timeout=30)
    wire.sendall(raw)
    return wire


def reply_on(wire: socket.socket, *, method: str = "GET") -> Reply:
    """Read one answer, however it is framed."""
    response = http.client.HTTPResponse(wire, method=method)
    response.begin()
    return Reply(response.status, dict(response.getheaders()), response.read())


def exchange(port: int, raw: bytes) -> Reply:
    """Send one request, byte for byte, on a connection of its own."""
    with connect(port, raw) as wire:
        return reply_on(wire, method=raw.split(b" ", 1)[0].decode("latin-1"))


@dataclass
class Seen:
    """One request as the server behind the front read it."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int

    def values(self, name: str) -> list[str]:
        return [value for other, value in self.headers if other.lower() == name.lower()]


@dataclass
class Behind:
    """A server that writes down what reaches it.

    Attributes:
        answer: called with each request; False hangs up without an answer.
    """

    port: int
    seen: list[Seen] = field(default_factory=list)
    answer: Callable[[Seen], bool] = lambda _seen: True


@contextmanager
def recording_server(port: int) -> Iterator[Behind]:
    """Serve on a port until the end of the block."""
    behind = Behind(port)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            body = self.rfile.read(length)
            seen = Seen(self.requestline, list(self.headers.items()), body, self.client_address[1])
            behind.seen.append(seen)
            if not behind.answer(seen):
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one  # noqa: N815 (http.server's names)

        def log_message(self, *_line: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128
        block_on_close = False

    with Server(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield behind
        finally:
            server.shutdown()
            thread.join()


PLAIN = b"GET /products HTTP/1.1\r\nHost: shop\r\n\r\n"


def post(path: str, body: bytes, *headers: str) -> bytes:
    """Write a POST."""
    head = [f"POST {path} HTTP/1.1", "Host: shop", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body

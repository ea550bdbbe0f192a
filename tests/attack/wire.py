"""HTTP by hand: requests that no well-behaved client would send, byte for byte, and answers as they came."""

import http.client
import json
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import unquote_to_bytes

HOST = "shop.example.com"
CLIENT = "203.0.113.7"  # whom the front says is calling
FRONT = (("X-Forwarded-Proto", "https"), ("X-Forwarded-For", CLIENT))
JSON = "application/json"
SECONDS = 30

Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Reply:
    """One answer.

    Attributes:
        status: 0 if the connection was closed without a word.
        headers: as they came.
        body: all bytes of it.
        sent: the bytes it answers.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    sent: bytes = field(repr=False)

    def header(self, name: str) -> str | None:
        """Return a header's value; several are joined by commas."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(found) if found else None

    @cached_property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def echo(self) -> bytes:
        """What was sent, also decoded: an answer may repeat that and tell nothing new."""
        return self.sent + unquote_to_bytes(self.sent)


def request(
    method: str,
    target: str,
    *,
    headers: Headers = (),
    body: bytes | None = None,
    kind: str = JSON,
    host: str = HOST,
    front: Headers = FRONT,
) -> bytes:
    """Write a request. Nothing is checked, completed or escaped but the length of the body."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in (*front, *headers)]
    if body is not None:
        lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    lines += ["Connection: close", "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + (body or b"")


def exchange(port: int, raw: bytes, *, method: str = "GET") -> Reply:
    """Send bytes and read one answer to them."""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):  # refused unread; the answer may be there
            connection.sendall(raw)
        response = http.client.HTTPResponse(connection, method=method)
        try:
            response.begin()
            body = response.read()
        except (ConnectionResetError, http.client.RemoteDisconnected, http.client.BadStatusLine):
            return Reply(0, (), b"", raw)
        return Reply(response.status, tuple(response.getheaders()), body, raw)

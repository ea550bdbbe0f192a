"""A TCP proxy that can refuse, swallow, delay and cut what passes through it. Knows no protocol but a little MySQL."""

import asyncio
import random
import socket
import struct
import threading
from dataclasses import dataclass
from typing import Any

from shop.local.processes import free_port

COMMIT = b"\x03COMMIT"  # MySQL: COM_QUERY and its text
UPDATE_ORDER = b"UPDATE `orders`"
_RST = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class TcpFault:
    """What is done to the bytes.

    Attributes:
        kind: refuse (nobody listens), reset (every connection is cut as it sends), blackhole (nothing arrives),
            delay, lose_reply (what follows the pattern arrives, its answer does not), deadlock (MySQL's error 1213
            instead of the answer to the pattern).
        pattern: bytes that the client must be sending; empty: any.
        share: of the matching sends, 0 to 1.
        seconds: of a delay.
    """

    kind: str
    pattern: bytes = b""
    share: float = 1.0
    seconds: float = 0.0


class TcpProxy:
    """One listening port of 127.0.0.1 in front of one server. Its faults are switched from any thread."""

    def __init__(self, name: str, upstream_port: int, *, seed: str) -> None:
        self.name = name
        self.port = free_port()
        self.hits = 0  # how often a fault did something
        self._upstream_port = upstream_port
        self._chance = random.Random(f"{seed}/{name}")
        self._fault: TcpFault | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._held = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda *_: None)  # broken connections are what this is for
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy-{name}", daemon=True)
        self._thread.start()
        self._run(self._listen())

    def _run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=10)

    def set(self, fault: TcpFault | None) -> None:
        """Begin a fault, or end the present one."""
        self._run(self._set(fault))

    def close(self) -> None:
        """End every connection and stop listening."""
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    async def _set(self, fault: TcpFault | None) -> None:
        was, self._fault = self._fault, fault
        self._held.set()  # what a blackhole holds is lost
        self._held = asyncio.Event()
        if was and was.kind == "refuse":
            await self._listen()
        if fault and fault.kind == "refuse":
            self.hits += 1
            await self._refuse()

    async def _end(self) -> None:
        await self._refuse()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _refuse(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        for writer in list(self._open):
            self._cut(writer)

    def _cut(self, writer: asyncio.StreamWriter) -> None:
        handle = writer.get_extra_info("socket")
        if handle is not None and not writer.is_closing():
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
        writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        try:
            answers, server = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        except OSError:
            self._cut(client)
            return
        link = _Link(client=client, server=server)
        self._open |= {client, server}
        try:
            await asyncio.gather(self._upwards(reader, link), self._downwards(answers, link))
        except (OSError, ConnectionError, _Cut):
            pass
        finally:
            self._open -= {client, server}
            self._cut(client)
            self._cut(server)

    async def _upwards(self, reader: asyncio.StreamReader, link: "_Link") -> None:
        while data := await reader.read(65536):
            if self._strikes(data) and not await self._strike(link):
                continue
            link.server.write(data)
            await link.server.drain()
        raise _Cut

    async def _downwards(self, reader: asyncio.StreamReader, link: "_Link") -> None:
        while data := await reader.read(65536):
            if link.lost or (self._fault and self._fault.kind == "blackhole"):
                await self._strike(link)
                raise _Cut
            link.client.write(data)
            await link.client.drain()
        raise _Cut

    def _strikes(self, data: bytes) -> bool:
        fault = self._fault
        return bool(fault and fault.pattern in data and self._chance.random() < fault.share)

    async def _strike(self, link: "_Link") -> bool:
        """Do what the fault says; return whether the bytes still go through."""
        fault = self._fault
        if fault is None:
            return True
        self.hits += 1
        if fault.kind == "blackhole":
            await self._held.wait()
            raise _Cut
        if fault.kind == "reset":
            raise _Cut
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        if fault.kind == "lose_reply":
            link.lost = True
        if fault.kind == "deadlock":
            link.client.write(_DEADLOCK)
            await link.client.drain()
            return False
        return True


class _Cut(Exception):
    """This connection ends now."""


@dataclass
class _Link:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    lost: bool = False


def _mysql_error(code: int, state: bytes, text: bytes) -> bytes:
    body = b"\xff" + code.to_bytes(2, "little") + b"#" + state + text
    return len(body).to_bytes(3, "little") + b"\x01" + body


_DEADLOCK = _mysql_error(
    1213, b"40001", b"Deadlock found when trying to get lock; try restarting transaction"
)

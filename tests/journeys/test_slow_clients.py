"""Slow clients, a real gunicorn, and the front between them: a hundred stop nobody; without it, two stop a small shop."""

import contextlib
import http.client
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from tests.front import Front, connect, exchange, running_front
from tests.journeys.conftest import Shop, free_port, running_shop

pytestmark = [
    pytest.mark.nginx,
    pytest.mark.journey,
    pytest.mark.dynamodb,
    pytest.mark.cognito,
]

HEADERS = b"GET /products HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
BODY = b"POST /orders HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"
ORDER = {
    "email": "customer+approve@example.com",
    "items": [{"productId": "prod_002", "quantity": 1}],
}


@pytest.fixture
def front(open_shop: Shop, tmp_path: Path) -> Iterator[Front]:
    """A front before the open shop."""
    with running_front(tmp_path, port=free_port(), upstream=open_shop.port) as nginx:
        yield nginx


def through(front: Front, shop: Shop) -> Shop:
    """The same shop, by way of the front."""
    return Shop(port=front.port, process=shop.process, log=shop.log)


@contextmanager
def trickling(wires: list[socket.socket]) -> Iterator[None]:
    """Send one more byte on each connection, again and again, until the end of the block."""
    done = threading.Event()

    def trickle() -> None:
        while not done.wait(0.5):
            for wire in wires:
                with contextlib.suppress(OSError):  # the front has had enough of it
                    wire.send(b" ")

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def is_open(wire: socket.socket) -> bool:
    wire.setblocking(False)
    try:
        return bool(wire.recv(1))
    except BlockingIOError:
        return True
    finally:
        wire.settimeout(30)


def ending_of(wire: socket.socket) -> str:
    """Wait until the other side speaks or leaves."""
    with wire:
        try:
            return "answered" if wire.recv(1) else "closed"
        except ConnectionResetError:
            return "closed"


def test_a_hundred_slow_clients_stop_nobody_and_are_shown_the_door(open_shop, front):
    shop = through(front, open_shop)
    slow = [connect(front.port, HEADERS) for _ in range(50)] + [connect(front.port, BODY) for _ in range(50)]
    with trickling(slow):
        time.sleep(1.2)
        assert sum(map(is_open, slow)) == 100
        with ThreadPoolExecutor(4) as customers:
            reads = list(customers.map(lambda _: shop.send("GET", "/products/prod_001").status, range(60)))
            orders = list(customers.map(lambda _: shop.send("POST", "/orders", ORDER).status, range(10)))

    assert Counter(reads) == {200: 60}
    assert Counter(orders) == {201: 10}
    assert Counter(map(ending_of, slow)) == {"closed": 100}
    lines = front.refusals(100)
    assert Counter((line["path"], line["status"]) for line in lines) == {
        ("/products", 408): 50,
        ("/orders", 408): 50,
    }


@pytest.mark.usefixtures("_catalogue", "transactional_db")
def test_without_the_front_as_many_slow_clients_as_threads_stop_a_shop(tmp_path):
    """Why there is a front, and what `make run` lacks."""
    with running_shop(tmp_path / "log", WEB_CONCURRENCY="1", GUNICORN_THREADS="2") as shop:
        slow = [connect(shop.port, HEADERS) for _ in range(2)]
        time.sleep(0.5)
        with connect(shop.port, b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n") as customer:
            customer.settimeout(2)
            with pytest.raises(TimeoutError):
                customer.recv(1)
            for wire in slow:
                wire.close()
            customer.settimeout(30)
            assert customer.recv(12) == b"HTTP/1.1 200"


@pytest.mark.usefixtures("_catalogue", "transactional_db")
def test_readers_notice_nothing_when_gunicorn_replaces_its_workers(tmp_path):
    directory = tmp_path / "front"
    directory.mkdir()
    with (
        running_shop(tmp_path / "log", WEB_CONCURRENCY="1") as shop,
        running_front(directory, port=free_port(), upstream=shop.port) as front,
    ):
        wire = http.client.HTTPConnection("127.0.0.1", front.port, timeout=30)

        def read() -> int:
            wire.request("GET", "/products/prod_001")
            response = wire.getresponse()
            response.read()
            return response.status

        seen = [read() for _ in range(20)]
        shop.process.send_signal(signal.SIGHUP)
        until = time.monotonic() + 10
        while "Booting" not in shop.log.read_text().rpartition("Handling signal: hup")[2]:
            assert time.monotonic() < until, shop.log.read_text()
            seen.append(read())
        seen += [read() for _ in range(50)]
        wire.close()

        assert Counter(seen) == {200: len(seen)}
        assert front.refusals(0) == []


def test_an_order_in_chunks_is_an_order_behind_the_front_and_411_without_it(open_shop, front):
    body = orjson.dumps(ORDER)
    head = "POST /orders HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    chunked = (
        f"{head}Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n{body.decode()}\r\n0\r\n\r\n".encode()
    )

    behind, alone = exchange(front.port, chunked), exchange(open_shop.port, chunked)

    assert (behind.status, orjson.loads(behind.body)["order"]["status"]) == (201, "PROCESSING")
    assert (alone.status, alone.problem["code"]) == (411, "length_required")


def test_an_applications_own_refusal_comes_through_as_it_is(open_shop, front):
    offered = {"X-Request-ID": "one-and-the-same"}
    direct = open_shop.send("GET", "/orders/0", **offered)
    by_the_front = through(front, open_shop).send("GET", "/orders/0", **offered)

    assert direct.status == by_the_front.status == 404
    assert direct.body == by_the_front.body
    differing = {"Date", "Server", "Connection", "Keep-Alive"}
    assert {k: v for k, v in direct.headers.items() if k not in differing} == {
        k: v for k, v in by_the_front.headers.items() if k not in differing
    }

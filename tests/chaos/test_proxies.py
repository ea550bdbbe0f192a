"""The fault proxies do what their names say: otherwise every fault survived would mean nothing."""

import http.client
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.chaos.http_proxy import HttpFault, HttpProxy
from tests.chaos.tcp_proxy import TcpFault, TcpProxy


@pytest.fixture
def server():
    """A server that remembers what reached it and answers with 1,000 letters."""
    arrived: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            arrived.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"x" * 1000)

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            pass

    listening = Quiet(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    listening.arrived = arrived  # type: ignore[attr-defined]
    yield listening
    listening.shutdown()
    listening.server_close()


@pytest.fixture
def tcp(server):
    proxy = TcpProxy("tcp", server.server_address[1], seed="1")
    yield proxy
    proxy.close()


@pytest.fixture
def web(server):
    proxy = HttpProxy("http", server.server_address[1], seed="1")
    yield proxy
    proxy.close()


def post(port, body=b"hello", *, seconds=3.0, target=""):
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        wire.request("POST", "/", body, {"X-Amz-Target": target} if target else {})
        answer = wire.getresponse()
        return answer.status, answer.read()
    finally:
        wire.close()


def test_without_a_fault_bytes_pass(tcp, web, server):
    assert post(tcp.port) == post(web.port) == (200, b"x" * 1000)
    assert (tcp.hits, web.hits) == (0, 0)


def test_refuse_refuses_and_afterwards_all_is_well(tcp):
    tcp.set(TcpFault("refuse"))
    with pytest.raises(ConnectionRefusedError):
        post(tcp.port)
    tcp.set(None)

    assert post(tcp.port)[0] == 200
    assert tcp.hits == 1


def test_reset_cuts_and_nothing_arrives(tcp, server):
    tcp.set(TcpFault("reset"))

    with pytest.raises(ConnectionError):
        post(tcp.port)
    assert server.arrived == []


def test_a_blackhole_says_nothing(tcp, server):
    tcp.set(TcpFault("blackhole"))

    with pytest.raises(TimeoutError):
        post(tcp.port, seconds=0.3)
    tcp.set(None)
    assert server.arrived == []


def test_a_lost_reply_belongs_to_a_request_that_arrived(tcp, server):
    tcp.set(TcpFault("lose_reply", pattern=b"COMMIT"))

    assert post(tcp.port, b"SELECT")[0] == 200
    with pytest.raises(ConnectionError):
        post(tcp.port, b"COMMIT")
    assert server.arrived == [b"SELECT", b"COMMIT"]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("throttle", "ProvisionedThroughputExceededException"),
        ("error", "InternalServerError"),
        ("conflict", "TransactionCanceledException"),
    ],
)
def test_a_forged_answer_is_dynamodbs_and_the_request_does_not_arrive(web, server, kind, code):
    web.fault = HttpFault(kind, only="TransactWriteItems")
    body = json.dumps({"TransactItems": [{}, {}]}).encode()

    _, answer = post(web.port, body, target="DynamoDB_20120810.TransactWriteItems")

    assert json.loads(answer)["__type"].endswith(code)
    assert server.arrived == []
    assert post(web.port, target="DynamoDB_20120810.GetItem")[0] == 200


def test_truncated_lost_and_late(web, server):
    web.fault = HttpFault("truncate")
    with pytest.raises(http.client.IncompleteRead):
        post(web.port)
    web.fault = HttpFault("lose_reply")
    with pytest.raises(ConnectionError):
        post(web.port, b"lost")
    web.fault = HttpFault("late", seconds=0.3)
    with pytest.raises(ConnectionError):
        post(web.port, b"late")

    assert server.arrived == [b"hello", b"lost"]
    time.sleep(0.6)
    assert server.arrived == [b"hello", b"lost", b"late"]

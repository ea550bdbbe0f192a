"""The short way of DynamoDB's reads on the wire: connections are kept, and what goes wrong is what botocore says of it."""

import json
import socket
import threading

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
)
from pynamodb.connection import Connection
from pynamodb.exceptions import VerboseClientError

from shop.dynamo_reads import LeanReads

KEY = {"productId": {"S": "prod_1"}}


class Server:
    """Takes connections and answers each request with the next of these bytes; None: it closes, ...: it is silent."""

    def __init__(self, *answers):
        self._answers = list(answers)
        self.requests, self.connections, self._open = [], 0, []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while self._answers:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            self._talk(connection)

    def _talk(self, connection):
        while self._answers and (request := connection.recv(65536)):
            while not request.endswith(b"}"):
                request += connection.recv(65536)
            self.requests.append(request)
            answer = self._answers.pop(0)
            if answer is None:
                connection.close()
                return
            if answer is ...:
                return
            connection.sendall(answer)
            if b"Connection: close" in answer:
                connection.close()
                return

    def close(self):
        self._socket.close()
        for connection in self._open:
            connection.close()
        self._thread.join(5)


def http(status, body, *headers):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = "".join(f"{line}\r\n" for line in (f"Content-Length: {len(content)}", *headers))
    return f"HTTP/1.1 {status} x\r\n{lines}\r\n".encode() + content


@pytest.fixture
def serve(monkeypatch):
    """A function that starts a server with these answers, and returns it with a connection of a kind to it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    servers = []

    def start(*answers, kind=LeanReads, read_seconds=0.3):
        servers.append(Server(*answers))
        connection = kind(
            region="us-east-1",
            host=servers[-1].url,
            connect_timeout_seconds=0.3,
            read_timeout_seconds=read_seconds,
            max_retry_attempts=0,
            max_pool_connections=2,
        )
        return servers[-1], connection

    yield start
    for server in servers:
        server.close()


def get(connection):
    return connection.dispatch("GetItem", {"TableName": "Products", "Key": KEY})


def test_many_reads_take_one_connection(serve):
    server, connection = serve(*[http(200, {"Item": {"productId": {"S": "prod_1"}}})] * 3)

    found = [get(connection) for _ in range(3)]

    assert found == [{"Item": {"productId": {"S": "prod_1"}}}] * 3
    assert (server.connections, len(server.requests)) == (1, 3)
    assert b"x-amz-target: dynamodb_20120810.getitem" in server.requests[0].lower()


def test_a_connection_that_the_other_side_closed_while_idle_is_not_used(serve):
    server, connection = serve(http(200, {}, "Connection: close"), http(200, {}))

    assert [get(connection), get(connection)] == [{}, {}]
    assert server.connections == 2


@pytest.mark.parametrize("kind", [Connection, LeanReads])
@pytest.mark.parametrize(
    ("answer", "cause"),
    [(..., ReadTimeoutError), (None, ConnectionClosedError)],
    ids=["silence", "a closed connection"],
)
def test_without_an_answer_both_ways_fail_alike(serve, kind, answer, cause):
    server, connection = serve(answer, kind=kind)

    with pytest.raises(cause):
        get(connection)
    assert len(server.requests) == 1


@pytest.mark.parametrize("kind", [Connection, LeanReads])
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (
            http(400, {"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", "message": "no"}),
            "ResourceNotFoundException",
        ),
        (http(400, {"__type": "com.amazon.coral.service#UnrecognizedClientException"}), "UnrecognizedClientException"),
        (http(500, {"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError"}), "InternalServerError"),
        (http(503, b"<html>busy</html>"), "503"),
    ],
    ids=["no table", "no right", "a fault", "a proxy's page"],
)  # fmt: skip
def test_a_refusal_has_the_same_code_both_ways(serve, kind, answer, code):
    _, connection = serve(answer, kind=kind)

    with pytest.raises(VerboseClientError) as refused:
        get(connection)

    assert refused.value.response["Error"]["Code"] == code
    assert "on table (Products)" in str(refused.value)


def test_an_answer_that_is_no_json_is_no_answer(serve):
    _, connection = serve(http(200, b"<html>"))

    with pytest.raises(HTTPClientError):
        get(connection)


def test_nobody_listening_is_no_connection(serve):
    server, connection = serve()
    server.close()

    with pytest.raises(EndpointConnectionError):
        get(connection)

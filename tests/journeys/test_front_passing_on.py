"""The front on real nginx: what it passes on and what it keeps back, who is calling, how much at once, and its end."""

import signal
import threading

import pytest

from tests.front import PLAIN, connect, exchange, post, reply_on, running_front
from tests.journeys.conftest import free_port

pytestmark = [pytest.mark.nginx, pytest.mark.journey]


# ---- what it passes on -------------------------------------------------------------------------------------


def test_a_body_in_chunks_arrives_with_its_length(front, behind):
    head = b"POST /orders HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n"

    assert exchange(front.port, head + b'3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n').status == 200
    [seen] = behind.seen
    assert (seen.body, seen.values("Content-Length"), seen.values("Transfer-Encoding")) == (
        b'{"a":1}',
        ["7"],
        [],
    )


def test_a_body_of_exactly_1_mib_passes_byte_for_byte(front, behind):
    body = bytes(range(256)) * 4096

    assert exchange(front.port, post("/orders", body)).status == 200
    assert behind.seen[0].body == body


def test_a_request_line_of_4094_bytes_passes_as_it_was_written(front, behind):
    line = b"GET //a%2Fb/?x=" + b"y" * 4070 + b" HTTP/1.1"
    assert len(line) == 4094

    assert exchange(front.port, line + b"\r\nHost: shop:8000\r\n\r\n").status == 200
    assert behind.seen[0].line.encode() == line
    assert behind.seen[0].values("Host") == ["shop:8000"]


FORGED = {
    "X-Forwarded-For": "203.0.113.9, 10.0.0.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Ssl": "on",
    "X-Forwarded-Protocol": "ssl",
    "X_Forwarded_For": "203.0.113.9",
    "X-Real-IP": "203.0.113.9",
    "True-Client-IP": "203.0.113.9",
    "Forwarded": "for=203.0.113.9;proto=https",
    "Script_Name": "/evil",
    "Proxy": "http://evil.example",
    "Upgrade": "h2c",
    "TE": "trailers",
    "Connection": "keep-alive, Authorization",
    "Keep-Alive": "timeout=999",
    "Proxy-Authorization": "Basic x",
}


def with_headers(headers: dict[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET /products HTTP/1.1\r\nHost: shop\r\n{lines}\r\n".encode()


def test_what_a_client_says_of_its_own_way_here_does_not_arrive(front, behind):
    assert (
        exchange(front.port, with_headers({**FORGED, "Authorization": "Bearer a", "X-Own": "b"})).status
        == 200
    )

    names = [name for name, _value in behind.seen[0].headers]
    assert sorted(names) == sorted(
        ["Host", "X-Request-ID", "X-Forwarded-For", "X-Forwarded-Proto", "Authorization", "X-Own"]
    )
    assert behind.seen[0].values("X-Forwarded-For") == ["127.0.0.1"]
    assert behind.seen[0].values("X-Forwarded-Proto") == ["http"]


def test_the_balancer_is_believed_in_its_own_entry_and_no_other(behind, tmp_path):
    forged = with_headers({"X-Forwarded-For": "203.0.113.9, 198.51.100.7", "X-Forwarded-Proto": "https"})
    odd = with_headers({"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https, http"})
    with running_front(tmp_path, port=free_port(), upstream=behind.port, trusted="127.0.0.0/8") as front:
        assert [exchange(front.port, raw).status for raw in (forged, odd)] == [200, 200]
        refused = exchange(front.port, forged.replace(b"GET", b"TRACE"))

    assert [seen.values("X-Forwarded-For") for seen in behind.seen] == [["198.51.100.7"]] * 2
    assert [seen.values("X-Forwarded-Proto") for seen in behind.seen] == [["https"], ["http"]]
    assert refused.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"


def test_behind_an_api_gateway_the_client_is_the_one_that_it_names_and_came_by_https(behind, tmp_path):
    """The internal balancer between them says "http", and names the gateway."""
    asked = with_headers(
        {
            "X-Forwarded-For": "198.51.100.7, 10.20.0.9",
            "X-Forwarded-Proto": "http",
            "X-Edge-Client": "203.0.113.9",
        }
    )
    gateway = {"FRONT_CLIENT_HEADER": "X-Edge-Client", "FRONT_SCHEME": "https", "trusted": "127.0.0.0/8"}
    with running_front(tmp_path, port=free_port(), upstream=behind.port, **gateway) as front:
        assert exchange(front.port, asked).status == 200

    assert behind.seen[0].values("X-Forwarded-For") == ["203.0.113.9"]
    assert behind.seen[0].values("X-Forwarded-Proto") == ["https"]


@pytest.mark.parametrize("offered", ["", "a b", "x" * 129, 'a"b'])
def test_an_id_that_is_none_is_replaced(front, behind, offered):
    exchange(front.port, with_headers({"X-Request-ID": offered}))

    [made] = behind.seen[0].values("X-Request-ID")
    assert len(made) == 32
    assert set(made) <= set("0123456789abcdef")


def test_a_sound_id_goes_through(front, behind):
    exchange(front.port, with_headers({"X-Request-ID": "Root=1-67891233-abcdef012345678912345678"}))

    assert behind.seen[0].values("X-Request-ID") == ["Root=1-67891233-abcdef012345678912345678"]


def test_what_the_application_answers_is_not_in_the_fronts_log(front, behind):
    assert exchange(front.port, PLAIN).status == 200
    assert exchange(front.port, PLAIN.replace(b"GET", b"TRACE")).status == 405

    assert [line["method"] for line in front.refusals(1)] == ["TRACE"]


# ---- one address, many connections; the end ------------------------------------------------------------------


SAME_CLIENT = {
    "IPv4": ["192.0.2.1"],
    "IPv4 written as IPv6": ["::ffff:192.0.2.1"],
    # Bytes that a pattern could stumble over: nought, the end of a line, letters of both cases.
    "a network of IPv6": ["2001:db8:a:4100::", "2001:db8:a:4100::1", "2001:db8:a:4100:a0a:a0a:ffff:616a"],
}


@pytest.mark.parametrize("addresses", SAME_CLIENT.values(), ids=SAME_CLIENT)
def test_one_client_has_100_requests_at_a_time_and_others_do_not_suffer(behind, tmp_path, addresses):
    def caller(address: str) -> bytes:
        return post("/orders", b"{}", f"X-Forwarded-For: {address}")

    others = ["192.0.2.2", "::ffff:192.0.2.2", "2001:db8:a:6100::1", "2001:db8:a:4101::1"]
    with running_front(tmp_path, port=free_port(), upstream=behind.port, trusted="127.0.0.1/32") as front:
        half = [connect(front.port, caller(addresses[each % len(addresses)])[:-1]) for each in range(100)]
        refused = exchange(front.port, caller(addresses[-1]))
        unharmed = [exchange(front.port, caller(other)).status for other in others]
        for wire in half:
            wire.sendall(b"}")
        answers = [reply_on(wire).status for wire in half]
        for wire in half:
            wire.close()

        assert refused.problem["code"] == "too_many_requests"
        assert (refused.status, refused.headers["Retry-After"]) == (429, "30")
        assert unharmed == [200] * len(others)
        assert answers == [200] * 100
        assert len(behind.seen) == 100 + len(others)
        assert [line["client"] for line in front.refusals(1)] == [addresses[-1]]


def test_when_it_is_stopped_it_answers_what_is_in_flight_and_takes_nothing_new(front, behind):
    arrived, go_on = threading.Event(), threading.Event()

    def slowly(_seen: object) -> bool:
        arrived.set()
        return go_on.wait(20)

    behind.answer = slowly
    with connect(front.port, PLAIN) as wire:
        assert arrived.wait(20)
        front.process.send_signal(signal.SIGQUIT)
        _wait_until_nobody_listens(front.port)
        go_on.set()
        assert reply_on(wire).status == 200

    assert front.process.wait(timeout=20) == 0
    assert front.refusals(0) == []


def _wait_until_nobody_listens(port: int) -> None:
    for _ in range(200):
        try:
            connect(port, b"").close()
        except ConnectionRefusedError:
            return
        threading.Event().wait(0.05)
    raise AssertionError("it still takes connections")

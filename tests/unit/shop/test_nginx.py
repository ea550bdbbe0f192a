"""The front's configuration agrees with the code behind it: sizes, time-outs, texts, headers."""

import re
import runpy
from typing import Any

import pytest
from django.conf import settings

from shop import errors, http_worker, middleware
from shop.browsers import PERMISSIONS_POLICY
from shop.exception_handler import status_of
from shop.pages import error_table
from tests.front import ROOT, TEMPLATE

CONFIGURATION = TEMPLATE.read_text()
ALB_IDLE_SECONDS = 60  # its default
LONGEST_BUDGET_SECONDS = 60  # ORDER_BUDGET_SECONDS goes no higher


def directives(name: str) -> list[str]:
    return re.findall(rf"^ *{name} +(.+?);(?: +#.*)?$", CONFIGURATION, flags=re.MULTILINE)


def seconds(name: str) -> list[int]:
    return [int(value.removesuffix("s")) for value in directives(name)]


def map_of(variable: str) -> dict[str, str]:
    """Return the entries of ``map ... $variable``."""
    body = re.search(rf"map [^{{]+ \{variable} {{\n(.*?)\n    }}", CONFIGURATION, flags=re.DOTALL)
    assert body, variable
    pairs = (line.strip().removesuffix(";").split(" ", 1) for line in body[1].splitlines())
    return {key: value.strip('"') for key, value in pairs}


@pytest.fixture(scope="module")
def gunicorn() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "shop" / "gunicorn.conf.py"))


def test_whoever_is_nearer_to_the_client_waits_longer_for_an_answer(gunicorn):
    [answer] = seconds("proxy_read_timeout")
    [at_the_end] = seconds("worker_shutdown_timeout")

    assert answer > LONGEST_BUDGET_SECONDS
    assert at_the_end >= gunicorn["graceful_timeout"]
    assert at_the_end < 30  # stop_grace_period, and what ECS waits


def test_a_kept_connection_is_closed_by_whoever_sends_into_it(gunicorn):
    towards_clients, towards_gunicorn = seconds("keepalive_timeout")

    assert towards_clients > ALB_IDLE_SECONDS
    assert towards_gunicorn < gunicorn["keepalive"]


def test_what_the_front_lets_through_the_server_behind_it_takes(gunicorn):
    assert directives("client_max_body_size") == ["1m"]
    assert settings.MAX_BODY_BYTES == 1024 * 1024
    assert f'"~^.{{{gunicorn["limit_request_line"] + 1}}}" 1;' in CONFIGURATION
    assert directives("large_client_header_buffers") == ["4 8k"]
    assert gunicorn["limit_request_field_size"] == 8 * 1024 - len("\r\n")


def test_a_request_id_is_taken_by_the_same_rule():
    rule = middleware._SANE_REQUEST_ID.pattern

    assert map_of("$id").keys() == {"default", f'"~^{rule}$"'}


def test_every_refusal_of_the_front_is_in_the_table_of_errors():
    table = {row["code"]: row for row in error_table()}
    codes, titles, details = map_of("$problem_code"), map_of("$problem_title"), map_of("$problem_detail")

    assert codes.keys() == titles.keys() == details.keys()
    for status, code in codes.items():
        assert table[code]["status"] == (400 if status == "default" else int(status))
        assert table[code]["title"] == titles[status]
        assert '"' not in details[status]
        assert "\\" not in details[status]


def test_every_status_that_the_front_gives_has_its_words():
    listed = " ".join(directives("error_page"))
    given = {int(status) for status in re.findall(r"=(\d+)", listed)}
    kept = {
        int(s) for line in directives("error_page") if "=" not in line for s in re.findall(r"\b\d+\b", line)
    }

    assert {str(status) for status in given | kept} - {"400"} == map_of("$problem_code").keys() - {"default"}


def test_when_to_come_back_is_what_the_application_says():
    kinds = (errors.UnavailableError, errors.TooManyRequestsError)

    assert map_of("$problem_retry_after") == {
        "default": "",
        **{str(status_of(kind)): str(kind.retry_after_seconds) for kind in kinds},
    }


def test_its_refusals_have_the_headers_of_the_servers_own():
    named = (value.removesuffix(" always").split(" ", 1) for value in directives("add_header"))
    headers = {name: value.strip('"') for name, value in named}

    assert {name: value for name, value in headers.items() if "$" not in value} == {
        **http_worker.HEADERS,
        "Permissions-Policy": PERMISSIONS_POLICY,
    }


def test_a_client_can_pass_on_no_header_that_tells_of_its_way():
    cleared = {line.split(" ")[0] for line in directives("proxy_set_header") if line.endswith('""')}

    assert {"Forwarded", "X-Real-IP", "X-Forwarded-Host", "X-Forwarded-Ssl", "Proxy", "Upgrade"} <= cleared
    assert "X-Forwarded-For $remote_addr" in directives("proxy_set_header")

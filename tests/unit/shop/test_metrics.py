"""Figures: what a line of the embedded metric format holds, and that there are no others than those listed."""

import json
import re

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from django.core.management import call_command
from pynamodb.exceptions import GetError
from structlog.contextvars import bound_contextvars

from shop import dynamo, metrics
from shop.errors import UnavailableError
from shop.middleware import measured, route_of
from tests.pages import ROOT, read

pytestmark = pytest.mark.usefixtures("json_lines")


@pytest.fixture
def json_lines(settings):
    settings.LOG_FORMAT = "json"


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]


def test_a_figure_is_one_line_that_cloudwatch_understands(capsys, monkeypatch):
    monkeypatch.setattr("shop.metrics.time.time", lambda: 1_700_000_000.25)

    metrics.emit(metrics.ORDERS_SETTLED, 1, kind="out_of_stock")

    assert lines(capsys) == [
        {
            "_aws": {
                "Timestamp": 1_700_000_000_250,
                "CloudWatchMetrics": [
                    {
                        "Namespace": "shop",
                        "Dimensions": [["Outcome"]],
                        "Metrics": [{"Name": "OrdersSettled", "Unit": "Count"}],
                    }
                ],
            },
            "OrdersSettled": 1,
            "Outcome": "out_of_stock",
        }
    ]


def test_a_figure_leads_to_the_order_it_belongs_to(capsys):
    with bound_contextvars(request_id="r1", order_id=7):
        metrics.emit(metrics.STEP_MILLISECONDS, 12.5, kind="CHARGING")

    (line,) = lines(capsys)
    assert (line["request_id"], line["order_id"], line["StepMilliseconds"]) == ("r1", 7, 12.5)
    assert line["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [
        {"Name": "StepMilliseconds", "Unit": "Milliseconds"}
    ]


def test_figures_are_written_whatever_the_log_level(capsys, settings):
    settings.LOG_LEVEL = "ERROR"

    metrics.emit(metrics.TOKENS_REFUSED, 1)

    (line,) = lines(capsys)
    assert line["TokensRefused"] == 1  # and is not masked as a secret
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [[]]


def test_people_at_a_console_get_no_figures(capsys, settings):
    settings.LOG_FORMAT = "console"

    metrics.emit(metrics.OPEN_ORDERS, 3)

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("metric", "kind"), [(metrics.OPEN_ORDERS, "shoes"), (metrics.ORDERS_SETTLED, "")], ids=str
)
def test_a_dimension_that_is_not_declared_is_a_bug(metric, kind):
    with pytest.raises(AssertionError, match=metric.name):
        metrics.emit(metric, 1, kind=kind)


def test_every_metric_is_listed_once():
    declared = [value for value in vars(metrics).values() if isinstance(value, metrics.Metric)]

    assert sorted(declared, key=str) == sorted(metrics.METRICS, key=str)
    assert len({metric.name for metric in metrics.METRICS}) == len(metrics.METRICS)


def test_every_metric_is_written_somewhere():
    code = "".join(
        read(path)
        for room in ("shop", "users", "products", "orders")
        for path in sorted((ROOT / room).rglob("*.py"))
        if path.name != "metrics.py"
    )

    unused = {name for name, value in vars(metrics).items() if isinstance(value, metrics.Metric)} - set(
        re.findall(r"\b[A-Z][A-Z_]+\b", code)
    )
    assert unused == set()


def test_a_deployment_can_ask_which_metrics_there_are(capsys):
    call_command("describe_metrics")

    told = json.loads(capsys.readouterr().out)
    assert told["namespace"] == "shop"
    assert [metric["name"] for metric in told["metrics"]] == [metric.name for metric in metrics.METRICS]
    assert told["metrics"][0] == {
        "name": "Requests",
        "unit": "Count",
        "statistic": "Sum",
        "dimension": "StatusClass",
        "values": "2xx, 3xx, 4xx, 5xx",
        "meaning": "Requests answered.",
    }


# ---- requests ----------------------------------------------------------------------------------------------


@pytest.fixture
def request_lines(api, caplog):
    """Send requests; return what was logged of them."""

    def send(*requests):
        for method, path in requests:
            api.send(method, path)
        return [record.msg for record in caplog.records if record.name == "shop.request"]

    return send


def test_a_request_is_measured_on_its_own_line_by_route_and_status(request_lines):
    (line,) = request_lines(("GET", "/docs/errors"))

    assert line["event"] == "request"
    assert (line["Requests"], line["StatusClass"], line["Route"]) == (1, "2xx", "GET /docs/errors")
    assert line["RequestMilliseconds"] == line["ms"]
    assert [directive["Dimensions"] for directive in line["_aws"]["CloudWatchMetrics"]] == [
        [["StatusClass"]],
        [["Route"]],
    ]


def test_latencies_need_not_be_told_apart_by_route(request_lines, settings):
    settings.METRICS_BY_ROUTE = False

    (line,) = request_lines(("GET", "/docs/errors"))

    assert [directive["Dimensions"] for directive in line["_aws"]["CloudWatchMetrics"]] == [
        [["StatusClass"]],
        [[]],
    ]


def test_a_path_that_is_nobodys_is_one_route_whatever_it_is_called(request_lines):
    found = request_lines(("GET", "/wp-login.php"), ("GET", "/a/b/c/"), ("PURGE", "/docs/errors"))

    assert [line["Route"] for line in found] == ["other", "other", "other"]


@pytest.mark.parametrize(
    ("route", "method", "expected"),
    [
        ("orders/<str:order_id>/cancel", "PUT", "PUT /orders/{order_id}/cancel"),
        ("products", "GET", "GET /products"),
        ("", "GET", "GET /"),
    ],
)
def test_a_route_is_the_paths_template(rf, route, method, expected):
    request = rf.generic(method, "/")
    request.resolver_match = type("Match", (), {"route": route, "namespaces": []})

    assert route_of(request) == expected


def test_the_back_office_is_one_route(rf):
    request = rf.get("/admin/orders/order/5/change/")
    request.resolver_match = type(
        "Match", (), {"route": "admin/orders/order/<path:object_id>/change/", "namespaces": ["admin"]}
    )

    assert route_of(request) == "GET /admin"


def test_a_request_that_is_refused_for_coming_too_often_counts_as_such(rf):
    found = {measurement.metric.name for measurement in measured(rf.get("/"), status=429, ms=1)}

    assert found == {"Requests", "RequestMilliseconds", "RequestsThrottled"}


def test_a_token_that_is_refused_is_counted(api, capsys):
    assert api.send("GET", "/orders", Authorization="Bearer nonsense").status_code == 401

    assert [line["TokensRefused"] for line in lines(capsys) if "TokensRefused" in line] == [1]


# ---- DynamoDB ----------------------------------------------------------------------------------------------


def refused(code):
    return ClientError({"Error": {"Code": code}}, "GetItem")


@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        (GetError("x", cause=refused("TransactionConflictException")), "conflict"),
        (refused("TransactionConflictException"), "conflict"),
        (GetError("x", cause=refused("ProvisionedThroughputExceededException")), "throttled"),
        (GetError("x", cause=refused("InternalServerError")), "unanswered"),
        (ReadTimeoutError(endpoint_url="http://dynamodb"), "unanswered"),
    ],
    ids=["conflict", "conflict of a plain call", "throttled", "a bad day of AWS", "silence"],
)
def test_each_call_of_dynamodb_that_is_made_again_is_counted_by_its_cause(
    failure, cause, capsys, monkeypatch
):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    answers = [failure, failure, None]

    def ask():
        if answer := answers.pop(0):
            raise answer

    dynamo.call(ask, unavailable=UnavailableError)

    assert [(line["DynamoDbRetries"], line["Cause"]) for line in lines(capsys)] == [(1, cause), (1, cause)]

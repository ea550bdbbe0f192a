"""What is watched, and who is told."""

import json

import pytest

from deploy import metrics
from deploy.tests.templates import every_template, template


def alarms(stage: str) -> dict[str, dict[str, object]]:
    return {
        each["AlarmName"]: each for each in template(stage, "observability").properties("CloudWatch::Alarm")
    }


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_there_is_an_alarm_for_everything_that_matters(stage: str) -> None:
    common = "server-errors slow stuck-orders drift dead-letters payments-silent queue-age throttled canary loop-crashes"
    common += " database-cpu database-connections database-storage no-web no-background"
    expected = {f"shop-{stage}-{name}" for name in common.split()}
    if stage == "prod":
        routes = ("post-orders", "get-orders", "get-products", "post-users-login")
        expected |= {f"shop-prod-slow-{route}" for route in routes}
    assert set(alarms(stage)) == expected


@pytest.mark.parametrize(
    ("name", "metric", "comparison", "threshold"),
    [
        ("stuck-orders", metrics.OLDEST_OPEN_ORDER_SECONDS, "GreaterThanThreshold", 120),
        ("drift", metrics.INVARIANT_VIOLATIONS, "GreaterThanThreshold", 0),
        ("dead-letters", "ApproximateNumberOfMessagesVisible", "GreaterThanThreshold", 0),
        ("database-storage", "FreeStorageSpace", "LessThanThreshold", 50 * 1024**3 // 5),
        ("slow-post-orders", metrics.REQUEST_MILLISECONDS, "GreaterThanThreshold", 9000),
    ],
)
def test_an_alarm_watches_this_metric_from_this_value_on(
    name: str, metric: str, comparison: str, threshold: int
) -> None:
    alarm = alarms("prod")[f"shop-prod-{name}"]
    assert (alarm["MetricName"], alarm["ComparisonOperator"], alarm["Threshold"]) == (
        metric,
        comparison,
        threshold,
    )


def test_silence_is_an_alarm_where_something_should_report_and_changes_nothing_between_verifications() -> (
    None
):
    expected = {"no-web": "breaching", "no-background": "breaching", "canary": "breaching", "drift": "ignore"}
    for name, alarm in alarms("prod").items():
        what = expected.get(name.removeprefix("shop-prod-"), "notBreaching")
        assert alarm["TreatMissingData"] == what, name


def test_no_expression_asks_for_the_largest_of_a_series_and_a_number() -> None:
    """CloudWatch refuses such a list: MAX takes one series, or several."""
    expressions = [
        metric["Expression"]
        for each in every_template()
        for alarm in each.properties("CloudWatch::Alarm")
        for metric in alarm.get("Metrics", [])
        if "Expression" in metric
    ]
    assert len(expressions) > 10
    assert [each for each in expressions if "MAX([" in each] == []


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_every_alarm_is_told_to_the_encrypted_topic_and_names_its_cure(stage: str) -> None:
    observability = template(stage, "observability")
    assert "AlarmKey" in json.dumps(observability.the("SNS::Topic")["KmsMasterKeyId"])
    assert observability.the("SNS::Subscription")["Protocol"] == "email"
    for name, alarm in alarms(stage).items():
        anchor = name.removeprefix(f"shop-{stage}-")
        assert f"docs/runbook.md#{anchor}" in str(alarm["AlarmDescription"])
        for action in ("AlarmActions", "OKActions"):
            assert json.dumps(alarm[action]).count("Alarms") == 1


def test_a_task_that_ends_by_itself_is_told() -> None:
    pattern = template("prod", "observability").the("Events::Rule")["EventPattern"]
    assert pattern["detail"]["stopCode"] == ["EssentialContainerExited", "TaskFailedToStart"]


@pytest.mark.parametrize(("stage", "dollars"), [("dev", 60), ("prod", 400)])
def test_the_months_budget_is_watched(stage: str, dollars: int) -> None:
    budget = template(stage, "observability").the("Budgets::Budget")
    assert budget["Budget"]["BudgetLimit"] == {"Amount": dollars, "Unit": "USD"}


@pytest.mark.parametrize(("stage", "rate"), [("dev", "rate(60 minutes)"), ("prod", "rate(5 minutes)")])
def test_the_canary_walks_on_schedule_from_outside_the_vpc(stage: str, rate: str) -> None:
    observability = template(stage, "observability")
    assert observability.the("Scheduler::Schedule")["ScheduleExpression"] == rate
    function = observability.the("Lambda::Function")
    assert "VpcConfig" not in function
    assert list(function["Environment"]["Variables"]) == ["SHOP_URL"]


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_walk_that_fails_counts_once_and_one_that_is_not_made_counts_too(stage: str) -> None:
    observability = template(stage, "observability")
    assert observability.the("Lambda::EventInvokeConfig")["MaximumRetryAttempts"] == 0
    target = observability.the("Scheduler::Schedule")["Target"]
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 0}
    canary = alarms(stage)[f"shop-{stage}-canary"]
    assert (canary["TreatMissingData"], canary["EvaluationPeriods"]) == ("breaching", 2)
    assert canary["Period"] == 60 * (60 if stage == "dev" else 5)


def test_the_slowest_hundredth_of_a_handful_of_requests_changes_no_alarm() -> None:
    ignored = {name: alarm.get("EvaluateLowSampleCountPercentile") for name, alarm in alarms("prod").items()}
    slow = {name for name in ignored if name.startswith("shop-prod-slow")}
    assert len(slow) == 5
    assert {name for name, how in ignored.items() if how == "ignore"} == slow
    assert set(ignored.values()) == {None, "ignore"}


def test_the_dashboard_and_the_alarms_use_metrics_that_the_shop_writes() -> None:
    """tests/unit/test_deployment.py compares deploy/metrics.py with the shop's own list."""
    for stage in ("dev", "prod"):
        text = json.dumps(template(stage, "observability").body).replace("\\", "")
        ways = ('"MetricName": "{0}"', 'MetricName="{0}"', '"shop-{1}","{0}"')
        named = {name for name in metrics.DIMENSIONS if any(way.format(name, stage) in text for way in ways)}
        # Queues are watched by AWS's own metrics: they come even while no task of ours does.
        unused = {metrics.QUEUE_MESSAGES, metrics.DEAD_LETTERS, metrics.ORDERS_VERIFIED}
        unused |= {metrics.REQUEST_MILLISECONDS} if stage == "dev" else set()
        assert set(metrics.DIMENSIONS) - named == unused


@pytest.mark.parametrize("part", ["orders", "health", "web", "tasks", "mysql"])
def test_the_dashboard_has_a_row_for(part: str) -> None:
    titles = {
        "orders": ["Orders by outcome", "Time per step", "Stock conflicts"],
        "health": ["Oldest unsettled order", "Drift, dead letters", "Queue: age"],
        "web": ["Answers", "Latency", "Refused"],
        "tasks": ["Tasks running", "CPU and memory", "DynamoDB: refused"],
        "mysql": ["MySQL: CPU", "MySQL: connections", "MySQL: free storage"],
    }
    body = json.dumps(template("prod", "observability").the("CloudWatch::Dashboard")["DashboardBody"])
    assert [title for title in titles[part] if title not in body] == []


def test_queries_are_saved_to_follow_one_request_or_one_order() -> None:
    queries = {
        each["Name"]: each["QueryString"]
        for each in template("prod", "observability").properties("Logs::QueryDefinition")
    }
    assert 'filter request_id = "PUT-ID-HERE"' in queries["shop-prod/one-request"]
    assert "filter order_id = 0" in queries["shop-prod/one-order"]
    assert len(queries) == 8


def test_no_log_is_kept_for_ever() -> None:
    for template_ in every_template():
        for group in template_.properties("Logs::LogGroup"):
            assert group["RetentionInDays"] in {7, 90}, template_.name

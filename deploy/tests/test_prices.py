"""The costs are those of the templates, and the page is that of the code."""

import re
from dataclasses import replace
from typing import Any

import pytest

from deploy import cost_page
from deploy.config import DEV, PROD, STAGES, filled_in
from deploy.price_list import PRICES
from deploy.prices import LINES, Line, PriceTable, monthly
from deploy.quantities import (
    IDLE,
    IN_USE,
    PAUSED,
    TEN_THOUSAND,
    TEN_TIMES,
    WAF_RULES_OF_OURS,
    alarm_metrics,
    secrets_of,
    web_tasks,
)
from deploy.tests.templates import PARTS, template
from deploy.validation import check

each_stage = pytest.mark.parametrize("stage", ["dev", "prod"])


def resources(stage: str, kind: str) -> list[dict[str, Any]]:
    return [each for part in PARTS for each in template(stage, part).properties(kind)]


# ---- what is counted is what the templates make ----------------------------------------------------------------


@each_stage
def test_as_many_secrets_are_paid_for_as_there_are(stage: str) -> None:
    assert secrets_of(filled_in(STAGES[stage])) == len(resources(stage, "SecretsManager::Secret"))


@each_stage
def test_as_many_alarm_metrics_are_paid_for_as_are_watched(stage: str) -> None:
    metrics = [
        1 if "MetricName" in alarm else sum("MetricStat" in each for each in alarm["Metrics"])
        for alarm in resources(stage, "CloudWatch::Alarm")
    ]
    # For a target to track, AWS makes one alarm above it and one below.
    tracking = [
        each
        for each in resources(stage, "ApplicationAutoScaling::ScalingPolicy")
        if each["PolicyType"] == "TargetTrackingScaling"
    ]
    assert alarm_metrics(filled_in(STAGES[stage])) == sum(metrics) + 2 * len(tracking)


@each_stage
def test_as_many_firewall_rules_are_paid_for_as_there_are(stage: str) -> None:
    (acl,) = resources(stage, "WAFv2::WebACL")
    assert len(acl["Rules"]) == WAF_RULES_OF_OURS + len(STAGES[stage].firewall.managed)


@each_stage
def test_the_way_out_that_is_paid_for_is_the_one_there_is(stage: str) -> None:
    bill = monthly(filled_in(STAGES[stage]))
    gateways = len(resources(stage, "EC2::NatGateway"))
    interfaces = [
        each for each in resources(stage, "EC2::VPCEndpoint") if each["VpcEndpointType"] == "Interface"
    ]
    hours = PRICES["nat_hour"].of(730 * gateways)
    assert hours <= bill.of("NAT") <= hours + 1
    assert interfaces == []
    assert bill.of("Interface endpoints") == 0


@each_stage
def test_there_is_nothing_in_the_templates_whose_price_was_forgotten(stage: str) -> None:
    paid = {"KMS::Key": 1, "ElasticLoadBalancingV2::LoadBalancer": 1, "CloudWatch::Dashboard": 1}
    paid |= {"Lambda::Function": 1, "S3::Bucket": 1, "SQS::Queue": 2, "DynamoDB::Table": 4}
    paid |= {"RDS::DBInstance": 1, "ECS::Service": 2, "Cognito::UserPool": 1, "WAFv2::WebACL": 1}
    assert {kind: len(resources(stage, kind)) for kind in paid} == paid
    never = (
        "RDS::DBProxy",
        "EC2::TransitGateway",
        "ElastiCache::ReplicationGroup",
        "KinesisFirehose::DeliveryStream",
    )
    assert {kind: resources(stage, kind) for kind in never} == {kind: [] for kind in never}


# ---- arithmetic ------------------------------------------------------------------------------------------------


def test_a_table_adds_up() -> None:
    table = PriceTable((Line("RDS", "MySQL", 10.0), Line("RDS", "20 GB", 2.5), Line("NAT", "one", 30.0)))
    assert (table.total, table.of("RDS"), table.of("WAF")) == (42.5, 12.5, 0)


@pytest.mark.parametrize(
    ("price", "units", "usd"),
    [("metric", 10, 0.0), ("metric", 30, 6.0), ("cognito_lite", 100_000, 495.0), ("secret", 4, 1.6)],
)
def test_what_is_free_is_free_and_the_rest_is_paid(price: str, units: float, usd: float) -> None:
    assert PRICES[price].of(units) == pytest.approx(usd)


def test_the_database_of_development_costs_its_hours_and_its_disk() -> None:
    assert monthly(DEV).of("RDS") == pytest.approx(730 * 0.016 + 20 * 0.115)


def test_web_tasks_follow_the_load_between_least_and_most() -> None:
    assert web_tasks(PROD, IDLE) == 2
    assert web_tasks(PROD, TEN_THOUSAND) == 2
    assert web_tasks(PROD, TEN_TIMES) == 2.25  # three of them in six busy hours of twenty-four
    assert web_tasks(PROD, replace(TEN_TIMES, requests_per_day=100_000_000)) == 6


@pytest.mark.parametrize("load", [IDLE, IN_USE, PAUSED, TEN_THOUSAND, TEN_TIMES])
@pytest.mark.parametrize("stage", [DEV, filled_in(PROD)], ids=lambda stage: stage.name)
def test_no_line_is_negative_and_each_says_what_it_counts(stage: Any, load: Any) -> None:
    lines = monthly(stage, load).lines
    assert [line for line in lines if line.usd < 0 or not line.basis] == []
    assert len({line.what for line in lines}) == len(lines) >= len(LINES) - 3


# ---- promises --------------------------------------------------------------------------------------------------


def test_development_costs_no_more_than_promised() -> None:
    assert monthly(DEV, IDLE).total <= DEV.watch.monthly_budget_usd == 60
    assert monthly(DEV, PAUSED).total <= 5


def test_the_budget_of_production_leaves_room_for_the_expected_load() -> None:
    prod = filled_in(PROD)
    assert monthly(prod, TEN_THOUSAND).total <= prod.watch.monthly_budget_usd


def test_the_cheapest_production_is_one_that_may_be_deployed() -> None:
    check(cost_page.lean())


def test_no_price_is_called_verified_without_a_page_of_awss() -> None:
    assert [
        name for name, price in PRICES.items() if price.verified and "aws.amazon.com" not in price.source
    ] == []


def test_every_line_is_in_one_group_of_the_chart_and_no_other() -> None:
    grouped = [name for _colour, names in cost_page.GROUPS.values() for name in names]
    services = {line.service for bill in cost_page.scenarios() for line in bill.lines}
    assert services - {"Cognito"} <= set(grouped)
    assert len(grouped) == len(set(grouped))


# ---- the page --------------------------------------------------------------------------------------------------


def test_the_page_and_its_chart_are_those_of_the_code() -> None:
    assert cost_page.PAGE.read_text(encoding="utf-8") == cost_page.page(), "python -m deploy.prices --write"
    assert cost_page.CHART.read_text(encoding="utf-8") == cost_page.chart()


def test_the_figures_in_the_pages_own_words_are_still_right() -> None:
    text = cost_page.PAGE.read_text(encoding="utf-8")
    assert "stays below by about a dollar in use" in text
    assert 58.5 < monthly(DEV, IN_USE).total < 59.5
    assert monthly(DEV, IDLE).total < 60
    assert monthly(DEV, PAUSED).total < 5
    assert "takes $9 off" in text
    assert monthly(DEV).of("WAF") == 9
    assert re.search(r"\$495 in the place of\s+\$1,350", text)
    assert PRICES["cognito_lite"].of(100_000) == pytest.approx(495)
    assert PRICES["cognito_essentials"].of(100_000) == pytest.approx(1350)


def test_the_figures_on_the_front_page_are_still_right() -> None:
    text = (cost_page.PAGE.parents[1] / "README.md").read_text(encoding="utf-8")
    running, paused = monthly(DEV, IDLE).total, monthly(DEV, PAUSED).total
    production = monthly(filled_in(PROD), TEN_THOUSAND).total
    assert (
        f"development about ${running:.0f} a month running, ${paused:.0f} paused; production about ${production:.0f}"
        in text
    )

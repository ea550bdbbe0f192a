"""The firewall before the load balancer."""

import json
from typing import Any

import pytest

from deploy.tests.templates import referred, template


def rules(stage: str) -> dict[str, dict[str, Any]]:
    return {each["Name"]: each for each in template(stage, "service").the("WAFv2::WebACL")["Rules"]}


def answer(stage: str, rule: str) -> tuple[int, str]:
    """Status and code of a rule's refusal."""
    response = rules(stage)[rule]["Action"]["Block"]["CustomResponse"]
    bodies = template(stage, "service").the("WAFv2::WebACL")["CustomResponseBodies"]
    body = json.loads(bodies[response["CustomResponseBodyKey"]]["Content"])
    assert body["status"] == response["ResponseCode"]
    return response["ResponseCode"], body["code"]


@pytest.mark.parametrize(
    ("stage", "groups"),
    [
        ("dev", {"CommonRuleSet", "AmazonIpReputationList"}),
        ("prod", {"CommonRuleSet", "KnownBadInputsRuleSet", "SQLiRuleSet", "AmazonIpReputationList"}),
    ],
)
def test_the_firewall_is_before_the_load_balancer_with_awss_rules(stage: str, groups: set[str]) -> None:
    service = template(stage, "service")
    assert "BalancerAlb" in referred(service.the("WAFv2::WebACLAssociation")["ResourceArn"])
    named = {name.removeprefix("AWSManagedRules") for name in rules(stage) if name.startswith("AWS")}
    assert named == groups


def test_one_address_gets_2000_requests_in_five_minutes() -> None:
    assert answer("prod", "rate") == (429, "too_many_requests")
    assert rules("prod")["rate"]["Statement"]["RateBasedStatement"] == {
        "AggregateKeyType": "IP",
        "EvaluationWindowSec": 300,
        "Limit": 2000,
    }


def test_behind_the_http_api_the_address_is_the_one_that_it_reports() -> None:
    assert rules("dev")["rate"]["Statement"]["RateBasedStatement"] == {
        "AggregateKeyType": "FORWARDED_IP",
        "EvaluationWindowSec": 300,
        "ForwardedIPConfig": {"FallbackBehavior": "MATCH", "HeaderName": "X-Edge-Client"},
        "Limit": 2000,
    }


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_nobody_sees_the_admin_pages_unless_a_network_is_named(stage: str) -> None:
    admin = rules(stage)["admin"]
    assert answer(stage, "admin") == (403, "forbidden")
    match = admin["Statement"]["ByteMatchStatement"]
    assert (match["SearchString"], match["PositionalConstraint"]) == ("/admin", "STARTS_WITH")
    assert [each["Type"] for each in match["TextTransformations"]] == [
        "URL_DECODE",
        "NORMALIZE_PATH",
        "LOWERCASE",
    ]


def test_a_named_network_sees_the_admin_pages_and_others_do_not() -> None:
    assert template("other", "service").the("WAFv2::IPSet")["Addresses"] == ["203.0.113.0/24"]
    is_admin, others = rules("other")["admin"]["Statement"]["AndStatement"]["Statements"]
    assert is_admin["ByteMatchStatement"]["SearchString"] == "/admin"
    assert list(others["NotStatement"]["Statement"]) == ["IPSetReferenceStatement"]


def test_large_bodies_and_programs_without_a_name_are_the_shops_to_judge() -> None:
    common = rules("prod")["AWSManagedRulesCommonRuleSet"]["Statement"]["ManagedRuleGroupStatement"]
    counted = {each["Name"] for each in common["RuleActionOverrides"] if each["ActionToUse"] == {"Count": {}}}
    assert counted == {"SizeRestrictions_BODY", "NoUserAgent_HEADER"}
    assert len(common["RuleActionOverrides"]) == 2


def test_the_firewalls_log_keeps_no_token_and_no_cookie() -> None:
    logging = template("prod", "service").the("WAFv2::LoggingConfiguration")
    assert logging["RedactedFields"] == [
        {"SingleHeader": {"Name": "authorization"}},
        {"SingleHeader": {"Name": "cookie"}},
    ]

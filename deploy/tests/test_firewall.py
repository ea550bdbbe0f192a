"""The firewall before the load balancer."""

import json
from typing import Any

import pytest

from deploy.check import ROOT
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
        ("dev", ["CommonRuleSet"]),
        ("prod", ["CommonRuleSet", "KnownBadInputsRuleSet", "SQLiRuleSet", "AmazonIpReputationList"]),
    ],
)
def test_the_firewall_is_before_the_load_balancer_with_awss_rules(stage: str, groups: list[str]) -> None:
    binding = template(stage, "service").the("WAFv2::WebACLAssociation")
    assert "PublicAlb" in referred(binding["ResourceArn"]) or stage == "dev"
    assert "InternalAlb" in referred(binding["ResourceArn"]) or stage == "prod"
    assert list(rules(stage)) == ["admin", "rate", *(f"AWSManagedRules{name}" for name in groups), "managed"]


@pytest.mark.parametrize("stage", ["dev", "prod", "other"])
def test_awss_groups_only_label_because_they_would_answer_with_a_page_of_html(stage: str) -> None:
    managed = [rule for name, rule in rules(stage).items() if name.startswith("AWS")]
    assert managed
    assert [rule["OverrideAction"] for rule in managed] == [{"Count": {}}] * len(managed)


def test_what_they_labelled_is_refused_in_the_shops_shape() -> None:
    assert answer("prod", "managed") == (403, "permission_denied")
    bodies = template("prod", "service").the("WAFv2::WebACL")["CustomResponseBodies"]
    assert {each["ContentType"] for each in bodies.values()} == {"APPLICATION_JSON"}
    documented = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    for each in bodies.values():
        problem = json.loads(each["Content"])
        assert f"| `{problem['code']}` | {problem['status']} |" in documented
        assert problem["type"] == f"/docs/errors#{problem['code']}"
        assert problem.keys() == {"type", "title", "status", "detail", "success", "code"}


def test_awss_rules_can_count_for_a_week_before_they_refuse() -> None:
    assert rules("other")["managed"]["Action"] == {"Count": {}}


def labels(stage: str) -> list[tuple[str, str]]:
    statements = rules(stage)["managed"]["Statement"]["OrStatement"]["Statements"]
    found = [each["LabelMatchStatement"] for each in statements]
    return [(each["Scope"], each["Key"].removeprefix("awswaf:managed:aws:")) for each in found]


def test_every_group_refuses_something_and_a_whole_group_only_where_none_of_it_is_let_through() -> None:
    found = labels("prod")
    groups = {"core-rule-set", "known-bad-inputs", "sql-database", "amazon-ip-list"}
    assert {key.split(":")[0] for _scope, key in found} == groups
    assert [key for scope, key in found if scope == "NAMESPACE"] == ["known-bad-inputs:"]
    assert len(found) == len(set(found)) == 23


def test_bodies_large_or_strange_and_programs_without_a_name_are_the_shops_to_judge() -> None:
    """A password may look like SQL, a description like HTML; the shop binds the one and escapes the other."""
    assert [key for _scope, key in labels("prod") if key.endswith(("_Body", "NoUserAgent_Header"))] == []
    assert ("LABEL", "core-rule-set:CrossSiteScripting_QueryArguments") in labels("prod")
    assert ("LABEL", "sql-database:SQLi_QueryArguments") in labels("prod")


def test_awss_rules_come_before_the_one_that_reads_their_labels() -> None:
    order = {name: rule["Priority"] for name, rule in rules("prod").items()}
    assert max(order, key=lambda name: order[name]) == "managed"
    assert len(set(order.values())) == len(order)


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
    assert answer(stage, "admin") == (403, "permission_denied")
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


def test_the_firewalls_log_keeps_no_token_and_no_cookie() -> None:
    logging = template("prod", "service").the("WAFv2::LoggingConfiguration")
    assert logging["RedactedFields"] == [
        {"SingleHeader": {"Name": "authorization"}},
        {"SingleHeader": {"Name": "cookie"}},
    ]

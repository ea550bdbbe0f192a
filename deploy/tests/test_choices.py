"""A choice can be taken back: each way from one choice to another is an update that CloudFormation takes.

The stacks are updated one after the other, those that others refer to first. So nothing that they export may change or
go while the others, not yet updated, import it; and nothing may be made anew under a name that is still taken.
"""

import json
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest

from deploy.choices import one_by_one
from deploy.tests.templates import OUT, PARTS, Template, read

CHOICES = tuple(one_by_one())
WAYS = list(permutations(CHOICES, 2))
NAMES = {
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "Name",
    "AWS::RDS::DBInstance": "DBInstanceIdentifier",
    "AWS::RDS::DBCluster": "DBClusterIdentifier",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::EC2::SecurityGroup": "GroupName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::ECS::Service": "ServiceName",
    "AWS::IAM::Role": "RoleName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::Scheduler::Schedule": "Name",
    "AWS::WAFv2::WebACL": "Name",
    "AWS::WAFv2::IPSet": "Name",
    "AWS::SNS::Topic": "TopicName",
    "AWS::Lambda::Function": "FunctionName",
}
"""Types whose names are ours to choose and must be free, and the property that is the name."""


def chosen(choice: str, part: str) -> Template:
    return read(OUT / "choices" / choice / f"shop-dev-{part}.template.json")


def exports(choice: str) -> dict[str, str]:
    """Every export of a stage's stacks, with what it is the value of."""
    outputs = [each for part in PARTS for each in chosen(choice, part).body.get("Outputs", {}).values()]
    return {each["Export"]["Name"]: json.dumps(each["Value"]) for each in outputs if "Export" in each}


def called(value: Any, function: str) -> Iterator[Any]:
    """Yield what a function of CloudFormation's is given, wherever it stands."""
    if isinstance(value, list):
        for each in value:
            yield from called(each, function)
    elif isinstance(value, dict):
        for name, each in value.items():
            if name == function:
                yield each
            else:
                yield from called(each, function)


def imports(choice: str) -> set[str]:
    return {name for part in PARTS for name in called(chosen(choice, part).body, "Fn::ImportValue")}


def outputs_read(choice: str) -> set[tuple[str, str]]:
    """Outputs (stack, name) that other stacks read without holding on to them."""
    found = [each for part in PARTS for each in called(chosen(choice, part).body, "Fn::GetStackOutput")]
    return {(each["StackName"], each["OutputName"]) for each in found}


@pytest.mark.parametrize(("before", "after"), WAYS)
def test_nothing_is_taken_back_that_another_stack_still_imports(before: str, after: str) -> None:
    there, kept = exports(before), exports(after)
    held = imports(before)
    assert held
    assert held <= there.keys()
    assert {name for name in held if kept.get(name) != there[name]} == set()


@pytest.mark.parametrize("choice", CHOICES)
def test_what_is_read_from_another_stack_is_there(choice: str) -> None:
    for stack, name in outputs_read(choice):
        assert name in chosen(choice, stack.removeprefix("shop-dev-")).body["Outputs"], (stack, name)


@pytest.mark.parametrize(("before", "after"), WAYS)
def test_an_output_that_is_read_means_the_same_or_has_another_name(before: str, after: str) -> None:
    """A stack whose own template is the same is not updated: it would go on with what the output was."""
    for stack, name in outputs_read(before) & outputs_read(after):
        part = stack.removeprefix("shop-dev-")
        values = [chosen(choice, part).body["Outputs"][name]["Value"] for choice in (before, after)]
        assert values[0] == values[1], (stack, name)


@pytest.mark.parametrize(("before", "after"), WAYS)
def test_nothing_is_made_anew_under_a_name_that_is_still_taken(before: str, after: str) -> None:
    taken = named(before)
    assert taken
    moved = {
        key: (taken[key], logical)
        for key, logical in named(after).items()
        if key in taken and taken[key] != logical
    }
    assert moved == {}


def named(choice: str) -> dict[tuple[str, str], tuple[str, str]]:
    """Logical ids (stack's part, id) by type and chosen name."""
    return {
        (each["Type"], each["Properties"][NAMES[each["Type"]]]): (part, logical)
        for part in PARTS
        for logical, each in chosen(choice, part).body["Resources"].items()
        if isinstance(each["Properties"].get(NAMES.get(each["Type"], "")), str)
    }


def test_a_public_load_balancer_can_stand_beside_the_internal_one_for_a_while() -> None:
    """A scheme cannot be changed, and no target group has two load balancers."""
    inside, outside = chosen("as-it-is", "service"), chosen("domain", "service")
    for kind in ("LoadBalancer", "TargetGroup", "Listener"):
        before, after = (each.of(f"ElasticLoadBalancingV2::{kind}").keys() for each in (inside, outside))
        assert before
        assert after
        assert not before & after
    names = [each.the("ElasticLoadBalancingV2::LoadBalancer")["Name"] for each in (inside, outside)]
    assert names == ["shop-dev-internal", "shop-dev-public"]


@pytest.mark.parametrize("choice", CHOICES)
def test_only_what_may_be_made_anew_reads_an_output_while_it_is_updated(choice: str) -> None:
    """CloudFormation plans to replace what has such a value where no change is possible: never data, nor a service."""
    readers = {
        each["Type"]
        for part in PARTS
        for each in chosen(choice, part).body["Resources"].values()
        if any(called(each, "Fn::GetStackOutput"))
    }
    assert readers
    assert readers <= {
        "AWS::ECS::TaskDefinition",
        "AWS::IAM::Policy",
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::SecretsManager::ResourcePolicy",
    }


def test_the_addresses_of_subnets_do_not_move_with_a_choice() -> None:
    found = {
        choice: {
            name: (each["Properties"]["CidrBlock"], each["Properties"]["AvailabilityZone"])
            for name, each in chosen(choice, "network").of("EC2::Subnet").items()
        }
        for choice in CHOICES
    }
    assert len(found["as-it-is"]) == 6
    assert [choice for choice in CHOICES if found[choice] != found["as-it-is"]] == []


def test_what_stands_already_is_protected_by_a_change_of_settings_alone() -> None:
    """First made without protection, because CloudFormation could not take back what is protected."""
    for part in PARTS:
        made, kept = chosen("being-made", part).body["Resources"], chosen("kept", part).body["Resources"]
        assert made.keys() == kept.keys()
        for name, each in kept.items():
            changed = {
                key
                for key in each.get("Properties", {})
                if each["Properties"][key] != made[name]["Properties"].get(key)
            }
            assert changed <= {"DeletionProtectionEnabled", "LoadBalancerAttributes"}, name

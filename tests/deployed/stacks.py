"""Create a stage's stacks on ministack's CloudFormation, from the templates that ``make synth`` wrote.

Nothing is changed but what :data:`LEFT_OUT` and :data:`REWRITTEN` name, each with its reason. What a task of ECS gets is
resolved here as AWS does it when a task starts: references, exports, secrets.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3

OUT = Path(__file__).resolve().parents[2] / "deploy" / "cdk.out"
PARTS = ("network", "data", "identity", "cluster", "service", "observability")
DIRECTORIES = {"dev": "stages", "prod": "stages", "other": "other-options"}
"""Stage: where its templates are. ``other`` takes the other side of every choice, under the names of ``prod``."""
REGION = "us-east-1"
STACK_SECONDS = 60.0

Resource = dict[str, Any]

LEFT_OUT = {
    "AWS::ApiGatewayV2::VpcLink": "no way from API Gateway into a VPC",
    "AWS::ApplicationAutoScaling::ScalableTarget": "nothing is scaled",
    "AWS::ApplicationAutoScaling::ScalingPolicy": "nothing is scaled",
    "AWS::Budgets::Budget": "nothing costs money",
    "AWS::EC2::EIP": "no addresses of the internet",
    "AWS::EC2::FlowLog": "no packets to log",
    "AWS::EC2::NatGateway": "no way out to the internet",
    "AWS::EC2::SecurityGroupEgress": "groups have no rules of their own: deploy/tests judge them",
    "AWS::EC2::SecurityGroupIngress": "groups have no rules of their own: deploy/tests judge them",
    "AWS::ECS::ClusterCapacityProviderAssociations": "no capacity providers",
    "AWS::Logs::QueryDefinition": "no saved queries",
    "AWS::Route53::RecordSet": "the zone of the checks is an example, and no zone of the emulator's",
    "AWS::SecretsManager::ResourcePolicy": "secrets have no policies",
    "AWS::SecretsManager::RotationSchedule": "secrets are not rotated",
    "AWS::Serverless::Application": "AWS's rotation functions are in its own repository",
    "AWS::WAFv2::IPSet": "no lists of addresses",
    "AWS::WAFv2::LoggingConfiguration": "WAF logs nothing",
    "AWS::WAFv2::WebACLAssociation": "WAF stands before nothing",
}
"""Types that the emulator cannot create, and what it lacks for them."""
METRIC_MATH = "alarms know one metric, no metric math"
REFERS = "refers to one that is left out"
NEEDS_TLS = {"AWS::SQS::QueuePolicy": "refuses what comes without TLS, and the emulator speaks HTTP alone"}
"""Left out as well where the shop is to run on the stacks."""
REWRITTEN = "Ref of a secret: here its name, on AWS its ARN. Its attribute Id is the ARN on both, so that is asked for"


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One stack as it was created.

    Attributes:
        body: the template as ``make synth`` wrote it.
        created: logical id → physical id.
        left_out: logical id → why.
    """

    name: str
    status: str
    body: dict[str, Any]
    outputs: dict[str, str]
    created: dict[str, str]
    left_out: dict[str, str]
    events: list[str] = field(default_factory=list)


class Emulator:
    """ministack at an address; every service's client has the same made-up keys."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._session = boto3.session.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION
        )

    def client(self, service: str) -> Any:
        """Return a service's client."""
        return self._session.client(service, endpoint_url=self.endpoint)  # type: ignore[call-overload]


@dataclass
class Stage:
    """A stage whose stacks were created."""

    emulator: Emulator
    stacks: dict[str, Stack] = field(default_factory=dict)

    @property
    def outputs(self) -> dict[str, str]:
        """Every published output (as ``make info`` has them) of every stack."""
        return {name: value for stack in self.stacks.values() for name, value in stack.outputs.items()}

    def left_out(self) -> Counter[tuple[str, str]]:
        """Return how many resources of which type were left out, and why."""
        return Counter(
            (stack.body["Resources"][name]["Type"].removeprefix("AWS::"), why)
            for stack in self.stacks.values()
            for name, why in stack.left_out.items()
        )

    @cached_property
    def _exports(self) -> dict[str, str]:
        pages = self.emulator.client("cloudformation").get_paginator("list_exports").paginate()
        return {each["Name"]: each["Value"] for page in pages for each in page["Exports"]}

    def task(self, family: str) -> dict[str, Any]:
        """Return a task definition by the last part of its family's name, with every reference resolved."""
        for part in ("cluster", "service"):
            for resource in self.stacks[part].body["Resources"].values():
                properties = resource.get("Properties", {})
                if resource["Type"] == "AWS::ECS::TaskDefinition" and properties["Family"].endswith(
                    f"-{family}"
                ):
                    containers = self._resolved(properties["ContainerDefinitions"], self.stacks[part])
                    return {**properties, "ContainerDefinitions": containers}
        raise LookupError(family)

    def environment(self, container: dict[str, Any]) -> dict[str, str]:
        """Return what ECS gives a container of :meth:`task`: plain variables, and the secrets' values."""
        plain = {each["Name"]: each["Value"] for each in container.get("Environment", [])}
        return plain | {
            each["Name"]: self._secret(each["ValueFrom"]) for each in container.get("Secrets", [])
        }

    def _secret(self, value_from: str) -> str:
        """``arn:aws:secretsmanager:region:account:secret:name[:key:stage:version]`` → its value."""
        words = value_from.split(":")
        content: str = self.emulator.client("secretsmanager").get_secret_value(SecretId=":".join(words[:7]))[
            "SecretString"
        ]
        return str(json.loads(content)[words[7]]) if words[7:] else content

    def _resolved(self, value: Any, stack: Stack) -> Any:
        """Resolve the functions that container definitions use; any other is an error."""
        if isinstance(value, list):
            return [self._resolved(each, stack) for each in value]
        if not isinstance(value, dict):
            return value
        name, argument = next(iter(value.items()), ("", None))
        if name == "Ref" or name.startswith("Fn::"):
            return self._called(name, argument, stack)
        return {name: self._resolved(each, stack) for name, each in value.items()}

    def _called(self, function: str, argument: Any, stack: Stack) -> Any:
        match function:
            case "Ref":
                return self._reference(argument, stack)
            case "Fn::ImportValue":
                return self._exports[argument]
            case "Fn::GetStackOutput":
                return self._read(argument["StackName"], argument["OutputName"])
            case "Fn::Join":
                return argument[0].join(self._resolved(argument[1], stack))
            case "Fn::Split":
                return self._resolved(argument[1], stack).split(argument[0])
            case "Fn::Select":
                return self._resolved(argument[1], stack)[int(argument[0])]
        raise LookupError(f"{function} in a container definition")

    def _read(self, stack: str, output: str) -> str:
        client = self.emulator.client("cloudformation")
        outputs = client.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
        return str(next(each["OutputValue"] for each in outputs if each["OutputKey"] == output))

    def _reference(self, name: str, stack: Stack) -> str:
        pseudo = {"AWS::AccountId": "000000000000", "AWS::URLSuffix": "amazonaws.com", "AWS::Region": REGION}
        return pseudo[name] if name in pseudo else stack.created[name]


def create(emulator: Emulator, stage: str, *, for_the_shop: bool = False) -> Stage:
    """Create a stage's stacks in their order; deploy/cdk.out must be there.

    Args:
        emulator: a fresh one.
        stage: one of :data:`DIRECTORIES`.
        for_the_shop: the shop is to run on them, so that :data:`NEEDS_TLS` is left out.
    """
    rules = LEFT_OUT | NEEDS_TLS if for_the_shop else LEFT_OUT
    # What "cdk bootstrap" leaves behind, and every template asks for.
    emulator.client("ssm").put_parameter(
        Name="/cdk-bootstrap/hnb659fds/version", Value="31", Type="String", Overwrite=True
    )
    created = Stage(emulator)
    for part in PARTS:
        name = f"shop-{'prod' if stage == 'other' else stage}-{part}"
        file = OUT / DIRECTORIES[stage] / f"{name}.template.json"
        assert file.exists(), f"{file} is not there: run make synth"
        created.stacks[part] = _create(
            emulator, name, json.loads(file.read_text(encoding="utf-8")), rules=rules
        )
    return created


def _create(emulator: Emulator, name: str, body: dict[str, Any], *, rules: dict[str, str]) -> Stack:
    left_out = _left_out(body["Resources"], rules)
    client = emulator.client("cloudformation")
    client.create_stack(
        StackName=name,
        TemplateBody=json.dumps(_sent(body, left_out), separators=(",", ":")),
        Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    deadline = time.monotonic() + STACK_SECONDS
    while (stack := client.describe_stacks(StackName=name)["Stacks"][0])["StackStatus"].endswith("PROGRESS"):
        assert time.monotonic() < deadline, f"{name} is still {stack['StackStatus']}"
        time.sleep(0.1)
    resources = client.describe_stack_resources(StackName=name)["StackResources"]
    events = client.describe_stack_events(StackName=name)["StackEvents"]
    return Stack(
        name=name,
        status=stack["StackStatus"],
        body=body,
        outputs={
            each["OutputKey"]: each["OutputValue"]
            for each in stack.get("Outputs", [])
            if not each["OutputKey"].startswith(("ExportsOutput", "PublishOutput"))
        },
        created={each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources},
        left_out=left_out,
        events=[
            each.get("ResourceStatusReason", "") for each in events if "FAILED" in each["ResourceStatus"]
        ],
    )


def _left_out(resources: dict[str, Resource], rules: dict[str, str]) -> dict[str, str]:
    """Return what the emulator cannot create, and what cannot be without that."""
    found = {name: rules[each["Type"]] for name, each in resources.items() if each["Type"] in rules}
    for name, each in resources.items():
        if each["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in each["Properties"]:
            found[name] = METRIC_MATH
    while more := {
        name: REFERS
        for name, each in resources.items()
        if name not in found and found.keys() & set(_references(each.get("Properties", {})))
    }:
        found |= more
    return found


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _references(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            if name == "Ref":
                yield each
            elif name == "Fn::GetAtt":
                yield each[0]
            else:
                yield from _references(each)


def _sent(body: dict[str, Any], left_out: dict[str, str]) -> dict[str, Any]:
    """Return the template without what is left out, and with :data:`REWRITTEN`."""
    secrets = {
        name for name, each in body["Resources"].items() if each["Type"] == "AWS::SecretsManager::Secret"
    }

    def rewrite(value: Any) -> Any:
        if isinstance(value, dict) and value.get("Ref") in secrets:
            return {"Fn::GetAtt": [value["Ref"], "Id"]}
        return value

    resources: dict[str, Resource] = {}
    for name, each in body["Resources"].items():
        if name not in left_out:
            after = each.get("DependsOn", [])
            kept = [
                other for other in ([after] if isinstance(after, str) else after) if other not in left_out
            ]
            resources[name] = {**each, "DependsOn": kept} if after else each
    outputs = {
        name: each
        for name, each in body.get("Outputs", {}).items()
        if not left_out.keys() & set(_references(each))
    }
    # Transform is AWS::Serverless-2016-10-31, for the one type that is left out.
    rest = {name: each for name, each in body.items() if name != "Transform"}
    return _everywhere({**rest, "Resources": resources, "Outputs": outputs}, rewrite)  # type: ignore[no-any-return]


def _everywhere(value: Any, change: Callable[[Any], Any]) -> Any:
    """Apply a change to every part of a JSON value, from the outside in."""
    value = change(value)
    if isinstance(value, dict):
        return {name: _everywhere(each, change) for name, each in value.items()}
    if isinstance(value, list):
        return [_everywhere(each, change) for each in value]
    return value

"""Who can reach whom, and what a stage pays for in its network."""

import pytest

from deploy.tests.templates import Template, referred, template

ANYWHERE = {"0.0.0.0/0", "::/0"}


def group_ids(stage: str) -> dict[str, str]:
    """Logical id of each security group, by its name's last part."""
    groups = template(stage, "network").of("EC2::SecurityGroup")
    return {each["Properties"]["GroupName"].rsplit("-", 1)[1]: name for name, each in groups.items()}


def rules(network: Template, direction: str) -> set[tuple[str, str, int]]:
    """Rules between groups as (from, to, port), by logical ids."""
    found = set()
    for rule in network.properties(f"EC2::SecurityGroup{direction}"):
        own = rule["GroupId"]["Fn::GetAtt"][0]
        other = rule["SourceSecurityGroupId" if direction == "Ingress" else "DestinationSecurityGroupId"][
            "Fn::GetAtt"
        ][0]
        assert rule["FromPort"] == rule["ToPort"]
        found.add(
            (other, own, rule["FromPort"]) if direction == "Ingress" else (own, other, rule["FromPort"])
        )
    return found


@pytest.mark.parametrize("stage", ["dev", "prod", "other"])
def test_dynamodb_and_s3_are_reached_by_gateway_endpoints(stage: str) -> None:
    endpoints = template(stage, "network").properties("EC2::VPCEndpoint")
    gateways = {referred(each["ServiceName"]) for each in endpoints if each["VpcEndpointType"] == "Gateway"}
    assert sorted(name.split(".")[-1].rstrip('"]}') for name in gateways) == ["dynamodb", "s3"]


def test_development_pays_for_no_nat_and_no_interface_endpoint() -> None:
    network = template("dev", "network")
    assert network.of("EC2::NatGateway") == {}
    assert [
        each for each in network.properties("EC2::VPCEndpoint") if each["VpcEndpointType"] != "Gateway"
    ] == []


def test_production_has_a_way_out_in_two_zones() -> None:
    assert len(template("prod", "network").of("EC2::NatGateway")) == 2


def test_without_nat_every_needed_service_has_an_endpoint_that_tasks_may_call() -> None:
    network = template("other", "network")
    names = {
        str(each["ServiceName"]).split("us-east-1.")[1]
        for each in network.properties("EC2::VPCEndpoint")
        if each["VpcEndpointType"] == "Interface"
    }
    assert names == {"cognito-idp", "ecr.api", "ecr.dkr", "logs", "secretsmanager", "sqs", "xray"}
    assert network.of("EC2::NatGateway") == {}
    ids = group_ids("other")
    callers = {
        source
        for source, target, port in rules(network, "Ingress")
        if target == ids["endpoints"] and port == 443
    }
    assert callers == {ids["web"], ids["background"], ids["rotation"]}


@pytest.mark.parametrize(("stage", "zones"), [("dev", 2), ("prod", 3)])
def test_the_vpc_spans_the_configured_zones(stage: str, zones: int) -> None:
    subnets = template(stage, "network").properties("EC2::Subnet")
    assert (
        sorted({each["AvailabilityZone"] for each in subnets})
        == ["us-east-1a", "us-east-1b", "us-east-1c"][:zones]
    )


@pytest.mark.parametrize("stage", ["dev", "prod", "other"])
def test_the_databases_subnets_lead_nowhere(stage: str) -> None:
    network = template(stage, "network")
    subnets = {
        name
        for name, each in network.of("EC2::Subnet").items()
        if {"Key": "aws-cdk:subnet-name", "Value": "database"} in each["Properties"]["Tags"]
    }
    tables = {
        each["RouteTableId"]["Ref"]
        for each in network.properties("EC2::SubnetRouteTableAssociation")
        if each["SubnetId"]["Ref"] in subnets
    }
    assert len(subnets) == len(tables) >= 2
    assert [each for each in network.properties("EC2::Route") if each["RouteTableId"]["Ref"] in tables] == []


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("dev", {("link", "balancer", 80), ("balancer", "web", 8080), ("web", "database", 3306)}),
        ("prod", {("link", "balancer", 80), ("balancer", "web", 8080), ("web", "database", 3306)}),
    ],
)
def test_groups_call_each_other_by_reference_and_no_more_than_they_must(
    stage: str, expected: set[tuple[str, str, int]]
) -> None:
    network, ids = template(stage, "network"), group_ids(stage)
    always = {("background", "database", 3306), ("rotation", "database", 3306)}
    wanted = {(ids[a], ids[b], port) for a, b, port in expected | always}
    assert rules(network, "Ingress") == wanted
    assert rules(network, "Egress") == wanted


@pytest.mark.parametrize(("stage", "open_ports"), [("dev", {}), ("prod", {"balancer": {80, 443}})])
def test_only_the_public_load_balancer_is_open_to_the_world(
    stage: str, open_ports: dict[str, set[int]]
) -> None:
    found: dict[str, set[int]] = {}
    for each in template(stage, "network").properties("EC2::SecurityGroup"):
        for rule in each.get("SecurityGroupIngress", []):
            assert rule["CidrIp"] in ANYWHERE
            found.setdefault(each["GroupName"].rsplit("-", 1)[1], set()).add(rule["FromPort"])
    assert found == open_ports


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_tasks_leave_the_vpc_by_https_only_and_the_database_not_at_all(stage: str) -> None:
    ways: dict[str, set[object]] = {}
    for each in template(stage, "network").properties("EC2::SecurityGroup"):
        out = [rule for rule in each.get("SecurityGroupEgress", []) if rule["CidrIp"] in ANYWHERE]
        ways[each["GroupName"].rsplit("-", 1)[1]] = {
            (rule["IpProtocol"], rule.get("FromPort")) for rule in out
        }
    assert {name: way for name, way in ways.items() if way} == {
        name: {("tcp", 443)} for name in ("web", "background", "rotation")
    }
    assert ways["database"] == set()


def test_production_records_flows_in_the_bucket_of_logs() -> None:
    flow = template("prod", "network").the("EC2::FlowLog")
    assert (flow["LogDestinationType"], flow["TrafficType"]) == ("s3", "ALL")
    assert template("dev", "network").of("EC2::FlowLog") == {}


@pytest.mark.parametrize(("stage", "days"), [("dev", 7), ("prod", 90)])
def test_the_bucket_of_logs_is_private_encrypted_and_forgets(stage: str, days: int) -> None:
    network = template(stage, "network")
    bucket = network.the("S3::Bucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    encryption = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption == [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    assert bucket["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] == days
    denied = [
        each
        for each in network.the("S3::BucketPolicy")["PolicyDocument"]["Statement"]
        if each["Effect"] == "Deny"
    ]
    assert [each["Condition"] for each in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]


def test_the_bucket_takes_flow_records_from_this_account_only() -> None:
    statements = template("prod", "network").the("S3::BucketPolicy")["PolicyDocument"]["Statement"]
    flow = [each for each in statements if "delivery.logs.amazonaws.com" in referred(each.get("Principal"))]
    ours = [each for each in flow if "ArnLike" in each.get("Condition", {})]
    assert [each["Action"] for each in ours] == ["s3:PutObject", ["s3:GetBucketAcl", "s3:ListBucket"]]
    for each in ours:
        assert each["Condition"]["StringEquals"]["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}


def test_every_stage_has_an_address_that_outlives_its_service_and_leads_nowhere_where_there_is_a_domain() -> (
    None
):
    for stage in ("dev", "prod"):
        assert template(stage, "network").the("ApiGatewayV2::Api")["ProtocolType"] == "HTTP"
    assert len(template("dev", "service").of("ApiGatewayV2::Route")) == 1
    for kind in ("Route", "Integration", "Stage", "VpcLink"):
        assert template("prod", "service").of(f"ApiGatewayV2::{kind}") == {}

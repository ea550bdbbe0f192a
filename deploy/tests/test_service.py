"""How the shop is run: the way in, the tasks, their numbers, the firewall."""

import re
from pathlib import Path
from typing import Any

import pytest

from deploy.tests.templates import container, pairs, referred, template

ROOT = Path(__file__).resolve().parents[2]
GUNICORN = (ROOT / "shop/gunicorn.conf.py").read_text(encoding="utf-8")


def gunicorn(name: str) -> int:
    found = re.search(rf"^{name} = (\d+)$", GUNICORN, re.MULTILINE)
    assert found, name
    return int(found[1])


def attributes(stage: str, kind: str) -> dict[str, str]:
    properties = template(stage, "service").the(f"ElasticLoadBalancingV2::{kind}")
    return pairs(properties[f"{kind}Attributes"])


# ---- The way in --------------------------------------------------------------------------------------------


def test_the_public_load_balancer_serves_https_by_tls_1_2_and_1_3_and_redirects_the_rest() -> None:
    service = template("prod", "service")
    assert service.the("ElasticLoadBalancingV2::LoadBalancer")["Scheme"] == "internet-facing"
    listeners = {each["Port"]: each for each in service.properties("ElasticLoadBalancingV2::Listener")}
    assert sorted(listeners) == [80, 443]
    assert listeners[443]["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
    assert listeners[443]["DefaultActions"][0]["Type"] == "forward"
    (redirect,) = listeners[80]["DefaultActions"]
    assert redirect["RedirectConfig"] == {"Port": "443", "Protocol": "HTTPS", "StatusCode": "HTTP_301"}


def test_the_domain_gets_a_certificate_and_an_address_record() -> None:
    service = template("prod", "service")
    assert service.the("CertificateManager::Certificate")["DomainName"] == "shop.example.com"
    record = service.the("Route53::RecordSet")
    assert (record["Name"], record["Type"], record["HostedZoneId"]) == ("shop.example.com.", "A", "Z0EXAMPLE")


def test_a_certificate_that_is_there_already_can_be_used() -> None:
    service = template("other", "service")
    assert service.of("CertificateManager::Certificate") == {}
    assert service.of("Route53::RecordSet") == {}
    (certificate,) = next(
        each["Certificates"]
        for each in service.properties("ElasticLoadBalancingV2::Listener")
        if each["Port"] == 443
    )
    assert certificate["CertificateArn"].startswith("arn:aws:acm:us-east-1:")


def test_without_a_domain_an_https_address_leads_to_the_same_load_balancer_inside() -> None:
    service = template("dev", "service")
    assert service.the("ElasticLoadBalancingV2::LoadBalancer")["Scheme"] == "internal"
    integration = service.the("ApiGatewayV2::Integration")
    assert (integration["ConnectionType"], integration["IntegrationType"]) == ("VPC_LINK", "HTTP_PROXY")
    assert "BalancerInternalAlbHttp" in referred(integration["IntegrationUri"])
    assert service.the("ApiGatewayV2::Route")["RouteKey"] == "$default"
    assert service.the("ApiGatewayV2::Stage")["AccessLogSettings"]["DestinationArn"]


def test_what_callers_say_of_themselves_is_overwritten_on_the_way_in() -> None:
    integration = template("dev", "service").the("ApiGatewayV2::Integration")
    assert integration["RequestParameters"] == {
        "overwrite:header.Host": "$context.domainName",
        "overwrite:header.X-Edge-Client": "$context.identity.sourceIp",
    }
    front = pairs(container("dev", "front")["Environment"])
    assert front["FRONT_CLIENT_HEADER"] == "X-Edge-Client"
    assert front["FRONT_SCHEME"] == "https"


def test_the_front_believes_the_load_balancer_and_nobody_else() -> None:
    assert pairs(container("prod", "front")["Environment"]) == {
        "FRONT_LISTEN": "8080",
        "FRONT_UPSTREAM": "127.0.0.1:8000",
        "FRONT_TRUSTED_CIDR": "10.30.0.0/16",
    }


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_load_balancer_refuses_ambiguous_requests_and_keeps_a_log(stage: str) -> None:
    found = attributes(stage, "LoadBalancer")
    assert found["routing.http.desync_mitigation_mode"] == "strictest"
    assert found["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert found["access_logs.s3.enabled"] == "true"
    assert found.get("deletion_protection.enabled") == ("true" if stage == "prod" else "false")


def test_time_outs_agree_from_the_load_balancer_to_gunicorn() -> None:
    idle = int(attributes("prod", "LoadBalancer")["idle_timeout.timeout_seconds"])
    target = template("prod", "service").the("ElasticLoadBalancingV2::TargetGroup")
    drain = int(pairs(target["TargetGroupAttributes"])["deregistration_delay.timeout_seconds"])
    stop = container("prod", "web")["StopTimeout"]
    assert idle < gunicorn("keepalive")  # the balancer closes first
    assert gunicorn("graceful_timeout") < drain < stop
    assert container("prod", "front")["StopTimeout"] == stop


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_task_is_judged_by_whether_it_lives_not_by_the_systems_behind_it(stage: str) -> None:
    target = template(stage, "service").the("ElasticLoadBalancingV2::TargetGroup")
    assert (target["HealthCheckPath"], target["Port"], target["TargetType"]) == ("/health/live", 8080, "ip")
    assert container(stage, "web")["HealthCheck"]["Command"] == [
        "CMD",
        "python",
        "-m",
        "shop.probe",
        "/health/live",
    ]
    assert container(stage, "front")["HealthCheck"]["Command"][-1] == "http://127.0.0.1:8080/health/live"
    assert container(stage, "background")["HealthCheck"]["Command"] == [
        *("CMD", "python", "-m", "shop.probe", "--heartbeat")
    ]


# ---- Numbers -----------------------------------------------------------------------------------------------


def scaling(stage: str) -> list[dict[str, Any]]:
    return template(stage, "service").properties("ApplicationAutoScaling::ScalingPolicy")


def test_web_tasks_follow_cpu_and_requests_per_task() -> None:
    tracked = [
        each["TargetTrackingScalingPolicyConfiguration"]
        for each in scaling("prod")
        if each["PolicyType"] == "TargetTrackingScaling"
    ]
    assert {
        each["PredefinedMetricSpecification"]["PredefinedMetricType"]: each["TargetValue"] for each in tracked
    } == {
        "ECSServiceAverageCPUUtilization": 60,
        "ALBRequestCountPerTarget": 1000,
    }


def test_background_tasks_follow_the_backlog_of_each_and_the_age_of_the_oldest_message() -> None:
    alarms = template("prod", "service").properties("CloudWatch::Alarm")
    backlog = [each for each in alarms if "Metrics" in each]
    age = [each for each in alarms if each.get("MetricName") == "ApproximateAgeOfOldestMessage"]
    assert [each["Metrics"][0]["Expression"] for each in backlog] == ["visible / FILL(running, 1)"] * 2
    assert sorted(each["Threshold"] for each in backlog) == [10, 50]
    assert [each["Threshold"] for each in age] == [60]


@pytest.mark.parametrize(("stage", "numbers"), [("dev", {(1, 2), (1, 1)}), ("prod", {(2, 6), (2, 4)})])
def test_the_number_of_tasks_stays_within_the_configured_bounds(
    stage: str, numbers: set[tuple[int, int]]
) -> None:
    targets = template(stage, "service").properties("ApplicationAutoScaling::ScalableTarget")
    assert {(each["MinCapacity"], each["MaxCapacity"]) for each in targets} == numbers


def test_tasks_are_renewed_every_week_so_that_none_outlives_its_password() -> None:
    schedules = template("prod", "service").properties("Scheduler::Schedule")
    assert {each["ScheduleExpression"] for each in schedules} == {"rate(7 days)"}
    assert sorted(each["Target"]["Input"] for each in schedules) == [
        f'{{"Cluster":"shop-prod","Service":"shop-prod-{name}","ForceNewDeployment":true}}'
        for name in ("background", "web")
    ]


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_deployment_does_not_set_back_the_number_of_tasks(stage: str) -> None:
    for service in template(stage, "service").properties("ECS::Service"):
        assert "DesiredCount" not in service

"""How the shop's containers run: as whom, with which variables and secrets, in which order."""

import re
from pathlib import Path

import pytest

from deploy.tests.templates import container, containers, pairs, referred, template

ROOT = Path(__file__).resolve().parents[2]
SECRET = {"DJANGO_SECRET_KEY", "COGNITO_CLIENT_SECRET", "DATABASE_USER", "DATABASE_PASSWORD"}
STRIPE = {"STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"}


@pytest.mark.parametrize("stage", ["dev", "prod", "other"])
def test_every_container_is_an_ordinary_user_on_a_root_that_cannot_be_written_to(stage: str) -> None:
    found = list(containers(stage))
    assert {each["Name"] for _family, each in found} >= {
        "web",
        "front",
        "background",
        "check",
        "user",
        "migrate",
        "tools",
    }
    for _family, each in found:
        assert each["User"] == "10001", each["Name"]
        assert each["ReadonlyRootFilesystem"] is True, each["Name"]
        assert each["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}, each["Name"]
        assert "Privileged" not in each


@pytest.mark.parametrize("stage", ["dev", "prod", "other"])
def test_tasks_are_arm(stage: str) -> None:
    for part in ("cluster", "service"):
        for task in template(stage, part).properties("ECS::TaskDefinition"):
            assert task["RuntimePlatform"] == {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}
            assert task["RequiresCompatibilities"] == ["FARGATE"]


@pytest.mark.parametrize(("stage", "extra"), [("dev", set()), ("prod", STRIPE), ("other", set())])
def test_every_secret_is_injected_and_none_is_in_the_plain_environment(stage: str, extra: set[str]) -> None:
    for family, each in containers(stage):
        plain = set(pairs(each.get("Environment", [])))
        assert not plain & (SECRET | STRIPE | {"SERVICE_DATABASE_PASSWORD"}), family
        assert not [name for name in plain if re.search("PASSWORD|SECRET|TOKEN", name)], family
        if each["Name"] in {"front", "collector"}:
            assert "Secrets" not in each
            continue
        own = {"SERVICE_DATABASE_USER", "SERVICE_DATABASE_PASSWORD"} if each["Name"] == "user" else set()
        assert set(pairs(each["Secrets"])) == SECRET | extra | own, family


@pytest.mark.parametrize("stage", ["dev", "prod", "other"])
def test_every_plain_variable_is_one_that_the_shop_documents(stage: str) -> None:
    documented = set(
        re.findall(r"`([A-Z][A-Z0-9_]+)`", (ROOT / "docs/settings.md").read_text(encoding="utf-8"))
    )
    for _family, each in containers(stage):
        if each["Name"] in {"front", "collector"}:
            continue
        unknown = set(pairs(each["Environment"])) - documented
        assert unknown - {"OTEL_EXPORTER_OTLP_ENDPOINT"} == set()


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_environment_is_that_of_production(stage: str) -> None:
    found = pairs(container(stage, "web")["Environment"])
    assert found["REQUIRE_AUTH"] == "true"
    assert found["BEHIND_TLS_PROXY"] == "true"
    assert found["TRUSTED_PROXY_HOPS"] == "1"
    assert found["BIND"] == "127.0.0.1"  # only the front in the same task can call gunicorn
    assert found["LOG_FORMAT"] == "json"
    assert found["METRICS_NAMESPACE"] == f"shop-{stage}"
    assert (found["PAYMENT_GATEWAY"], found.get("PAYMENTS_ARE_MOCK")) == (
        ("mock", "yes") if stage == "dev" else ("stripe", None)
    )
    assert not [name for name in found if name.startswith("AWS_ENDPOINT") or name == "DJANGO_DEBUG"]


def test_the_certificates_that_the_tasks_trust_are_in_the_image() -> None:
    path = pairs(container("prod", "web")["Environment"])["DATABASE_SSL_CA"]
    assert path.startswith("/app/shop/")  # the image copies shop/ to /app/shop
    assert (ROOT / path.removeprefix("/app/")).read_text(encoding="ascii").count("BEGIN CERTIFICATE") == 27


@pytest.mark.parametrize(("stage", "capacity"), [("dev", "FARGATE_SPOT"), ("prod", "FARGATE")])
def test_a_bad_version_is_rolled_back_by_itself(stage: str, capacity: str) -> None:
    services = template(stage, "service").properties("ECS::Service")
    assert len(services) == 2
    for service in services:
        rollout = service["DeploymentConfiguration"]
        assert rollout["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
        assert (rollout["MinimumHealthyPercent"], rollout["MaximumPercent"]) == (100, 200)
        assert [each["CapacityProvider"] for each in service["CapacityProviderStrategy"]] == [capacity]


@pytest.mark.parametrize(("stage", "public"), [("dev", "ENABLED"), ("prod", "DISABLED")])
def test_tasks_have_public_addresses_in_development_only(stage: str, public: str) -> None:
    for service in template(stage, "service").properties("ECS::Service"):
        assert service["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] == public


def test_nginx_starts_after_gunicorn_and_stops_before_it() -> None:
    assert container("prod", "front")["DependsOn"] == [{"Condition": "HEALTHY", "ContainerName": "web"}]
    service = next(
        each for each in template("prod", "service").properties("ECS::Service") if "LoadBalancers" in each
    )
    (target,) = service["LoadBalancers"]
    assert (target["ContainerName"], target["ContainerPort"]) == ("front", 8080)


def test_migrating_is_three_steps_of_which_none_begins_after_a_failure() -> None:
    steps = {name: container("prod", name) for name in ("check", "user", "migrate")}
    assert {name: step["Command"] for name, step in steps.items()} == {
        "check": ["manage.py", "check", "--deploy"],
        "user": ["manage.py", "create_database_user"],
        "migrate": ["manage.py", "migrate", "--noinput"],
    }
    assert [step.get("DependsOn", [{}])[0].get("ContainerName") for step in steps.values()] == [
        None,
        "check",
        "user",
    ]
    assert {step["DependsOn"][0]["Condition"] for step in steps.values() if "DependsOn" in step} == {
        "SUCCESS"
    }
    assert {name for name, step in steps.items() if step["Essential"]} == {"migrate"}


def test_only_the_migration_signs_in_as_the_one_who_may_change_the_schema() -> None:
    for family, each in containers("prod"):
        if "Secrets" in each:
            as_admin = "DatabaseSecret" in referred(pairs(each["Secrets"])["DATABASE_PASSWORD"])
            assert as_admin is (family == "shop-prod-migration"), family


def test_traces_are_off_unless_chosen_and_then_have_a_collector_in_every_task() -> None:
    for stage, expected in (("prod", 0), ("other", 2)):
        collectors = [each for _family, each in containers(stage) if each["Name"] == "collector"]
        assert len(collectors) == expected
        assert not any(each["Essential"] for each in collectors)
    assert pairs(container("other", "web")["Environment"])["TRACES"] == "xray"
    assert "TRACES" not in pairs(container("prod", "web")["Environment"])

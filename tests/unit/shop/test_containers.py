"""What the containers may do, read from the files that make them; CI and `make up` run them so."""

import re
from typing import Any

import pytest
import yaml

from tests.front import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
OURS = {name: service for name, service in COMPOSE["services"].items() if "build" in service}


def test_all_of_ours_are_known():
    assert OURS.keys() == {"front", "web", "reconciler", "worker", "init"}


@pytest.mark.parametrize("service", OURS.values(), ids=OURS)
def test_a_container_of_ours_can_change_nothing_and_become_nobody_else(service: dict[str, Any]):
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.keys() & {"user", "privileged", "cap_add", "devices", "network_mode", "pid", "ipc"}


@pytest.mark.parametrize("service", set(OURS) - {"init"})
def test_only_init_writes_to_the_volume(service: str):
    assert all(volume.endswith(":ro") for volume in OURS[service].get("volumes", []))


def test_the_front_is_the_only_way_in_and_only_from_this_machine():
    published = {
        name: service["ports"] for name, service in COMPOSE["services"].items() if "ports" in service
    }

    assert published == {"front": ["127.0.0.1:${PORT:-8000}:8080"]}


def test_the_application_trusts_the_front_and_the_front_trusts_nobody():
    assert {OURS[name]["environment"]["TRUSTED_PROXY_HOPS"] for name in ("web", "worker")} == {"1"}
    assert OURS["front"]["environment"] == {"FRONT_UPSTREAM": "web:8000"}
    assert "FRONT_TRUSTED_CIDR=0.0.0.0/32" in DOCKERFILE


def test_the_front_ends_before_what_it_leads_to():
    assert OURS["front"]["depends_on"] == {"web": {"condition": "service_healthy", "restart": True}}


def test_every_image_runs_as_an_ordinary_user_and_the_application_is_the_default():
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
    build, front, application = stages

    assert build.startswith("python:3.13-slim AS build\n")
    assert front.startswith("nginx:stable AS front\n")
    assert application.startswith("python:3.13-slim\n")
    for stage in (front, application):
        assert re.findall(r"^USER (.+)$", stage, flags=re.MULTILINE) == ["10001:10001"]
        assert len(re.findall(r"^HEALTHCHECK ", stage, flags=re.MULTILINE)) == 1
    assert re.findall(r"^STOPSIGNAL (.+)$", front, flags=re.MULTILINE) == ["SIGQUIT"]


def test_nothing_starts_through_a_shell():
    for command in re.findall(r"^(?:ENTRYPOINT|CMD|    CMD) (.+)$", DOCKERFILE, flags=re.MULTILINE):
        assert command.startswith('["')
        assert '"sh"' not in command


def test_the_image_can_only_hold_what_is_named():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]

    assert rules[0] == "*"
    assert {rule for rule in rules if rule.startswith("!")} == {
        *("!requirements/mysql.txt", "!requirements/traces.txt"),
        *("!manage.py", "!shop", "!products", "!users", "!orders"),
        *("!shop/local/__init__.py", "!shop/local/cognito.py", "!shop/local/compose.py"),
    }

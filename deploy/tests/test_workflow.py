"""The pipeline in .github/workflows: no stored keys, nobody else's code, and a person before production."""

import re
from typing import Any

import pytest
import yaml

from deploy.check import ROOT

WORKFLOWS = ROOT / ".github/workflows"


def text(name: str) -> str:
    return (WORKFLOWS / name).read_text(encoding="utf-8")


def workflow(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(text(name), Loader=yaml.BaseLoader)
    return found


@pytest.mark.parametrize("name", ["deploy.yml", "deploy-stage.yml"])
def test_no_secret_is_stored_or_handed_on(name: str) -> None:
    assert "secrets." not in text(name)
    assert "secrets: inherit" not in text(name)
    assert not re.search(r"AKIA[0-9A-Z]{16}", text(name))


@pytest.mark.parametrize("name", ["deploy.yml", "deploy-stage.yml", "ci.yml"])
def test_only_githubs_own_actions_run(name: str) -> None:
    used = re.findall(r"uses: (\S+)", text(name))
    assert [each for each in used if not each.startswith(("actions/", "./.github/workflows/"))] == []


def test_nothing_is_permitted_but_what_a_job_asks_for() -> None:
    for name in ("deploy.yml", "deploy-stage.yml"):
        assert workflow(name)["permissions"] == {}
    permitted = {name: job["permissions"] for name, job in workflow("deploy.yml")["jobs"].items()}
    aws = {"contents": "read", "id-token": "write"}
    assert permitted == {
        "test": {"contents": "read"},
        "images": aws | {"attestations": "write"},
        "dev": aws,
        "smoke": {"contents": "read"},
        "prod": aws,
    }


def test_each_step_waits_for_the_one_before_it() -> None:
    needed = {name: job.get("needs") for name, job in workflow("deploy.yml")["jobs"].items()}
    assert needed == {
        "test": None,
        "images": "test",
        "dev": "images",
        "smoke": "dev",
        "prod": ["images", "smoke"],
    }


def test_a_stage_is_deployed_in_the_environment_of_its_name_where_a_person_may_be_asked() -> None:
    job = workflow("deploy-stage.yml")["jobs"]["deploy"]
    assert job["environment"] == "${{ inputs.stage }}"
    assert [workflow("deploy.yml")["jobs"][stage]["with"]["stage"] for stage in ("dev", "prod")] == [
        "dev",
        "prod",
    ]


def test_a_deployment_is_never_cut_short_by_the_next() -> None:
    assert workflow("deploy-stage.yml")["concurrency"] == {
        "group": "deploy-${{ inputs.stage }}",
        "cancel-in-progress": "false",
    }


def test_no_expression_is_pasted_into_a_script() -> None:
    for name in ("deploy.yml", "deploy-stage.yml"):
        for job in workflow(name)["jobs"].values():
            for step in job.get("steps", []):
                assert "${{" not in step.get("run", ""), step

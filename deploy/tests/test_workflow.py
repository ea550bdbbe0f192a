"""The pipeline in .github/workflows: no stored keys, nobody else's code, and a person before production."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
import yaml

from deploy import versions
from deploy.check import ROOT
from deploy.config import DEV, PROD

COMMIT = "abc123" * 6

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
        "versions": {"contents": "read"},
        "images": aws | {"attestations": "write"},
        "dev": aws,
        "smoke": {"contents": "read"},
        "prod": aws,
    }


def test_each_step_waits_for_the_one_before_it() -> None:
    needed = {name: job.get("needs") for name, job in workflow("deploy.yml")["jobs"].items()}
    assert needed == {
        "test": None,
        "versions": "test",
        "images": "versions",
        "dev": ["versions", "images"],
        "smoke": "dev",
        "prod": ["versions", "smoke"],
    }


def test_a_commit_without_traces_needs_one_image_for_all_stages() -> None:
    assert versions.lines(COMMIT) == [
        'images=[{"tag": "abc123abc123", "requirements": "mysql"}]',
        "dev=abc123abc123",
        "prod=abc123abc123",
    ]


def test_a_stage_that_traces_gets_an_image_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    tracing = replace(PROD, watch=replace(PROD.watch, traces=0.05))
    monkeypatch.setattr(versions, "STAGES", {"dev": DEV, "prod": tracing})
    images, *tags = versions.lines(COMMIT)
    assert json.loads(images.removeprefix("images=")) == [
        {"tag": "abc123abc123", "requirements": "mysql"},
        {"tag": "abc123abc123-traces", "requirements": "traces"},
    ]
    assert tags == ["dev=abc123abc123", "prod=abc123abc123-traces"]


def test_each_image_is_built_from_its_own_lock_and_each_stage_gets_its_own_tag() -> None:
    jobs = workflow("deploy.yml")["jobs"]
    assert jobs["images"]["strategy"] == {
        "matrix": {"include": "${{ fromJSON(needs.versions.outputs.images) }}"}
    }
    (build,) = [step for step in jobs["images"]["steps"] if step.get("id") == "push"]
    assert build["env"]["TAG"] == "${{ matrix.tag }}"
    assert build["env"]["REQUIREMENTS"] == "${{ matrix.requirements }}"
    assert "--build-arg REQUIREMENTS=$REQUIREMENTS" in build["run"]
    for stage in ("dev", "prod"):
        tag = f"${{{{ inputs.tag || needs.versions.outputs.{stage} }}}}"
        assert jobs[stage]["with"] == {"stage": stage, "tag": tag}


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

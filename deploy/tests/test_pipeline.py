"""Images, and what GitHub Actions may do."""

import json
from typing import Any

import pytest

from deploy.stacks import pipeline
from deploy.tests.templates import OUT, Template, read, referred

PIPELINE: Template = read(OUT / "stages/shop-pipeline.template.json")


def role(stage: str) -> dict[str, Any]:
    return next(
        each for each in PIPELINE.properties("IAM::Role") if each["RoleName"] == f"shop-{stage}-github"
    )


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_role_is_taken_on_only_by_jobs_of_its_stages_environment_in_this_repository(stage: str) -> None:
    (trust,) = role(stage)["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert trust["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": f"repo:example/shop:environment:{stage}",
        }
    }


def test_there_is_no_stored_key() -> None:
    assert PIPELINE.of("IAM::User") == {}
    assert PIPELINE.of("IAM::AccessKey") == {}
    assert PIPELINE.the("IAM::OIDCProvider")["ClientIdList"] == ["sts.amazonaws.com"]


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_role_may_run_its_own_stages_migration_only(stage: str) -> None:
    policy = next(
        each
        for each in PIPELINE.properties("IAM::Policy")
        if f"{stage.title()}Role" in json.dumps(each["Roles"])
    )
    text = json.dumps(policy)
    assert f"task-definition/shop-{stage}-migration:*" in text
    assert ("shop-prod" if stage == "dev" else "shop-dev") not in text


@pytest.mark.parametrize("repository", PIPELINE.properties("ECR::Repository"), ids=["app", "front"])
def test_images_cannot_be_replaced_and_are_scanned(repository: dict[str, Any]) -> None:
    assert repository["RepositoryName"] in {"shop/app", "shop/front"}
    assert repository["ImageTagMutability"] == "IMMUTABLE"
    assert repository["ImageScanningConfiguration"] == {"ScanOnPush": True}


def lifecycle(repository: dict[str, Any]) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = json.loads(repository["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    return sorted(rules, key=lambda rule: rule["rulePriority"])


@pytest.mark.parametrize("repository", PIPELINE.properties("ECR::Repository"), ids=["app", "front"])
def test_what_production_has_run_is_kept_whatever_is_pushed_for_development(
    repository: dict[str, Any],
) -> None:
    """An image that a rule speaks of cannot be deleted by a rule after it."""
    production, development, rest = (rule["selection"] for rule in lifecycle(repository))
    assert production == {
        "tagStatus": "tagged",
        "tagPrefixList": ["prod-"],
        "countType": "imageCountMoreThan",
        "countNumber": 100,
    }
    assert development == production | {"tagPrefixList": ["dev-"]}
    assert rest == {
        "tagStatus": "any",
        "countType": "sinceImagePushed",
        "countNumber": 30,
        "countUnit": "days",
    }


def test_a_version_can_be_copied_from_one_account_to_the_next() -> None:
    other = read(OUT / "other-options/shop-pipeline.template.json")
    reading = {f"ecr:{each}" for each in pipeline.READING.split()}
    for repository in other.properties("ECR::Repository"):
        (statement,) = repository["RepositoryPolicyText"]["Statement"]
        assert set(statement["Action"]) == reading
        assert "444455556666" in referred(statement["Principal"])
    (rights,) = [
        each
        for policy in other.properties("IAM::Policy")
        for each in policy["PolicyDocument"]["Statement"]
        if "444455556666" in referred(each["Resource"])
    ]
    assert set(rights["Action"]) == reading
    assert len(rights["Resource"]) == 2


def test_one_account_for_both_stages_lets_no_other_in() -> None:
    assert [each for each in PIPELINE.properties("ECR::Repository") if "RepositoryPolicyText" in each] == []


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_role_can_see_that_its_own_stage_is_paused(stage: str) -> None:
    text = json.dumps(
        [each for each in PIPELINE.properties("IAM::Policy") if stage.title() in json.dumps(each)]
    )
    assert "rds:DescribeDBInstances" in text
    assert f":db:shop-{stage}-orders" in text


def test_an_account_that_knows_github_already_gets_no_second_provider() -> None:
    other = read(OUT / "other-options/shop-pipeline.template.json")
    assert other.of("IAM::OIDCProvider") == {}
    (trust,) = other.the("IAM::Role")["AssumeRolePolicyDocument"]["Statement"]
    assert "oidc-provider/token.actions.githubusercontent.com" in referred(trust["Principal"])

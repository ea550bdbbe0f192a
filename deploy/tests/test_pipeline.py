"""Images, and what GitHub Actions may do."""

import json
from typing import Any

import pytest

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


def test_images_cannot_be_replaced_are_scanned_and_the_old_ones_go() -> None:
    repositories = PIPELINE.properties("ECR::Repository")
    assert sorted(each["RepositoryName"] for each in repositories) == ["shop/app", "shop/front"]
    for each in repositories:
        assert each["ImageTagMutability"] == "IMMUTABLE"
        assert each["ImageScanningConfiguration"] == {"ScanOnPush": True}
        (rule,) = json.loads(each["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
        assert rule["selection"]["countNumber"] == 30


def test_an_account_that_knows_github_already_gets_no_second_provider() -> None:
    other = read(OUT / "other-options/shop-pipeline.template.json")
    assert other.of("IAM::OIDCProvider") == {}
    (trust,) = other.the("IAM::Role")["AssumeRolePolicyDocument"]["Statement"]
    assert "oidc-provider/token.actions.githubusercontent.com" in referred(trust["Principal"])

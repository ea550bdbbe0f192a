"""Which images a stage has: marked as its own, and copied from another stage's account where they are there."""

from dataclasses import replace
from typing import Any

import pytest

from deploy.commands import images
from deploy.commands.outcome import Failed, Refused
from deploy.commands.programs import Ended
from deploy.config import DEV, PROD
from deploy.tests.commands.deployment import PASSWORD, STACKS, VERSION, an_account, effects, pushes, run
from deploy.tests.commands.fakes import ACCOUNT, TAG, Refusal, World

OTHER = "444455556666"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return an_account(monkeypatch)


@pytest.fixture
def beside(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Another stage's account, whose registry has every version."""
    monkeypatch.setattr(images, "STAGES", {"dev": DEV, "prod": replace(PROD, account=OTHER)})
    own = world.aws.answers["ecr.DescribeImages"]
    copied: set[str] = set()

    def describe_images(params: dict[str, Any]) -> Any:
        if params.get("registryId") == OTHER or params["repositoryName"] in copied:
            return {"imageDetails": [{"imageDigest": "sha256:1"}]}
        return own(params)

    world.aws.answers["ecr.DescribeImages"] = describe_images
    for name in ("app", "front"):
        registry = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/shop/{name}:{TAG}"
        line = f"docker buildx imagetools create --prefer-index=false --tag {registry}"
        world.programs.answers[line] = pushes(copied, f"shop/{name}")
    return world


def test_what_a_stage_runs_gets_a_second_tag_that_its_registry_keeps(world: World) -> None:
    run(world)

    marks = [(each["repositoryName"], each["imageTag"]) for each in world.aws.of("PutImage")]
    assert marks == [("shop/app", f"dev-{TAG}"), ("shop/front", f"dev-{TAG}")]
    assert [each["imageIds"] for each in world.aws.of("BatchGetImage")] == [[{"imageTag": TAG}]] * 2


def test_an_image_that_is_marked_already_is_left_alone(world: World) -> None:
    world.aws.answers["ecr.PutImage"] = Refusal("ImageAlreadyExistsException")

    run(world)

    assert effects(world)[-1] == "smoke"


def test_an_image_that_cannot_be_marked_is_not_deployed(world: World) -> None:
    world.aws.answers["ecr.PutImage"] = Refusal("LimitExceededException")

    with pytest.raises(Failed, match="step images: AWS refused PutImage: LimitExceededException"):
        run(world)

    assert "deploy shop-dev-cluster" not in effects(world)


def test_a_version_of_another_account_is_copied_as_it_is_and_not_built_again(beside: World) -> None:
    beside.words["TAG"] = TAG

    run(beside)

    copying = ["docker login", "docker login", "copy app", "copy front", "docker logout", "docker logout"]
    assert effects(beside) == ["iam.CreateServiceLinkedRole", *STACKS, *copying, *VERSION]
    registries = [f"{account}.dkr.ecr.us-east-1.amazonaws.com" for account in (ACCOUNT, OTHER)]
    logins = [each for each in beside.programs.started if each["line"].startswith("docker login")]
    assert [each["line"].split()[-1] for each in logins] == registries
    assert {each["standard_input"] for each in logins} == {PASSWORD}
    (app, _front) = [each for each in beside.seen if "imagetools" in each]
    assert app.split()[-2:] == [f"{registry}/shop/app:{TAG}" for registry in registries]


def test_a_copy_that_fails_ends_it(beside: World) -> None:
    beside.programs.answers = {
        line: Ended(code=1) if "imagetools" in line else answer
        for line, answer in beside.programs.answers.items()
    }

    with pytest.raises(Failed, match=f"step images: {OTHER}.*/shop/app:{TAG} could not be copied"):
        run(beside)


def test_whoever_may_not_look_into_the_other_account_does_as_if_it_had_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "STAGES", {"dev": DEV, "prod": replace(PROD, account=OTHER)})
    world.aws.answers["ecr.DescribeImages"] = lambda params: Refusal(
        "AccessDeniedException" if "registryId" in params else "ImageNotFoundException"
    )
    world.words["TAG"] = "never-built"

    with pytest.raises(Refused, match="the registry has no images never-built"):
        run(world)

import io
from dataclasses import replace

import pytest

from deploy.commands import deploy
from deploy.commands.outcome import Refused
from deploy.commands.programs import Ended
from deploy.commands.situation import Situation
from deploy.config import DEV
from deploy.tests.commands.deployment import IMAGES, PASSWORD, STACKS, VERSION, an_account, cdk, effects, run
from deploy.tests.commands.fakes import ACCOUNT, TAG, Refusal, Terminal, World


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return an_account(monkeypatch)


def test_an_empty_account_gets_everything_in_order(world: World) -> None:
    world.aws.answers["ssm.GetParameter"] = Refusal("ParameterNotFound")

    run(world)

    bootstrap = [f"bootstrap aws://{ACCOUNT}/us-east-1"]
    assert effects(world) == ["iam.CreateServiceLinkedRole", *bootstrap, *STACKS, *IMAGES, *VERSION]
    assert world.said.splitlines()[-2:] == [
        f"dev serves {TAG} at https://api.example.com (0 minutes)",
        "Next: make admin STAGE=dev EMAIL=you@example.com",
    ]


def test_a_second_run_builds_nothing_and_bootstraps_nothing(world: World) -> None:
    run(world)
    world.seen.clear()

    run(world)

    assert effects(world) == [*STACKS, *VERSION]
    assert not [each for each in world.seen if each.startswith("docker")]


def test_differences_price_and_minutes_are_shown_before_the_question(world: World) -> None:
    world.has_all_stacks()
    world.assume_yes, world.source = False, Terminal("n\n")

    with pytest.raises(Refused, match=r"the answer was not yes"):
        run(world)

    assert effects(world) == []
    assert (
        cdk("diff", "pipeline", "network", "data", "identity", "cluster", "service", "observability")
        in world.seen
    )
    said = world.said
    assert (
        said.index("US dollars a month")
        < said.index("This takes about")
        < said.index("Deploy dev to account 111122223333?")
    )


def test_without_anybody_to_ask_it_does_nothing(world: World) -> None:
    world.assume_yes = False

    with pytest.raises(Refused, match=r"Cure: YES=1"):
        run(world)

    assert effects(world) == []


def test_an_operator_s_yes_is_enough(world: World) -> None:
    world.assume_yes, world.source = False, Terminal("y\n")

    run(world)

    assert effects(world)[-1] == "smoke"


def test_the_cdk_is_told_the_stage_s_region_whatever_the_operator_s_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")

    run(world)

    cdk_calls = [each for each in world.programs.started if each["line"].startswith("node cdk")]
    assert len(cdk_calls) == 8
    assert {each["environment"]["AWS_REGION"] for each in cdk_calls} == {"us-east-1"}


def test_the_registry_s_password_is_in_no_argument_and_no_output(world: World) -> None:
    run(world)

    login = next(each for each in world.programs.started if each["line"].startswith("docker login"))
    assert login["standard_input"] == PASSWORD
    assert PASSWORD not in world.said + "".join(each["line"] for each in world.programs.started)


def test_changed_files_get_a_tag_of_their_own(world: World) -> None:
    world.programs.answers["git write-tree"] = Ended(code=0, output="f" * 40)

    run(world)

    assert f"dev serves {TAG}-ffffffffffff at" in world.said
    assert f"image_tag={TAG}-ffffffffffff" in next(
        each for each in world.seen if each.startswith("node cdk synth")
    )


def test_traces_take_an_image_with_their_libraries(world: World) -> None:
    world.stage = replace(DEV, watch=replace(DEV.watch, traces=0.1))

    run(world)

    builds = [each for each in world.seen if each.startswith("docker buildx build")]
    assert [f"{TAG}-traces" in each for each in builds] == [True, True]
    assert ["REQUIREMENTS=traces" in each for each in builds] == [True, False]


def test_the_migration_runs_in_the_network_that_the_stack_names(world: World) -> None:
    run(world)

    (sent,) = world.aws.of("RunTask")
    assert sent["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"] == ["g-1"]
    assert (sent["cluster"], sent["launchType"], sent["count"]) == ("shop-dev", "FARGATE", 1)


def test_a_migration_always_stands_between_images_and_service() -> None:
    for first in (True, False):
        for there in (True, False):
            steps = deploy.plan(
                Situation(
                    statuses={} if first else {"cluster": "UPDATE_COMPLETE"},
                    bootstrapped=there,
                    images_there=there,
                    secrets_by_hand=there,
                )
            )
            order = [
                steps.index(each) for each in ("data", "images", "cluster", "migrate", "service", "smoke")
            ]
            assert order == sorted(order)
            assert set(steps) <= deploy.MINUTES.keys()


def test_every_step_says_what_it_does_and_by_which_call(world: World) -> None:
    run(world)

    told = [each for each in world.said.splitlines() if each.startswith("==> ")]
    assert "==> Check the settings and migrate, before the new version serves  [ecs RunTask]" in told
    assert "==> Stack shop-dev-service  [cdk deploy: CloudFormation change set]" in told
    assert [each for each in told if not each.endswith("]")] == []


def test_a_piped_yes_is_not_taken_for_an_operator(world: World) -> None:
    world.assume_yes, world.source = False, io.StringIO("yes\n")

    with pytest.raises(Refused, match=r"nobody to ask"):
        run(world)


@pytest.mark.parametrize("code", ["InvalidInput", "AccessDenied"])
def test_a_role_that_is_there_or_may_not_be_made_stops_nothing(world: World, code: str) -> None:
    world.aws.answers["iam.CreateServiceLinkedRole"] = Refusal(code)

    run(world)

    assert effects(world)[-1] == "smoke"

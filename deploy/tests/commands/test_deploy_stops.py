"""When a deployment does not begin, and what it says when it ends half-way."""

from dataclasses import replace

import pytest

from deploy.commands.outcome import Failed, Refused
from deploy.commands.programs import Ended
from deploy.config import DEV, PROD
from deploy.options import ConfigError, ExistingPool
from deploy.tests.commands.deployment import IMAGES, STACKS, VERSION, an_account, cdk, effects, migration, run
from deploy.tests.commands.fakes import TAG, Refusal, World


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return an_account(monkeypatch)


def test_another_account_s_credentials_are_refused_before_anything_else(world: World) -> None:
    world.stage = replace(DEV, account="999988887777")

    with pytest.raises(Refused, match=r"for account 111122223333, and dev belongs to 999988887777"):
        run(world)

    assert world.seen == ["sts.GetCallerIdentity"]


def test_missing_credentials_are_one_line(world: World) -> None:
    world.aws.answers["sts.GetCallerIdentity"] = Refusal("ExpiredToken")

    with pytest.raises(Refused, match=r"have expired. Cure: aws sso login"):
        run(world)


def test_production_without_a_domain_asks_aws_nothing(world: World) -> None:
    world.stage = PROD

    with pytest.raises(ConfigError, match="domain is unset"):
        run(world)

    assert world.seen == []


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED"])
def test_a_stack_that_is_busy_or_stuck_is_left_alone(world: World, status: str) -> None:
    world.has_all_stacks()
    world.has_stack("data", status=status)

    with pytest.raises(Refused, match=f"the data stack is .*{status}"):
        run(world)

    assert effects(world) == []


def test_a_zone_that_is_too_old_for_our_tasks_is_refused_before_anything_is_made(world: World) -> None:
    names = {"us-east-1a": "use1-az1", "us-east-1b": "use1-az3", "us-east-1c": "use1-az5"}
    world.aws.answers["ec2.DescribeAvailabilityZones"] = {
        "AvailabilityZones": [{"ZoneName": name, "ZoneId": zone} for name, zone in names.items()]
    }

    with pytest.raises(Refused, match=r"^us-east-1b is use1-az3 .* from us-east-1a, us-east-1c$"):
        run(world)

    assert effects(world) == []


def test_whoever_may_not_ask_for_zones_may_deploy(world: World) -> None:
    world.aws.answers["ec2.DescribeAvailabilityZones"] = Refusal("UnauthorizedOperation")

    run(world)

    assert effects(world)[-1] == "smoke"


def test_a_protected_stack_that_never_came_to_be_is_opened_so_that_the_cdk_can_begin_it_anew(
    world: World,
) -> None:
    world.has_all_stacks()
    world.has_stack("data", status="ROLLBACK_COMPLETE", protected=True)
    world.has_stack("identity", protected=True)
    world.aws.answers["cloudformation.UpdateTerminationProtection"] = {"StackId": "1"}

    run(world)

    assert world.aws.of("UpdateTerminationProtection") == [
        {"StackName": "shop-dev-data", "EnableTerminationProtection": False}
    ]
    opened = world.seen.index("cloudformation.UpdateTerminationProtection")
    assert opened < world.seen.index(cdk("deploy", "data"))


def test_a_failed_migration_ends_it_and_the_version_before_still_serves(world: World) -> None:
    world.has_all_stacks()
    world.aws.answers["ecs.DescribeTasks"] = migration(codes={"check": 0, "user": 0, "migrate": 1})

    with pytest.raises(Failed) as failed:
        run(world)

    assert effects(world)[-1] == "ecs.RunTask"
    assert "step migrate: the migration task did not succeed" in str(failed.value)
    assert "the version before it still serves" in str(failed.value)
    assert "make deploy STAGE=dev goes on from here" in str(failed.value)
    assert "    | django: relation does not exist" in world.said
    assert [each["logStreamName"] for each in world.aws.of("GetLogEvents")] == ["migrate/migrate/abc"]


def test_a_step_that_never_ran_counts_as_failed(world: World) -> None:
    world.aws.answers["ecs.DescribeTasks"] = migration(codes={"check": 1, "user": None, "migrate": None})

    with pytest.raises(Failed, match="nothing serves yet"):
        run(world)

    assert "check: ended with 1" in world.said
    assert "migrate: did not run" in world.said


def test_a_task_that_cannot_start_ends_it(world: World) -> None:
    world.aws.answers["ecs.RunTask"] = {"tasks": [], "failures": [{"reason": "RESOURCE:ENI"}]}

    with pytest.raises(Failed, match="could not be started: RESOURCE:ENI"):
        run(world)

    assert effects(world)[-1] == "ecs.RunTask"


def test_a_migration_that_never_ends_is_not_stopped(world: World) -> None:
    world.aws.answers["ecs.DescribeTasks"] = {"tasks": [{"lastStatus": "RUNNING", "containers": []}]}

    with pytest.raises(Failed, match=r"still runs after 20 minutes. Nothing was stopped"):
        run(world)

    assert "ecs.StopTask" not in world.seen


def test_a_refused_stack_says_what_serves(world: World) -> None:
    world.has_all_stacks()
    world.programs.answers[cdk("deploy", "service")] = Ended(code=1)

    with pytest.raises(Failed) as failed:
        run(world)

    assert "step service: cdk deploy shop-dev-service did not succeed" in str(failed.value)
    assert "the version before it still serves" in str(failed.value)
    assert effects(world)[-1] == "deploy shop-dev-service"


def test_a_failed_walk_names_the_way_back(world: World) -> None:
    world.has_all_stacks()
    world.programs.answers["python smoke.py"] = Ended(code=1)
    world.programs.answers["python3"] = Ended(code=1)

    with pytest.raises(Failed) as failed:
        run(world)

    assert f"version {TAG} serves" in str(failed.value)
    assert "To go back: make deploy STAGE=dev TAG=" in str(failed.value)


def test_aws_refusing_in_the_middle_is_told_with_the_state(world: World) -> None:
    world.aws.answers["ecs.RunTask"] = Refusal("AccessDeniedException", "not authorised: ecs:RunTask")

    with pytest.raises(Failed, match="step migrate: AWS does not allow RunTask: not authorised: ecs:RunTask"):
        run(world)


def test_going_back_builds_nothing(world: World) -> None:
    run(world)
    world.seen.clear()
    world.words["TAG"] = "an-earlier-one"

    run(world)

    assert effects(world) == [*STACKS, *VERSION]
    assert not [each for each in world.seen if each.startswith(("git", "docker"))]


def test_going_back_to_what_is_not_there_is_refused(world: World) -> None:
    world.words["TAG"] = "never-built"

    with pytest.raises(Refused, match=r"the registry has no images never-built"):
        run(world)

    assert effects(world) == []


def test_a_pool_of_one_s_own_needs_its_client_s_secret_before_anything_runs(world: World) -> None:
    pool = ExistingPool(user_pool_id="us-east-1_x", client_id="c")
    world.stage = replace(DEV, identity=replace(DEV.identity, existing=pool))
    world.aws.answers["secretsmanager.GetSecretValue"] = {"SecretString": "unset"}

    with pytest.raises(
        Failed, match="CLIENT_SECRET must be filled in first: make update-config CLIENT_SECRET STAGE=dev"
    ):
        run(world)

    assert effects(world) == ["iam.CreateServiceLinkedRole", *STACKS]


def test_github_s_role_which_may_ask_little_deploys_all_the_same(world: World) -> None:
    world.has_all_stacks()
    for call in ("ssm.GetParameter", "rds.DescribeDBInstances"):
        world.aws.answers[call] = Refusal("AccessDeniedException")

    run(world)

    assert effects(world) == [*STACKS, *IMAGES, *VERSION]


@pytest.mark.parametrize("status", ["stopped", "stopping", "starting"])
def test_a_paused_stage_is_refused_before_anything_is_built_or_changed(world: World, status: str) -> None:
    world.has_all_stacks()
    world.aws.answers["rds.DescribeDBInstances"] = {"DBInstances": [{"DBInstanceStatus": status}]}

    with pytest.raises(Refused) as refused:
        run(world)

    assert str(refused.value) == (
        f"dev is paused (its database is {status}). Cure: make resume STAGE=dev, then this again"
    )
    assert effects(world) == []
    assert not [each for each in world.seen if each.startswith(("docker", "node"))]


def test_what_the_cdk_says_against_the_configuration_is_shown(world: World) -> None:
    world.programs.answers["node cdk synth"] = Ended(
        code=1, output="deploy/config.py: dev: cidr is no network"
    )

    with pytest.raises(Refused, match="the templates could not be made"):
        run(world)

    assert "deploy/config.py: dev: cidr is no network" in world.said
    assert effects(world) == []


def test_going_on_with_an_earlier_version_names_it_again(world: World) -> None:
    run(world)
    world.words["TAG"] = "an-earlier-one"
    world.aws.answers["ecs.RunTask"] = {"tasks": [], "failures": [{"reason": "RESOURCE:ENI"}]}

    with pytest.raises(Failed, match="make deploy STAGE=dev TAG=an-earlier-one goes on from here"):
        run(world)

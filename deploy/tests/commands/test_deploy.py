import base64
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.commands import deploy
from deploy.commands.outcome import Failed, Refused
from deploy.commands.programs import Ended
from deploy.config import DEV, PROD, ConfigError, ExistingPool
from deploy.tests.commands.fakes import ACCOUNT, TAG, Refusal, Terminal, World, services

PROGRAM = Path("/cdk/node_modules/aws-cdk/bin/cdk")
COMMIT = f"{TAG}{'c' * 28}"
PASSWORD = "registry-password"  # pragma: allowlist secret
CHANGES = ("deploy", "bootstrap")


def migration(*, codes: dict[str, int | None] | None = None) -> dict[str, Any]:
    steps = codes or {"check": 0, "user": 0, "migrate": 0}
    containers = [
        {"name": name} | ({} if code is None else {"exitCode": code}) for name, code in steps.items()
    ]
    return {
        "tasks": [
            {"lastStatus": "STOPPED", "stoppedReason": "Essential container exited", "containers": containers}
        ]
    }


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """An account in which nothing is there; stacks come to be when the CDK deploys them, images when Docker pushes."""
    made = World()
    made.assume_yes = True
    pushed: set[str] = set()

    def describe_images(params: dict[str, Any]) -> Any:
        name = params["repositoryName"]
        if name not in pushed:
            return Refusal("ImageNotFoundException")
        return {"imageDetails": [{"imageDigest": f"sha256:{name[5:]}"}]}

    made.aws.answers |= {
        "ssm.GetParameter": {"Parameter": {"Value": "30"}},
        "rds.DescribeDBInstances": Refusal("DBInstanceNotFound"),
        "ecr.DescribeImages": describe_images,
        "ecr.GetAuthorizationToken": {
            "authorizationData": [
                {
                    "authorizationToken": base64.b64encode(f"AWS:{PASSWORD}".encode()).decode(),
                    "proxyEndpoint": f"https://{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com",
                }
            ]
        },
        "iam.CreateServiceLinkedRole": {"Role": role()},
        "ecs.RunTask": {"tasks": [{"taskArn": "arn:aws:ecs:us-east-1:1:task/shop-dev/abc"}], "failures": []},
        "ecs.DescribeTasks": migration(),
        "ecs.DescribeServices": services(),
        "logs.GetLogEvents": {"events": [{"message": "django: relation does not exist"}]},
    }
    made.programs.answers |= {
        "git rev-parse HEAD": Ended(code=0, output=f"{COMMIT}\n"),
        "git rev-parse HEAD^{tree}": Ended(code=0, output="the-tree\n"),
        "git write-tree": Ended(code=0, output="the-tree\n"),
        "docker buildx inspect": Ended(code=0, output="Platforms: linux/amd64, linux/arm64"),
    }
    for image in ("app", "front"):
        target = "" if image == "app" else "--target front "
        line = f"docker buildx build --platform linux/arm64 {target}"
        made.programs.answers[line + "--"] = pushes(pushed, f"shop/{image}")
    for part in ("network", "data", "identity", "cluster", "service", "observability"):
        made.programs.answers[cdk("deploy", part)] = makes(made, part)
    monkeypatch.setattr("deploy.commands.tools.shutil.which", lambda name: f"/bin/{name}")
    return made


def role() -> dict[str, Any]:
    return {"Path": "/", "RoleName": "ecs", "RoleId": "A" * 20, "Arn": "a" * 20, "CreateDate": 0}


def pushes(pushed: set[str], name: str) -> Callable[[], Ended]:
    def push() -> Ended:
        pushed.add(name)
        return Ended(code=0)

    return push


def makes(world: World, part: str) -> Callable[[], Ended]:
    def make() -> Ended:
        world.has_stack(part)
        return Ended(code=0)

    return make


def cdk(command: str, *parts: str) -> str:
    options = "--exclusively --require-approval never --progress events " if command == "deploy" else ""
    names = " ".join("shop-pipeline" if part == "pipeline" else f"shop-dev-{part}" for part in parts)
    return f"node cdk {command} --app assembly --no-notices {options}{names}".rstrip()


def run(world: World) -> None:
    deploy.run(world.context, cdk_program=PROGRAM)


def effects(world: World) -> list[str]:
    """What changed something, in short: calls to AWS, and programs but those that only look."""
    short = []
    for each in world.seen:
        if "." in each.split(" ")[0] and not each.split(".")[1].startswith(("Describe", "Get")):
            short.append(each)
        elif each.startswith("docker buildx build"):
            short.append("push front" if "--target front" in each else "push app")
        elif each.startswith("docker log"):
            short.append(" ".join(each.split()[:2]))
        elif each.startswith("node cdk") and each.split()[2] in CHANGES:
            short.append(f"{each.split()[2]} {each.split()[-1]}")
        elif "smoke.py" in each:
            short.append("smoke")
    return short


IMAGES = ["docker login", "push app", "push front", "docker logout"]
STACKS = [
    "deploy shop-pipeline",
    "deploy shop-dev-network",
    "deploy shop-dev-data",
    "deploy shop-dev-identity",
]
VERSION = [
    "deploy shop-dev-cluster",
    "ecs.RunTask",
    "deploy shop-dev-service",
    "deploy shop-dev-observability",
    "smoke",
]


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

    with pytest.raises(Refused, match="the answer was not yes"):
        run(world)

    assert effects(world) == []
    assert cdk("diff", "network", "data", "identity", "cluster", "service", "observability") in world.seen
    said = world.said
    assert (
        said.index("US dollars a month")
        < said.index("This takes about")
        < said.index("Deploy dev to account 111122223333?")
    )


def test_without_anybody_to_ask_it_does_nothing(world: World) -> None:
    world.assume_yes = False

    with pytest.raises(Refused, match="Cure: YES=1"):
        run(world)

    assert effects(world) == []


def test_an_operator_s_yes_is_enough(world: World) -> None:
    world.assume_yes, world.source = False, Terminal("y\n")

    run(world)

    assert effects(world)[-1] == "smoke"


def test_another_account_s_credentials_are_refused_before_anything_else(world: World) -> None:
    world.stage = replace(DEV, account="999988887777")

    with pytest.raises(Refused, match="for account 111122223333, and dev belongs to 999988887777"):
        run(world)

    assert world.seen == ["sts.GetCallerIdentity"]


def test_missing_credentials_are_one_line(world: World) -> None:
    world.aws.answers["sts.GetCallerIdentity"] = Refusal("ExpiredToken")

    with pytest.raises(Refused, match="have expired. Cure: aws sso login"):
        run(world)


def test_production_without_a_domain_asks_aws_nothing(world: World) -> None:
    world.stage = PROD

    with pytest.raises(ConfigError, match="domain is unset"):
        run(world)

    assert world.seen == []


def test_the_cdk_is_told_the_stage_s_region_whatever_the_operator_s_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")

    run(world)

    cdk_calls = [each for each in world.programs.started if each["line"].startswith("node cdk")]
    assert len(cdk_calls) == 8
    assert {each["environment"]["AWS_REGION"] for each in cdk_calls} == {"us-east-1"}


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED"])
def test_a_stack_that_is_busy_or_stuck_is_left_alone(world: World, status: str) -> None:
    world.has_all_stacks()
    world.has_stack("data", status=status)

    with pytest.raises(Refused, match=f"the data stack is .*{status}"):
        run(world)

    assert effects(world) == []


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

    with pytest.raises(Failed, match="still runs after 20 minutes. Nothing was stopped"):
        run(world)

    assert "ecs.StopTask" not in world.seen


def test_the_migration_runs_in_the_network_that_the_stack_names(world: World) -> None:
    run(world)

    (sent,) = world.aws.of("RunTask")
    assert sent["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"] == ["g-1"]
    assert (sent["cluster"], sent["launchType"], sent["count"]) == ("shop-dev", "FARGATE", 1)


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

    with pytest.raises(Refused, match="the registry has no images never-built"):
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


def test_a_paused_stage_s_database_is_started_before_the_migration(world: World) -> None:
    world.has_all_stacks()
    statuses = iter(["stopped", "stopped", "starting"])
    world.aws.answers["rds.DescribeDBInstances"] = lambda _params: {
        "DBInstances": [{"DBInstanceStatus": next(statuses, "available")}]
    }
    world.aws.answers["rds.StartDBInstance"] = {}

    run(world)

    assert effects(world) == [*STACKS, "rds.StartDBInstance", *IMAGES, *VERSION]


def test_a_migration_always_stands_between_images_and_service() -> None:
    for first in (True, False):
        for there in (True, False):
            steps = deploy.plan(
                deploy.Situation(
                    statuses={} if first else {"cluster": "UPDATE_COMPLETE"},
                    bootstrapped=there,
                    images_there=there,
                    database_stopped=there,
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

    with pytest.raises(Refused, match="nobody to ask"):
        run(world)

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.commands import destroy, pause
from deploy.commands.outcome import Failed, Refused
from deploy.config import DEV, PROD
from deploy.tests.commands.deployment import makes
from deploy.tests.commands.fakes import ACCOUNT, TAG, Refusal, Terminal, World, services

PROGRAM = Path("/cdk/node_modules/aws-cdk/bin/cdk")
IN_ORDER = ("observability", "service", "cluster", "identity", "data", "network")


def deleted(world: World) -> list[str]:
    return [each["StackName"].split("/")[1].removeprefix("shop-dev-") for each in world.aws.of("DeleteStack")]


@pytest.fixture
def world() -> World:
    """A development stage that runs; RDS does what it is told."""
    made = World()
    made.has_all_stacks()
    made.assume_yes = True
    database: dict[str, Any] = {"DBInstanceStatus": "available", "DeletionProtection": False}

    def set_to(status: str) -> Any:
        def act(_params: dict[str, Any]) -> dict[str, Any]:
            database["DBInstanceStatus"] = status
            return {}

        return act

    made.aws.answers |= {
        "rds.DescribeDBInstances": lambda _params: {"DBInstances": [database]},
        "rds.StopDBInstance": set_to("stopped"),
        "rds.StartDBInstance": set_to("available"),
        "rds.CreateDBSnapshot": {},
        "rds.DescribeDBSnapshots": {"DBSnapshots": [{"Status": "available"}]},
        "s3.ListObjectsV2": {"Contents": [{"Key": "balancer/1.log"}, {"Key": "balancer/2.log"}]},
        "s3.DeleteObjects": {},
        "ecs.DescribeServices": services(),
        "ecs.DescribeTaskDefinition": {
            "taskDefinition": {
                "containerDefinitions": [{"name": "check", "image": f"{ACCOUNT}.ecr/shop/app:{TAG}"}]
            }
        },
        "ecr.DescribeImages": {"imageDetails": [{"imageDigest": "sha256:1"}]},
    }
    for part in ("service", "observability"):
        made.programs.answers[
            "node cdk deploy --app assembly --no-notices --exclusively --require-approval never --progress events "
            f"shop-dev-{part}"
        ] = makes(made, part)
    return made


# ---- Pause, resume -----------------------------------------------------------------------------------------


def test_pausing_deletes_what_costs_by_the_hour_and_stops_the_database(world: World) -> None:
    pause.pause(world.context)

    assert deleted(world) == ["observability", "service"]
    assert world.aws.calls() == [
        "cloudformation.DeleteStack",
        "cloudformation.DeleteStack",
        "rds.StopDBInstance",
    ]
    assert "RDS starts a stopped database by itself after 7 days" in world.said
    assert "make pause STAGE=dev again stops it" in world.said


def test_pausing_twice_does_nothing_the_second_time(world: World) -> None:
    pause.pause(world.context)
    world.seen.clear()

    pause.pause(world.context)

    assert world.aws.calls() == []


def test_pausing_again_stops_a_database_that_rds_started_by_itself(world: World) -> None:
    pause.pause(world.context)
    world.aws.client("rds").start_db_instance(DBInstanceIdentifier="shop-dev-orders")
    world.seen.clear()

    pause.pause(world.context)

    assert world.aws.calls() == ["rds.StopDBInstance"]


def test_production_is_not_paused(world: World) -> None:
    world.stage = PROD

    with pytest.raises(Refused, match=r"prod is not paused: customers use it"):
        pause.pause(world.context)

    assert world.seen == []


def test_pausing_wants_a_yes(world: World) -> None:
    world.assume_yes, world.source = False, Terminal("\n")

    with pytest.raises(Refused, match=r"not yes"):
        pause.pause(world.context)

    assert world.aws.calls() == []


def test_a_stack_that_cannot_be_deleted_leaves_the_database_running(world: World) -> None:
    def delete(_params: dict[str, Any]) -> dict[str, Any]:
        world.has_stack("observability", status="DELETE_FAILED")
        return {}

    world.aws.answers["cloudformation.DeleteStack"] = delete

    with pytest.raises(Failed, match="shop-dev-observability is not deleted"):
        pause.pause(world.context)

    assert world.aws.calls() == ["cloudformation.DeleteStack"]


def test_resuming_starts_the_database_first_and_ends_with_a_walk(world: World) -> None:
    pause.pause(world.context)
    world.seen.clear()

    pause.resume(world.context, cdk_program=PROGRAM)

    changes = [
        each for each in world.seen if each.startswith("rds.Start") or "cdk deploy" in each or "smoke" in each
    ]
    assert [each.split()[-1] for each in changes] == [
        "rds.StartDBInstance",
        "shop-dev-service",
        "shop-dev-observability",
        "--read-only",
    ]
    assert f"dev serves {TAG} again at https://api.example.com" in world.said
    assert f"image_tag={TAG}" in next(each for each in world.seen if "cdk synth" in each)


def test_resuming_waits_for_a_database_that_is_still_being_stopped(world: World) -> None:
    told = iter(["stopping", "stopping", "stopped", "starting", "available"])
    world.aws.answers["rds.DescribeDBInstances"] = lambda _params: {
        "DBInstances": [{"DBInstanceStatus": next(told)}]
    }

    pause.resume(world.context, cdk_program=PROGRAM)

    assert world.aws.calls() == ["rds.StartDBInstance"]
    assert world.clock.now == 20


def test_resuming_a_version_whose_images_are_gone_is_refused(world: World) -> None:
    world.aws.answers["ecr.DescribeImages"] = Refusal("ImageNotFoundException")

    with pytest.raises(Refused, match=f"the images of {TAG} are not in the registry"):
        pause.resume(world.context, cdk_program=PROGRAM)

    assert world.aws.calls() == []


def test_a_stage_that_was_never_deployed_cannot_resume(world: World) -> None:
    world.stacks.clear()

    with pytest.raises(Refused, match=r"dev is not deployed. Cure: make deploy STAGE=dev"):
        pause.resume(world.context, cdk_program=PROGRAM)


def test_aurora_is_stopped_as_a_cluster(world: World) -> None:
    world.stage = replace(DEV, database=replace(DEV.database, engine="aurora"))
    world.aws.answers["rds.DescribeDBClusters"] = {"DBClusters": [{"Status": "available"}]}
    world.aws.answers["rds.StopDBCluster"] = {}

    pause.pause(world.context)

    assert world.aws.of("StopDBCluster") == [{"DBClusterIdentifier": "shop-dev-orders"}]


# ---- Destroy -----------------------------------------------------------------------------------------------


def test_destroying_copies_the_orders_first_and_then_deletes_from_the_top(world: World) -> None:
    world.source = Terminal("dev\n")

    destroy.run(world.context)

    assert deleted(world) == list(IN_ORDER)
    calls = world.aws.calls()
    assert calls[0] == "rds.CreateDBSnapshot"
    assert calls[1:6] == ["cloudformation.DeleteStack"] * 5
    assert calls[6:] == ["s3.DeleteObjects", "cloudformation.DeleteStack"]
    (snapshot,) = world.aws.of("CreateDBSnapshot")
    assert snapshot["DBInstanceIdentifier"] == "shop-dev-orders"
    assert f"snapshot {snapshot['DBSnapshotIdentifier']}" in world.said


@pytest.mark.parametrize("typed", ["y\n", "yes\n", "prod\n", "\n", "Dev\n"])
def test_anything_but_the_stage_s_name_deletes_nothing(world: World, typed: str) -> None:
    world.source = Terminal(typed)

    with pytest.raises(Refused, match=r"the answer was not dev"):
        destroy.run(world.context)

    assert world.aws.calls() == []


def test_a_yes_beforehand_is_no_answer_to_that(world: World) -> None:
    world.assume_yes = True

    with pytest.raises(Refused, match=r"the answer was not dev"):
        destroy.run(world.context)

    assert world.aws.calls() == []


def test_production_is_refused_while_it_is_protected(world: World) -> None:
    world.stage, world.stacks = PROD, {}
    world.has_stack("data", protected=True)
    world.aws.answers["rds.DescribeDBInstances"] = {
        "DBInstances": [{"DBInstanceStatus": "available", "DeletionProtection": True}]
    }
    world.source = Terminal("prod\n")

    with pytest.raises(Refused) as refused:
        destroy.run(world.context)

    told = str(refused.value)
    assert "prod is protected: shop-prod-data, the database shop-prod-orders, deploy/config.py" in told
    assert world.aws.calls() == []


def test_protection_in_aws_counts_whatever_the_configuration_says(world: World) -> None:
    world.has_stack("network", protected=True)
    world.source = Terminal("dev\n")

    with pytest.raises(Refused, match=r"dev is protected: shop-dev-network. Nothing was deleted"):
        destroy.run(world.context)


def test_a_snapshot_that_is_not_done_stops_the_deletion(world: World) -> None:
    world.source = Terminal("dev\n")
    world.aws.answers["rds.DescribeDBSnapshots"] = {"DBSnapshots": [{"Status": "creating"}]}

    with pytest.raises(Failed, match="nothing was deleted"):
        destroy.run(world.context)

    assert deleted(world) == []


def test_a_paused_stage_s_database_is_started_for_its_snapshot(world: World) -> None:
    pause.pause(world.context)
    world.seen.clear()
    world.aws.sent.clear()
    world.source = Terminal("dev\n")

    destroy.run(world.context)

    assert world.aws.calls()[:2] == ["rds.StartDBInstance", "rds.CreateDBSnapshot"]
    assert deleted(world) == list(IN_ORDER[2:])


def test_a_deletion_that_was_cut_off_goes_on(world: World) -> None:
    world.source = Terminal("dev\n")
    for part in IN_ORDER[:5]:
        world.stacks.pop(f"shop-dev-{part}")
    world.aws.answers["rds.DescribeDBInstances"] = Refusal("DBInstanceNotFound")
    world.aws.answers["s3.ListObjectsV2"] = Refusal("NoSuchBucket")

    destroy.run(world.context)

    assert deleted(world) == ["network"]
    assert world.said.endswith("dev is gone.\n")


def test_nothing_there_is_refused(world: World) -> None:
    world.stacks.clear()

    with pytest.raises(Refused, match=r"nothing of dev is there in account 111122223333"):
        destroy.run(world.context)

"""What stands is protected against deletion; what is only being made is not, so that a failure can be taken back."""

from dataclasses import replace

import pytest

from deploy.commands.outcome import Failed
from deploy.commands.programs import Ended
from deploy.config import DEV
from deploy.tests.commands.deployment import an_account, cdk, effects, run
from deploy.tests.commands.fakes import World

UNPROTECTED = "assembly-unprotected"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """An empty account, and a stage that keeps its data."""
    made = an_account(monkeypatch)
    made.stage = replace(DEV, keep_data=True)
    return made


def deployed(world: World) -> list[str]:
    return [
        each.removeprefix("deploy shop-dev-") for each in effects(world) if each.startswith("deploy shop-dev")
    ]


def test_each_stack_is_made_without_protection_and_protected_as_soon_as_it_stands(world: World) -> None:
    run(world)

    parts = ("network", "data", "identity", "cluster", "service", "observability")
    assert deployed(world) == [f"{part}{how}" for part in parts for how in (" unprotected", "")]
    assert (
        "==> Protect shop-dev-data, which stands now  [cdk deploy: CloudFormation change set]" in world.said
    )


def test_templates_without_protection_are_made_for_the_first_time_alone(world: World) -> None:
    run(world)
    first = [each for each in world.seen if each.startswith("node cdk synth")]
    world.seen.clear()

    run(world)

    assert ["protect=no" in each for each in first] == [False, True]
    assert [each for each in world.seen if "protect=no" in each or UNPROTECTED in each] == []
    assert len(deployed(world)) == 6


def test_a_creation_that_fails_is_never_protected(world: World) -> None:
    world.programs.answers[cdk("deploy", "data", assembly=UNPROTECTED)] = Ended(code=1)

    with pytest.raises(Failed, match="step data: cdk deploy shop-dev-data did not succeed"):
        run(world)

    assert deployed(world) == ["network unprotected", "network", "data unprotected"]


def test_what_was_taken_back_is_made_anew_without_protection(world: World) -> None:
    world.has_all_stacks()
    world.has_stack("data", status="ROLLBACK_COMPLETE")

    run(world)

    assert deployed(world)[:4] == ["network", "data unprotected", "data", "identity"]


def test_a_stack_that_stands_without_its_protection_gets_it_the_next_time(world: World) -> None:
    world.programs.answers[cdk("deploy", "data")] = Ended(code=1)
    with pytest.raises(Failed, match="step data"):
        run(world)
    world.seen.clear()
    del world.programs.answers[cdk("deploy", "data")]

    run(world)

    assert deployed(world)[:2] == ["network", "data"]


def test_a_stage_without_protection_is_made_once(world: World) -> None:
    world.stage = DEV

    run(world)

    assert len(deployed(world)) == 6
    assert UNPROTECTED not in " ".join(world.seen)

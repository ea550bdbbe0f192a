import io
import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from deploy.commands import config_values
from deploy.commands.context import ROOT
from deploy.commands.outcome import Failed, Refused
from deploy.tests.commands.fakes import Refusal, Terminal, World, services

VALUE = "1a2b3c4d5e6f7g8h9i0j"  # pragma: allowlist secret
EARLIER = "earlierearlierearlier"


@pytest.fixture
def world() -> World:
    made = World()
    made.has_all_stacks()
    made.words["NAME"] = "CLIENT_SECRET"
    made.source = io.StringIO(f"{VALUE}\n")
    made.aws.answers |= {
        "secretsmanager.GetSecretValue": {"SecretString": EARLIER},
        "secretsmanager.PutSecretValue": {},
        "ecs.DescribeServices": services(),
        "ecs.UpdateService": {},
    }
    return made


def test_a_new_value_is_stored_and_both_services_take_it(world: World) -> None:
    config_values.run(world.context)

    assert world.aws.calls() == ["secretsmanager.PutSecretValue", "ecs.UpdateService", "ecs.UpdateService"]
    (put,) = world.aws.of("PutSecretValue")
    assert (put["SecretId"], put["SecretString"]) == ("shop-dev/cognito-client", VALUE)
    assert [each["service"] for each in world.aws.of("UpdateService")] == [
        "shop-dev-web",
        "shop-dev-background",
    ]
    assert {each["forceNewDeployment"] for each in world.aws.of("UpdateService")} == {True}
    assert "CLIENT_SECRET is changed, and every task has it" in world.said


def test_neither_value_is_ever_shown(world: World) -> None:
    config_values.run(world.context)

    assert VALUE not in world.said
    assert EARLIER not in world.said
    assert world.programs.started == []


def test_at_a_terminal_it_is_typed_unseen(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.source = Terminal()
    monkeypatch.setattr("getpass.getpass", lambda _prompt: VALUE)

    config_values.run(world.context)

    assert world.aws.of("PutSecretValue")[0]["SecretString"] == VALUE


def test_the_same_value_again_changes_nothing(world: World) -> None:
    world.source = io.StringIO(EARLIER)

    config_values.run(world.context)

    assert world.aws.calls() == []


def test_one_of_several_values_leaves_the_others(world: World) -> None:
    both = {"STRIPE_SECRET_KEY": "unset", "STRIPE_WEBHOOK_SECRET": "whsec_kept"}
    world.aws.answers["secretsmanager.GetSecretValue"] = {"SecretString": json.dumps(both)}
    world.stacks["shop-dev-identity"]["Outputs"].append(
        {"OutputKey": "PaymentsSecret", "OutputValue": "shop-dev/payments"}
    )
    key = "sk_" + "live_" + "a" * 24
    world.words["NAME"], world.source = "STRIPE_SECRET_KEY", io.StringIO(key)

    config_values.run(world.context)

    assert json.loads(world.aws.of("PutSecretValue")[0]["SecretString"]) == both | {"STRIPE_SECRET_KEY": key}


def test_a_secret_that_was_made_without_a_value_is_filled_in(world: World) -> None:
    world.aws.answers["secretsmanager.GetSecretValue"] = Refusal("ResourceNotFoundException")

    config_values.run(world.context)

    assert world.aws.of("PutSecretValue")[0]["SecretString"] == VALUE


@pytest.mark.parametrize(
    "wrong", ["", "\n", "too short", f" {VALUE}", f"{VALUE}\n{VALUE}\n", "with a blank in between it"]
)
def test_what_cannot_be_right_is_refused_unshown(world: World, wrong: str) -> None:
    world.source = io.StringIO(wrong)

    with pytest.raises(Refused, match=r"[Nn]othing was changed") as refused:
        config_values.run(world.context)

    assert world.aws.calls() == []
    assert not wrong.strip() or wrong.strip() not in str(refused.value) + world.said


def test_play_money_has_no_key_to_change(world: World) -> None:
    world.words["NAME"] = "STRIPE_SECRET_KEY"

    with pytest.raises(Refused, match="its payments are play money"):
        config_values.run(world.context)


def test_a_paused_stage_takes_it_when_it_resumes(world: World) -> None:
    world.aws.answers["ecs.DescribeServices"] = {"services": [], "failures": []}

    config_values.run(world.context)

    assert world.aws.calls() == ["secretsmanager.PutSecretValue"]
    assert "make resume STAGE=dev" in world.said


def test_before_the_first_deployment_has_ended_there_is_nothing_to_roll(world: World) -> None:
    world.aws.answers["ecs.DescribeServices"] = Refusal("ClusterNotFoundException")

    config_values.run(world.context)

    assert world.aws.calls() == ["secretsmanager.PutSecretValue"]


def test_tasks_that_do_not_start_with_it_are_told_of_with_the_way_back(world: World) -> None:
    world.aws.answers["ecs.DescribeServices"] = services(settled=False, failed=True)

    with pytest.raises(Failed) as failed:
        config_values.run(world.context)

    assert "Secrets Manager keeps it as AWSPREVIOUS of shop-dev/cognito-client" in str(failed.value)
    assert VALUE not in str(failed.value) + world.said
    assert "    | web: unable to pull secrets" in world.said


@pytest.mark.parametrize(
    ("name", "given", "why"),
    [
        (
            "",
            ["CLIENT_SECRET", "STAGE"],
            "Safe, it asks and shows nothing: make update-config CLIENT_SECRET STAGE=",
        ),
        ("CLIENT_SECRET", ["DATABASE_PASSWORD"], "make update-config DATABASE_PASSWORD"),
        ("", ["STAGE"], "NAME being one of CLIENT_SECRET, DJANGO_SECRET_KEY"),
        ("DATABASE_PASSWORD", [], "is no secret of this shop's"),
        ("LOG_LEVEL", [], "it stands in deploy/config.py"),
        ("", ["LOG_LEVEL", "STAGE"], "LOG_LEVEL is not secret"),
    ],
)
def test_every_other_way_of_asking_is_refused_with_the_right_one(
    name: str, given: list[str], why: str
) -> None:
    with pytest.raises(Refused) as refused:
        config_values.check_name(name, given=given)

    assert why in str(refused.value)


# ---- As it is typed ----------------------------------------------------------------------------------------


def make(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    environment |= {"AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere"}
    return subprocess.run(
        ["make", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_make_refuses_a_value_on_its_command_line_and_never_prints_it() -> None:
    ended = make("update-config", f"CLIENT_SECRET={VALUE}", "STAGE=dev")

    assert ended.returncode == 2
    assert "CLIENT_SECRET=… puts the secret into the shell's history" in ended.stderr
    assert "make update-config CLIENT_SECRET STAGE=…" in ended.stderr
    assert VALUE not in ended.stdout + ended.stderr


def test_make_understands_the_name_alone() -> None:
    ended = make("update-config", "CLIENT_SECRET", "STAGE=dev")

    assert ended.returncode == 2
    assert [line for line in ended.stderr.splitlines() if line.startswith("shop: ")] == [
        "shop: no AWS credentials (Unable to locate credentials). "
        "Cure: aws sso login (or aws configure), and AWS_PROFILE=… for another profile"
    ]


@pytest.mark.parametrize("command", ["deploy", "info", "admin", "logs", "pause", "resume", "destroy"])
def test_without_a_stage_make_says_which_there_are(command: str) -> None:
    ended = make(command)

    assert ended.returncode == 2
    assert f"shop: which stage? make {command} STAGE=… (dev or prod)" in ended.stderr


def test_the_cost_without_a_stage_is_that_of_both() -> None:
    ended = make("cost")

    assert ended.returncode == 0
    assert "| US dollars a month | dev, idle |" in ended.stdout


def test_a_stage_that_there_is_none_of_is_one_line() -> None:
    ended = make("info", "STAGE=moon")

    assert "shop: deploy/config.py: there is no stage 'moon': STAGE is one of dev, prod" in ended.stderr


def test_typing_at_a_real_terminal_echoes_nothing(tmp_path: Path) -> None:
    program = tmp_path / "ask.py"
    program.write_text(
        "from deploy.commands.console import Console\nprint(len(Console().secret('CLIENT_SECRET')))\n"
    )
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [ROOT / ".local/deploy-venv/bin/python", program],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
        start_new_session=True,
    )
    seen = b""
    while b"(not shown): " not in seen:
        seen += os.read(ours, 100)
    os.write(ours, f"{VALUE}\n".encode())
    child.wait(timeout=20)
    seen += os.read(ours, 1000)
    os.close(ours)
    os.close(theirs)

    assert VALUE.encode() not in seen
    assert str(len(VALUE)).encode() in seen

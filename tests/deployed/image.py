"""``make verify-image``: the images run as the production stage's task definitions say, in Docker, without an account.

    python -m tests.deployed.image [--keep]

The templates of ``make synth`` are created on ministack; each task definition then becomes containers with its exact
environment, secrets, command, user, read-only root, health checks and order. Added are addresses and keys of the
emulator (tests/deployed/trial.py) and one certificate; what Docker does not do is named in tests/deployed/tasks.py.
``--keep`` leaves everything running.
"""

import argparse
import secrets
import shutil
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from tests.deployed import checks, docker, stacks, surroundings
from tests.deployed.certificates import Authority
from tests.deployed.docker import Project
from tests.deployed.stacks import Emulator
from tests.deployed.trial import ALIVE, FRONT_PORT, Trial

STAGE = "prod"


def main() -> int:
    """Run everything; return 0 if all was as it must be."""
    parser = argparse.ArgumentParser(prog="python -m tests.deployed.image")
    parser.add_argument("--keep", action="store_true", help="leave everything running")
    keep = parser.parse_args().keep
    directory = Path(tempfile.mkdtemp(prefix="shop-image-"))
    directory.chmod(0o755)
    began = time.monotonic()
    project = Project(directory, f"shop-verify-{secrets.token_hex(3)}", subnet="10.30.0.0/16")
    try:
        trial = _begin(project)
        _migrate(trial)
        _serve(trial)
        for check in (checks.look_inside, checks.verified_tls, checks.smoke, checks.roll, checks.stop):
            check(trial)
    except AssertionError as error:
        print(f"make verify-image: FAILED\n{error}", file=sys.stderr)
        return 1
    finally:
        if keep:
            print(f"Left running: docker compose -p {project.name} -f {directory}/compose.json")
        else:
            project.compose("down", "--volumes", "--timeout", "5", check=False)
            shutil.rmtree(directory)
    print(f"make verify-image: all is well ({time.monotonic() - began:.0f} s)")
    return 0


def _begin(project: Project) -> Trial:
    """Create the stage on the emulator, and start MySQL and the balancer as its templates have them."""
    print("== the stage's stacks on the emulator, MySQL and the load balancer", flush=True)
    project.file.services["ministack"] = surroundings.ministack()
    project.compose("up", "--detach", "--wait")
    emulator = Emulator(f"http://127.0.0.1:{project.port('ministack', 4566)}")
    stage = stacks.create(emulator, STAGE, for_the_shop=True)
    failed = {part: each.events for part, each in stage.stacks.items() if each.status != "CREATE_COMPLETE"}
    assert not failed, failed
    # As their owner fills them in (docs/runbook.md); these are nobody's.
    emulator.client("secretsmanager").put_secret_value(
        SecretId=stage.outputs["PaymentsSecret"],
        SecretString='{"STRIPE_SECRET_KEY": "sk_live_nobodys", "STRIPE_WEBHOOK_SECRET": "whsec_nobodys"}',
    )
    folder = project.directory / "certificates"
    folder.mkdir()
    trial = Trial(project, stage, Authority(folder))
    (check, *_) = stage.task("migration")["ContainerDefinitions"]
    master = stage.environment(check)
    (parameters,) = (
        each["Properties"]["Parameters"]
        for each in stage.stacks["data"].body["Resources"].values()
        if each["Type"] == "AWS::RDS::DBParameterGroup"
    )
    project.file.services["mysql"] = surroundings.mysql(
        project.directory,
        url=master["DATABASE_URL"],
        parameters=parameters,
        master=(master["DATABASE_USER"], master["DATABASE_PASSWORD"]),
        authority=trial.authority,
    )
    project.compose("up", "--detach", "--wait")
    trial.say(f"{sum(len(each.created) for each in stage.stacks.values())} resources created ({STAGE})")
    return trial


def _migrate(trial: Trial) -> None:
    """Run the migration task: check, user, migrate, each after the success of the one before."""
    print("== migration task", flush=True)
    trial.add("migration-1", "migration")
    steps = [f"migration-1-{step}" for step in ("check", "user", "migrate")]
    trial.project.compose("up", "--detach", steps[-1])
    deadline = time.monotonic() + 120
    while (state := trial.project.state(steps[-1])).get("Status") != "exited":
        assert state.get("Status") != "dead", state
        assert time.monotonic() < deadline, "the migration did not end"
        time.sleep(1)
    states = [trial.project.state(step) for step in steps]
    assert [each["ExitCode"] for each in states] == [0, 0, 0], states
    ends = [(each["StartedAt"], each["FinishedAt"]) for each in states]
    assert all(before[1] <= after[0] for before, after in pairwise(ends)), ends
    trial.say("check --deploy, create_database_user, migrate: exit codes 0, 0, 0, one after the other")
    # The repeated deployment: everything is there already.
    trial.project.compose("up", "--detach", "--force-recreate", *steps)
    trial.project.compose("wait", steps[-1], check=False)
    assert trial.project.state(steps[-1])["ExitCode"] == 0
    trial.say("once more, with everything there already: 0")


def _serve(trial: Trial) -> None:
    """Start the web and the background task, and wait until ECS would call them healthy."""
    print("== web and background tasks", flush=True)
    for family in ("web", "background", "tools"):
        trial.add(f"{family}-1", family)
    trial.project.compose("up", "--detach", "tools-1")
    loaded = trial.tools("manage.py", "load_sample_catalogue")
    assert loaded.returncode == 0, loaded.stdout + loaded.stderr
    surroundings.point(trial.project.directory, f"web-1:{FRONT_PORT}")
    trial.project.file.services["balancer"] = surroundings.balancer(
        trial.project.directory, authority=trial.authority
    )
    trial.project.compose("up", "--detach", "--wait", *ALIVE)
    trial.project.compose("up", "--detach", "balancer")
    for service in ALIVE:
        state = trial.project.state(service)
        assert docker.healthy(state), state
        trial.say(
            f"{service}: healthy {docker.seconds_until_healthy(state):.0f} s after its start, "
            f"{trial.project.megabytes(service):.0f} MiB"
        )


if __name__ == "__main__":
    sys.exit(main())

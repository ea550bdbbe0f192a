"""What the README tells a newcomer to type works: `make run` in a fresh copy, then every command, in order."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.conftest import free_port
from tests.pages import ROOT, blocks

pytestmark = [pytest.mark.journey]

README = ROOT / "README.md"
# Run by the continuous integration itself, which runs this test, and by its Docker job.
ELSEWHERE = ("make test", "make test-fast", "make check", "docker compose")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy what git has or would take, as a clone would; what was installed is shared."""
    copy = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    (copy / ".venv").symlink_to(ROOT / ".venv")
    (copy / ".local").mkdir()
    (copy / ".local" / "ministack-venv").symlink_to(ROOT / ".local" / "ministack-venv")
    return copy


def clean_environment(**variables: str) -> dict[str, str]:
    """A newcomer's shell: nothing of this test run's servers."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, **variables}


@pytest.fixture(scope="module")
def port(checkout: Path) -> Iterator[int]:
    """`make run` in the copy, until it says that it is ready."""
    number = free_port()
    log = checkout / "run.log"
    with log.open("wb") as output:
        run = subprocess.Popen(
            ["make", "run"],
            cwd=checkout,
            env=clean_environment(PORT=str(number)),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 120
        while "Ctrl-C stops everything" not in log.read_text():
            assert run.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield number
    finally:
        os.killpg(run.pid, signal.SIGINT)
        run.wait(timeout=30)


def commands() -> list[str]:
    lines = [line for block in blocks(README, "sh") for line in block.splitlines() if line]
    return [line for line in lines if line != "make run" and not line.startswith(ELSEWHERE)]


def shape(value: object) -> object:
    """Names and types of an answer: what stays when numbers and ids change."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    if isinstance(value, list):
        return [shape(member) for member in value]
    return type(value).__name__


def test_every_command_of_the_readme_works_and_answers_as_printed(checkout: Path, port: int) -> None:
    printed = [json.loads(block) for block in blocks(README, "json")]
    answers = []
    for command in commands():
        done = subprocess.run(
            ["sh", "-c", command.replace("localhost:8000", f"localhost:{port}")],
            cwd=checkout,
            env=clean_environment(PORT=str(port)),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, (command, done.stdout[-3000:], done.stderr[-3000:])
        assert done.stdout.strip(), command
        if command.startswith("curl"):
            answers.append(json.loads(done.stdout))

    assert [shape(answer) for answer in answers] == [shape(answer) for answer in printed]
    assert answers[0] == printed[0]  # word for word, on a fresh shop
    assert {**answers[1], "requestId": ""} == {**printed[1], "requestId": ""}


def test_what_continuous_integration_runs_instead_is_run_there() -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text() + (ROOT / ".ci" / "run").read_text()
    for command in (
        "make test",
        "make check",
        "docker compose build",
        "docker compose up",
        "docker compose logs",
        "docker compose down",
    ):
        assert command in workflow

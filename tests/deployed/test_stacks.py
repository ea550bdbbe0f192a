"""The templates create what the shop needs: all of them on the AWS emulator, and the shop runs on what they created."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deploy.tables import TABLES
from shop.local import cognito, ministack, processes
from tests.deployed import stacks
from tests.deployed.stacks import Emulator, Stage
from tests.journeys.conftest import ROOT, running_shop
from tests.queues import count_messages, database_url

pytestmark = [pytest.mark.journey, pytest.mark.dynamodb, pytest.mark.cognito]

ELSEWHERE = ("DATABASE_URL", "DATABASE_USER", "DATABASE_PASSWORD", "DATABASE_SSL_CA")
"""The emulator's RDS is a description without a server: orders are in the tests' own MySQL."""


@pytest.fixture(scope="module")
def create(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Stage]]:
    """Create a stage's stacks on an emulator of its own, once."""
    children: list[processes.Child] = []
    known: dict[tuple[str, bool], Stage] = {}

    def stage(name: str, *, for_the_shop: bool = False) -> Stage:
        key = (name, for_the_shop)
        if key not in known:
            port, directory = processes.free_port(), tmp_path_factory.mktemp(name)
            children.append(ministack.begin(port=port, directory=directory, services=""))
            endpoint = ministack.wait(children[-1], port=port)
            known[key] = stacks.create(Emulator(endpoint), name, for_the_shop=for_the_shop)
        return known[key]

    yield stage
    processes.stop(*children)


@pytest.mark.parametrize("name", ["dev", "prod", "other"])
def test_every_resource_is_created_but_those_that_the_emulator_cannot(create, name, capsys):
    stage = create(name)

    assert {part: (each.status, each.events) for part, each in stage.stacks.items()} == {
        part: ("CREATE_COMPLETE", []) for part in stacks.PARTS
    }
    for stack in stage.stacks.values():
        assert stack.created.keys() | stack.left_out.keys() == stack.body["Resources"].keys()
        assert not stack.created.keys() & stack.left_out.keys()
        assert all(stack.created.values())
    with capsys.disabled():
        report(name, stage)


def report(name: str, stage: Stage) -> None:
    """Print what could not be created, and why."""
    created = sum(len(stack.created) for stack in stage.stacks.values())
    left_out = stage.left_out()
    print(f"\n{name}: {created} resources created by the emulator, {left_out.total()} left out:")
    for (kind, why), count in sorted(left_out.items()):
        print(f"  {count:>2} {kind}: {why}")
    print(f"  rewritten: {stacks.REWRITTEN}")
    for kind, why in stacks.NEEDS_TLS.items():
        print(f"  left out where the shop is to run: {kind.removeprefix('AWS::')}: {why}")


def test_no_rule_leaves_out_what_no_template_has(create):
    types = {
        resource["Type"]
        for name in stacks.DIRECTORIES
        for stack in create(name).stacks.values()
        for resource in stack.body["Resources"].values()
    }
    assert sorted(stacks.LEFT_OUT.keys() - types) == []


def test_the_tables_have_the_shops_keys_and_indexes(create):
    stage = create("dev")
    client = stage.emulator.client("dynamodb")
    for declared in TABLES:
        output = declared.setting.title().replace("_", "") + "Name"
        table = client.describe_table(TableName=stage.outputs[output])["Table"]
        assert [key["AttributeName"] for key in table["KeySchema"]] == [
            name for name in (declared.key, declared.sort) if name
        ]
        indexes = {
            each["IndexName"]: [key["AttributeName"] for key in each["KeySchema"]]
            for each in table.get("GlobalSecondaryIndexes", [])
        }
        assert indexes == {index.name: [index.key, index.sort] for index in declared.indexes}


@pytest.mark.parametrize("output", ["QueueUrl", "DeadLettersUrl"])
def test_a_queue_takes_nothing_without_tls(create, output):
    stage = create("prod")
    with pytest.raises(ClientError, match="AccessDenied"):
        stage.emulator.client("sqs").send_message(QueueUrl=stage.outputs[output], MessageBody="plain")


def test_what_fails_five_times_goes_to_the_dead_letters(create):
    stage = create("dev", for_the_shop=True)
    client = stage.emulator.client("sqs")
    url = stage.outputs["QueueUrl"]
    client.send_message(QueueUrl=url, MessageBody="unreadable")
    for _ in range(5):
        (message,) = client.receive_message(QueueUrl=url, WaitTimeSeconds=0)["Messages"]
        client.change_message_visibility(
            QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )
    assert "Messages" not in client.receive_message(QueueUrl=url, WaitTimeSeconds=0)
    (dead,) = client.receive_message(QueueUrl=stage.outputs["DeadLettersUrl"])["Messages"]
    assert dead["Body"] == "unreadable"
    client.delete_message(QueueUrl=stage.outputs["DeadLettersUrl"], ReceiptHandle=dead["ReceiptHandle"])


@pytest.mark.parametrize("name", ["dev", "prod", "other"])
def test_every_container_of_every_task_gets_every_variable(create, name):
    stage = create(name)
    for family in ("migration", "tools", "web", "background"):
        for container in stage.task(family)["ContainerDefinitions"]:
            assert [key for key, value in stage.environment(container).items() if not value] == []


def environment(stage: Stage, container: dict[str, Any], **own: str) -> dict[str, str]:
    """Return what a container gets, with the emulator's addresses, and without a TLS balancer before it."""
    given = stage.environment(container)
    endpoint, pool = stage.emulator.endpoint, stage.outputs["UserPoolId"]
    return {name: value for name, value in given.items() if name not in ELSEWHERE} | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "COGNITO_JWKS_URL": f"{endpoint}/{pool}/.well-known/jwks.json",
        "BEHIND_TLS_PROXY": "false",
        "DJANGO_ALLOWED_HOSTS": "127.0.0.1",
        "ORDER_PROCESSING": "async",
        **own,
    }


def tokens(stage: Stage) -> dict[str, str]:
    """Make a customer and an administrator in the stage's pool, and sign them in."""
    (container, *_) = stage.task("web")["ContainerDefinitions"]
    given = stage.environment(container)
    pool = cognito.Pool(
        endpoint=stage.emulator.endpoint,
        pool_id=given["COGNITO_USER_POOL_ID"],
        client_id=given["COGNITO_CLIENT_ID"],
        client_secret=given["COGNITO_CLIENT_SECRET"],
    )
    client = stage.emulator.client("cognito-idp")
    found = {}
    tokens = {"customer": "SMOKE_TOKEN", "admin": "SMOKE_ADMIN_TOKEN"}
    for account in cognito.new_accounts():
        if variable := tokens.get(account.role):
            cognito.create_account(client, pool=pool, account=account)
            found[variable] = cognito.access_token(client, pool=pool, account=account)
    return found


@contextmanager
def background(log: Path, variables: dict[str, str], command: list[str]) -> Iterator[None]:
    """Run the background task's own command, and end it as ECS does."""
    env = {**os.environ, "DATABASE_URL": database_url(), **variables}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command], env=env, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield
        assert process.poll() is None, log.read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=60)
    assert code == 0, log.read_text()


def until(is_so: Callable[[], bool], *, seconds: float) -> None:
    """Wait until something is so, or for that long; what follows looks again."""
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end:
        time.sleep(0.5)


@pytest.mark.usefixtures("transactional_db")
def test_the_shop_keeps_its_contract_on_what_the_templates_created(create, tmp_path):
    stage = create("dev", for_the_shop=True)
    web = environment(stage, stage.task("web")["ContainerDefinitions"][0])
    (container,) = stage.task("background")["ContainerDefinitions"]
    behind = environment(stage, container, HEARTBEAT_DIR=str(tmp_path / "heartbeats"))
    load = [sys.executable, "manage.py", "load_sample_catalogue"]
    subprocess.run(load, env={**os.environ, **web}, cwd=ROOT, check=True, capture_output=True)

    with (
        running_shop(tmp_path / "web.log", **web) as shop,
        background(tmp_path / "background.log", behind, container["Command"]),
    ):
        smoke = subprocess.run(
            [sys.executable, str(ROOT / "tests" / "smoke.py"), shop.url],
            env={**os.environ, **tokens(stage)},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        sqs = stage.emulator.client("sqs")
        until(lambda: count_messages(sqs, stage.outputs["QueueUrl"]) == 0, seconds=60)

    assert smoke.returncode == 0, smoke.stdout + smoke.stderr
    assert ", 0 failed" in smoke.stdout
    for log in ("web.log", "background.log"):
        lines = [json.loads(line) for line in (tmp_path / log).read_text().splitlines()]
        assert [line for line in lines if line.get("level") in {"error", "critical"}] == []
    dynamodb = stage.emulator.client("dynamodb")
    for setting in ("ProductsTable", "ReservationsTable", "MovementsTable"):
        assert dynamodb.scan(TableName=stage.outputs[f"{setting}Name"], Select="COUNT")["Count"] > 0, setting
    for queue in ("QueueUrl", "DeadLettersUrl"):
        assert count_messages(sqs, stage.outputs[queue]) == 0, queue

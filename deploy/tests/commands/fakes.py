"""AWS and other programs as the tests play them: everything that is asked goes, in order, into one list.

The clients are boto3's own, stopped just before the network: what the commands send is checked against AWS's own
descriptions of each call, and so is what the tests answer.
"""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.validate import ParamValidator

from deploy.commands.aws import Aws
from deploy.commands.console import Console
from deploy.commands.context import Context
from deploy.commands.programs import Ended, Programs
from deploy.config import DEV
from deploy.options import Stage
from deploy.tables import TABLES

ACCOUNT = "111122223333"
TAG = "0123456789ab"
SESSION = boto3.session.Session("key", "secret", region_name="us-east-1")
"""One for all tests: it keeps AWS's descriptions, which take long to read."""


class Refusal(Exception):
    """An answer of AWS's that is an error: its code and its sentence."""

    def __init__(self, code: str, message: str = "because") -> None:
        self.code, self.message = code, message


class FakeAws:
    """Plays AWS. ``answers``: by ``service.Operation``, a dict, a refusal, or a function of the parameters."""

    def __init__(self, seen: list[str]) -> None:
        self.seen = seen
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Any] = {
            "sts.GetCallerIdentity": {
                "Account": ACCOUNT,
                "Arn": f"arn:aws:iam::{ACCOUNT}:user/me",
                "UserId": "me",
            }
        }

    def client(self, service: str) -> Any:
        client = SESSION.client(service)
        client.meta.events.register(
            f"provide-client-params.{client.meta.service_model.service_id.hyphenize()}", self._note
        )
        client.meta.events.register("before-call.*.*", lambda **told: self._answer(service, **told))
        return client

    def _note(self, params: dict[str, Any], model: Any, **_told: Any) -> None:
        self.sent.append((model.name, params))

    def _answer(self, service: str, *, model: Any, **_told: Any) -> tuple[Any, dict[str, Any]]:
        name = f"{service}.{model.name}"
        self.seen.append(name)
        assert name in self.answers, f"nobody said what {name} answers"
        answer = self.answers[name]
        if callable(answer):
            answer = answer(self.sent[-1][1])
        if isinstance(answer, Refusal):
            told = {"Error": {"Code": answer.code, "Message": answer.message}}
            return Reply(400), {**told, "ResponseMetadata": {"HTTPStatusCode": 400}}
        if model.output_shape:
            wrong = validate(answer, model.output_shape)
            assert not wrong, f"{name} never answers so: {wrong}"
        return Reply(200), {**answer, "ResponseMetadata": {"HTTPStatusCode": 200}}

    def of(self, operation: str) -> list[dict[str, Any]]:
        """Return what was sent with each call of an operation."""
        return [params for name, params in self.sent if name == operation]

    def calls(self, *, but: str = "Describe Get List") -> list[str]:
        """Return the calls that change something."""
        reading = tuple(but.split())
        operations = [each for each in self.seen if re.fullmatch(r"[\w-]+\.[A-Z]\w+", each)]
        return [each for each in operations if not each.split(".")[1].startswith(reading)]


def validate(answer: dict[str, Any], shape: Any) -> str:
    """Return where an answer is not as AWS describes it."""
    return str(ParamValidator().validate(answer, shape).generate_report())


class Reply:
    """As much of an HTTP answer as botocore looks at."""

    def __init__(self, status: int) -> None:
        self.status_code = status
        self.headers: dict[str, str] = {}


class FakePrograms(Programs):
    """Plays other programs. ``answers``: by the beginning of the command line; all else ends well and prints nothing."""

    def __init__(self, seen: list[str]) -> None:
        self.seen = seen
        self.answers: dict[str, Ended | Callable[[], Ended]] = {}
        self.started: list[dict[str, Any]] = []

    def run(self, arguments: Any, **how: Any) -> Ended:
        words = [Path(each).name if str(each).startswith("/") else str(each) for each in arguments]
        line = " ".join(words)
        self.seen.append(line)
        self.started.append({"line": line, **how})
        best = max((each for each in self.answers if line.startswith(each)), key=len, default="")
        answer = self.answers.get(best, Ended(code=0))
        return answer if isinstance(answer, Ended) else answer()


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """An operator at a keyboard."""

    def isatty(self) -> bool:
        return True


class World:
    """A stage, its AWS, the programs, and the operator: what a command is given, and what became of it."""

    def __init__(self, stage: Stage = DEV) -> None:
        self.seen: list[str] = []
        self.aws, self.programs, self.out = FakeAws(self.seen), FakePrograms(self.seen), io.StringIO()
        self.real_programs: Programs | None = None
        self.stage, self.clock = stage, Clock()
        self.words: dict[str, str] = {}
        self.source: Any = io.StringIO()
        self.assume_yes = False
        self.stacks: dict[str, dict[str, Any]] = {}
        self.aws.answers["cloudformation.DescribeStacks"] = self._describe_stacks
        self.aws.answers["cloudformation.DeleteStack"] = self._delete_stack

    @property
    def context(self) -> Context:
        console = Console(out=self.out, source=self.source, assume_yes=self.assume_yes)
        return Context(
            stage=self.stage,
            aws=Aws(self.stage, client=self.aws.client),
            console=console,
            programs=self.real_programs or self.programs,
            words=self.words,
            sleep=self.clock.sleep,
            clock=self.clock,
        )

    @property
    def said(self) -> str:
        return self.out.getvalue()

    def has_stack(self, part: str, *, status: str = "UPDATE_COMPLETE", protected: bool = False) -> None:
        name = f"shop-{self.stage.name}-{part}"
        self.stacks[name] = {
            "StackName": name,
            "StackId": f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/{name}/1",
            "CreationTime": 0,
            "StackStatus": status,
            "EnableTerminationProtection": protected,
            "Outputs": [
                {"OutputKey": key, "OutputValue": value}
                for key, value in outputs(self.stage.name)[part].items()
            ],
        }

    def has_all_stacks(self) -> None:
        for part in ("network", "data", "identity", "cluster", "service", "observability"):
            self.has_stack(part)

    def _describe_stacks(self, params: dict[str, Any]) -> Any:
        wanted = params["StackName"]
        for name, stack in self.stacks.items():
            if wanted in (name, stack["StackId"]) and (
                stack["StackStatus"] != "DELETE_COMPLETE" or ":" in wanted
            ):
                return {"Stacks": [stack]}
        return Refusal("ValidationError", f"Stack with id {wanted} does not exist")

    def _delete_stack(self, params: dict[str, Any]) -> dict[str, Any]:
        for stack in self.stacks.values():
            if stack["StackId"] == params["StackName"]:
                stack["StackStatus"] = "DELETE_COMPLETE"
        return {}


def outputs(stage: str) -> dict[str, dict[str, str]]:
    """Return the outputs of every stack; deploy/tests/commands/test_outputs.py compares the names with the templates."""
    network = {
        "awsvpcConfiguration": {"subnets": ["s-1"], "securityGroups": ["g-1"], "assignPublicIp": "ENABLED"}
    }
    tables = {f"{each.setting.title().replace('_', '')}Name": f"shop-{stage}-{each.name}" for each in TABLES}
    return {
        "network": {
            "Url": "https://api.example.com",
            "RunTaskNetwork": json.dumps(network),
            "LogsBucket": f"shop-{stage}-logs",
        },
        "data": {**tables, "QueueUrl": "https://queue", "DatabaseHost": "db.internal"},
        "identity": {
            "UserPoolId": "us-east-1_pool",
            "UserPoolClientId": "client-id",
            "ClientSecretName": f"shop-{stage}/cognito-client",
            "DjangoKeySecret": f"shop-{stage}/django",
        },
        "cluster": {
            "ClusterName": f"shop-{stage}",
            "LogGroup": f"/shop/{stage}/app",
            "MigrationTask": f"arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/shop-{stage}-migration:7",
        },
        "service": {"WebService": f"shop-{stage}-web", "LoadBalancerDnsName": "balancer.internal"},
        "observability": {"AlarmTopic": "arn:topic", "DashboardUrl": "https://console"},
    }


def services(*, settled: bool = True, failed: bool = False) -> dict[str, Any]:
    """Return how ECS tells of the two services."""
    state = "COMPLETED" if settled else "FAILED" if failed else "IN_PROGRESS"
    return {
        "services": [
            {
                "serviceName": f"shop-dev-{name}",
                "status": "ACTIVE",
                "runningCount": 1 if settled else 0,
                "desiredCount": 1,
                "taskDefinition": f"arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/shop-dev-{name}:7",
                "deployments": [{"status": "PRIMARY", "rolloutState": state}],
                "events": [{"message": f"{name}: unable to pull secrets"}],
            }
            for name in ("web", "background")
        ],
        "failures": [],
    }

"""A stage that is made to run in Docker: the tasks of its definitions, beside stand-ins for AWS, RDS and the balancer."""

from dataclasses import dataclass
from subprocess import CompletedProcess
from typing import Any

from tests.deployed.certificates import Authority
from tests.deployed.docker import Project
from tests.deployed.stacks import Stage
from tests.deployed.tasks import Additions

FRONT_PORT = 8080
ALIVE = ("web-1-web", "web-1-front", "background-1-background")
"""The containers that must go on running."""


@dataclass
class Trial:
    """A stage that is being made to run."""

    project: Project
    stage: Stage
    authority: Authority

    def say(self, what: str) -> None:
        """Print what is true now."""
        print(f"  {what}", flush=True)

    def add(self, name: str, family: str, *, after: dict[str, str] | None = None) -> None:
        """Add a running task of a family."""
        task = self.stage.task(family)
        containers = {each["Name"]: each for each in task["ContainerDefinitions"]}
        self.project.file.add_task(
            name,
            task,
            environments={each: self.stage.environment(containers[each]) for each in containers},
            additions={each: self._additions(containers[each]) for each in containers},
            after=after or {},
        )

    def _additions(self, container: dict[str, Any]) -> Additions:
        """Lead the shop's containers to the emulator; the settings are checked (``check``) without any of this."""
        given = self.stage.environment(container)
        if container["Name"] in ("front", "check"):
            return Additions()
        endpoint = "http://ministack:4566"
        return Additions(
            variables={
                "AWS_ENDPOINT_URL": endpoint,
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "COGNITO_JWKS_URL": f"{endpoint}/{given['COGNITO_USER_POOL_ID']}/.well-known/jwks.json",
                # The engine may hand its own proxies to containers.
                "NO_PROXY": "*",
                "no_proxy": "*",
            },
            files={given["DATABASE_SSL_CA"]: str(self.authority.directory / "ca.pem")},
        )

    def tools(self, *command: str, environment: str = "", ca: str = "") -> "CompletedProcess[str]":
        """Run a command in the tools task, as ``ecs run-task`` with an override does.

        Args:
            command: instead of the task's own.
            environment: ``NAME=value`` instead of the task's own.
            ca: a file instead of the run's authority.
        """
        service = self.project.file.services["tools-1-tools"]
        mounts = service["volumes"]
        if ca:
            service["volumes"] = [
                each.replace(str(self.authority.directory / "ca.pem"), ca) for each in mounts
            ]
        words = ["--env", environment] if environment else []
        done = self.project.compose(
            "run", "--rm", "--no-deps", *words, "tools-1-tools", *command, check=False
        )
        service["volumes"] = mounts
        return done

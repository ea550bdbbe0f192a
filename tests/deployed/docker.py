"""One compose project: written, run and taken away again."""

import json
import subprocess
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.deployed.tasks import ComposeFile


@dataclass
class Project:
    """A compose project in a directory of its own."""

    directory: Path
    name: str
    subnet: str
    file: ComposeFile = field(default_factory=ComposeFile)

    def compose(self, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run ``docker compose …`` on the services as they are now.

        Raises:
            AssertionError: it failed, and ``check`` was not turned off.
        """
        path = self.directory / "compose.json"
        network = {"default": {"ipam": {"config": [{"subnet": self.subnet}]}}}
        path.write_text(
            json.dumps({"services": self.file.services, "volumes": self.file.volumes, "networks": network})
        )
        command = ["docker", "compose", "--project-name", self.name, "--file", str(path), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, self._story(command, done)
        return done

    def _story(self, command: list[str], done: "subprocess.CompletedProcess[str]") -> str:
        lines = [" ".join(command), done.stdout, done.stderr]
        for service in self.file.services:
            if (state := self.state(service)) and (state["ExitCode"] or not healthy(state)):
                log = self.compose("logs", "--no-log-prefix", "--tail", "30", service, check=False)
                lines += [f"-- {service}: {state['Status']} {state['ExitCode']}", log.stdout, log.stderr]
        return "\n".join(lines)

    def inspect(self, service: str) -> dict[str, Any]:
        """Return what Docker knows of a service's container; {} if there is none."""
        found = self.compose("ps", "--all", "--quiet", service, check=False).stdout.split()
        if not found:
            return {}
        done = subprocess.run(["docker", "inspect", found[0]], capture_output=True, text=True, check=True)
        container: dict[str, Any] = json.loads(done.stdout)[0]
        return container

    def state(self, service: str) -> dict[str, Any]:
        """Return a service's container's state; {} if there is none."""
        state: dict[str, Any] = self.inspect(service).get("State", {})
        return state

    def port(self, service: str, inside: int) -> int:
        """Return the port of 127.0.0.1 at which a service is published."""
        return int(self.compose("port", service, str(inside)).stdout.strip().rpartition(":")[2])

    def megabytes(self, service: str) -> float:
        """Return the memory that a service's container takes, without the page cache."""
        words = ["docker", "stats", "--no-stream", "--format", "{{.MemUsage}}", self.inspect(service)["Id"]]
        used = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split("/")[0].strip()
        units = {"MiB": 1.0, "GiB": 1024.0, "KiB": 1 / 1024}
        return float(used[:-3]) * units[used[-3:]]


def healthy(state: dict[str, Any]) -> bool:
    """Tell whether a container is healthy, or has no check."""
    return bool(state.get("Health", {}).get("Status", "healthy") == "healthy")


def seconds_until_healthy(state: dict[str, Any]) -> float:
    """Return how long after its start the first check of a container succeeded (the log has the last five)."""
    first = next(entry for entry in state["Health"]["Log"] if entry["ExitCode"] == 0)
    return (_moment(first["End"]) - _moment(state["StartedAt"])).total_seconds()


def _moment(text: str) -> datetime:
    """Read a time with nanoseconds, which Python does not know."""
    date, _, rest = text.partition(".")
    digits = "".join(each for each in rest if each.isdigit())[:6]
    return datetime.fromisoformat(f"{date}.{digits}")

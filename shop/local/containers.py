"""Run one server of a test run in Docker, on a free port of 127.0.0.1."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shop.local import system

PULL_SECONDS = 600


@dataclass(frozen=True)
class Container:
    """A running container; :meth:`stop` removes it and its anonymous volumes."""

    identifier: str
    port: int

    def stop(self) -> None:
        """Remove it, whatever its state."""
        subprocess.run(
            ["docker", "rm", "--force", "--volumes", self.identifier],
            capture_output=True,
            timeout=60,
            check=False,
        )

    def runs(self) -> bool:
        """Tell whether it has not ended by itself."""
        state = system.output_of(["docker", "inspect", "--format", "{{.State.Running}}", self.identifier])
        return (state or "").strip() == "true"


def run(image: str, *, port: int, env: Mapping[str, str], arguments: Sequence[str]) -> Container:
    """Start a container, pulling its image if it is not there.

    Args:
        image: a public image.
        port: the port inside that is published on a free port of 127.0.0.1.
        env: variables inside.
        arguments: what follows the image's name.

    Raises:
        NotHere: no engine answers, or the image cannot be had.
    """
    if not system.docker_answers():
        raise system.NotHere("no Docker engine answers")
    print(f"  starting {image} (Docker)", flush=True)
    variables = [word for name, value in env.items() for word in ("--env", f"{name}={value}")]
    published = f"127.0.0.1::{port}"
    command = [
        "docker",
        "run",
        "--rm",
        "--detach",
        "--label",
        "shop.test",
        "--publish",
        published,
        *variables,
    ]
    try:
        started = subprocess.run(
            [*command, image, *arguments], capture_output=True, text=True, timeout=PULL_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise system.NotHere(f"Docker could not run {image}") from error
    identifier = started.stdout.strip()
    address = (system.output_of(["docker", "port", identifier, f"{port}/tcp"]) or "").split("\n")[0]
    return Container(identifier=identifier, port=int(address.rpartition(":")[2] or 0))

"""What every command is given: the stage, AWS, the operator, other programs, and a clock."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from deploy.commands.aws import Aws
from deploy.commands.console import Console
from deploy.commands.programs import Programs
from deploy.options import Stage

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Context:
    """A command's surroundings.

    Attributes:
        words: what was given beside the stage, such as ``EMAIL``; never a secret.
        sleep, clock: to wait, and to know for how long.
    """

    stage: Stage
    aws: Aws
    console: Console
    programs: Programs
    words: dict[str, str] = field(default_factory=dict)
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def wait_until(self, ready: Callable[[], bool], *, every: float, within: float) -> bool:
        """Ask every so many seconds; tell whether it became true in time."""
        end = self.clock() + within
        while not ready():
            if self.clock() >= end:
                return False
            self.sleep(every)
        return True

    def again(self, command: str) -> str:
        """Return the line that an operator types for one of the commands."""
        return f"make {command} STAGE={self.stage.name}"

"""Other programs that the commands start.

Values that are secret go to them by standard input or environment, never by argument: everybody on the machine can read
those.
"""

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a program ended. ``output`` is what it printed, both streams, where that was asked for."""

    code: int
    output: str = ""


class Programs:
    """Starts programs and waits for them."""

    def run(
        self,
        arguments: Sequence[str | Path],
        *,
        directory: Path,
        environment: Mapping[str, str] | None = None,
        standard_input: str | None = None,
        quiet: bool = False,
    ) -> Ended:
        """Run a program to its end.

        Args:
            arguments: the program and its arguments.
            directory: where it runs.
            environment: the whole of it; None: this process's own.
            standard_input: what it reads, such as a password; None: what this process would read.
            quiet: keep what it prints instead of showing it.
        """
        try:
            done = subprocess.run(
                [str(each) for each in arguments],
                cwd=directory,
                env=environment,
                input=standard_input,
                stdout=subprocess.PIPE if quiet else None,
                stderr=subprocess.STDOUT if quiet else None,
                text=True,
                check=False,
            )
        except OSError as error:
            return Ended(code=127, output=f"{arguments[0]}: {error.strerror}")
        return Ended(code=done.returncode, output=done.stdout or "")


def in_words(arguments: Sequence[str | Path]) -> str:
    """Return a command line as one would type it."""
    return shlex.join(str(each) for each in arguments)

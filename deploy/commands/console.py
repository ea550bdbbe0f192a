"""All that the commands say and ask. The only module that reads from the operator; it never shows a secret."""

import getpass
import sys
from typing import TextIO

from deploy.commands.outcome import Refused


class Console:
    """Standard output and input.

    Attributes:
        assume_yes: answer questions that only want a yes (``YES=1``). What deletes data is asked all the same.
    """

    def __init__(
        self, *, out: TextIO | None = None, source: TextIO | None = None, assume_yes: bool = False
    ) -> None:
        self._out = out or sys.stdout
        self._source = source or sys.stdin
        self.assume_yes = assume_yes

    def say(self, text: str = "") -> None:
        """Print lines."""
        print(text, file=self._out, flush=True)

    def doing(self, what: str, *, call: str = "") -> None:
        """Say what is done now, and by which call."""
        self.say(f"==> {what}" + (f"  [{call}]" if call else ""))

    def table(self, rows: list[tuple[str, str]]) -> None:
        """Print names and values, one under the other."""
        width = max((len(name) for name, _value in rows), default=0)
        for name, value in rows:
            self.say(f"{name:<{width}}  {value}".rstrip())

    def confirm(self, question: str) -> None:
        """Go on after a yes.

        Raises:
            Refused: the answer was another one, or there is nobody to ask.
        """
        if self.assume_yes:
            self.say(f"{question} yes (YES=1)")
            return
        if not self._source.isatty():
            raise Refused("there is nobody to ask. Cure: YES=1 beside the other words says yes beforehand")
        if self._ask(f"{question} [y/N] ").lower() not in {"y", "yes"}:
            raise Refused("not done: the answer was not yes")

    def confirm_by_typing(self, expected: str, *, why: str) -> None:
        """Go on after exactly this word, typed or piped in; ``YES=1`` is no answer.

        Raises:
            Refused: it was another.
        """
        self.say(why)
        if self._ask(f"Type {expected} to go on: ") != expected:
            raise Refused(f"not done: the answer was not {expected}")

    def secret(self, name: str) -> str:
        """Return a secret, typed unseen at a terminal, or the whole of standard input.

        Raises:
            Refused: it is empty, or more than one line.
        """
        typed = self._source.isatty()
        value = getpass.getpass(f"{name} (not shown): ") if typed else self._source.read()
        value = value.removesuffix("\n").removesuffix("\r")
        if not value.strip() or "\n" in value or value != value.strip():
            raise Refused(f"{name} must be one line, without spaces around it; nothing was changed")
        return value

    def _ask(self, question: str) -> str:
        print(question, end="", file=self._out, flush=True)
        answer = self._source.readline()
        if not self._source.isatty():
            self.say()
        return answer.strip()

"""Named places where a test makes this very process die, stop, fail or dawdle. Nothing happens unless ``SHOP_FAILPOINTS`` is set.

``SHOP_FAILPOINTS="after_reserve=kill*1;before_charge=sleep:3@0.5;after_charge=raise:builtins.OSError"``: per name an
action (``kill``, ``stop``, ``raise[:dotted.path]``, ``sleep:SECONDS``), then, if wanted, ``*COUNT`` (how often, over
all processes that share the log) and ``@PROBABILITY``. A value that begins with ``@`` names a file which holds such a
text and is read again whenever it changes. What fired is written to the file that ``SHOP_FAILPOINT_LOG`` names, so
that a test can tell a fault survived from a fault that never happened. ``check --deploy`` fails if this is set.
"""

import fcntl
import os
import random
import re
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

_SPEC = os.environ.get("SHOP_FAILPOINTS", "")
_LOG = os.environ.get("SHOP_FAILPOINT_LOG", "")
_SEED = os.environ.get("SHOP_FAILPOINT_SEED", "")

_RULE = re.compile(
    r"(?P<name>\w+)=(?P<action>kill|stop|raise|sleep)(:(?P<argument>[\w.]+))?"
    r"(\*(?P<count>\d+))?(@(?P<probability>[\d.]+))?"
)


class FailpointReached(Exception):
    """What ``raise`` raises when it is told nothing else."""


@dataclass(frozen=True)
class Rule:
    """What happens at one failpoint.

    Attributes:
        action: kill, stop, raise or sleep.
        argument: seconds of a sleep, dotted path of an exception; empty otherwise.
        count: how often at most, over all processes that share the log; None: always.
        probability: of each time, 0 to 1.
    """

    action: str
    argument: str
    count: int | None
    probability: float


def parse(spec: str) -> dict[str, Rule]:
    """Read a specification: failpoint -> rule.

    Raises:
        ValueError: names the part that cannot be read. A fault that is misspelt must not pass for one survived.
    """
    rules: dict[str, Rule] = {}
    for part in filter(None, (piece.strip() for piece in spec.split(";"))):
        match = _RULE.fullmatch(part)
        if match is None or (match["action"] == "sleep" and not match["argument"]):
            raise ValueError(f"SHOP_FAILPOINTS: cannot read {part!r}")
        rules[match["name"]] = Rule(
            action=match["action"],
            argument=match["argument"] or "",
            count=int(match["count"]) if match["count"] else None,
            probability=float(match["probability"] or 1),
        )
    return rules


def failpoint(name: str) -> None:
    """Mark a step boundary. Costs one comparison while ``SHOP_FAILPOINTS`` is unset."""
    if _SPEC:
        _armed.reach(name)


class _Armed:
    """The rules in force, and the chances they are taken with."""

    def __init__(self, spec: str, *, log: str, seed: str) -> None:
        self._file = Path(spec[1:]) if spec.startswith("@") else None
        self._log = Path(log) if log else None
        self._seed = seed
        self._chances: dict[int, random.Random] = {}
        self._read_at = 0
        self._rules: Mapping[str, Rule] = {} if self._file else parse(spec)

    def reach(self, name: str) -> None:
        rule = self._current().get(name)
        if rule and self._chance() < rule.probability and self._may_fire(name, rule):
            _act(name, rule)

    def _current(self) -> Mapping[str, Rule]:
        if self._file is not None:
            try:
                changed = self._file.stat().st_mtime_ns
            except FileNotFoundError:
                return {}
            if changed != self._read_at:
                self._rules, self._read_at = parse(self._file.read_text(encoding="utf-8")), changed
        return self._rules

    def _chance(self) -> float:
        """Draw from a sequence of this process's own: forked workers must not all draw the same."""
        pid = os.getpid()
        if pid not in self._chances:
            self._chances[pid] = random.Random(f"{self._seed}-{pid}" if self._seed else None)  # noqa: S311 (faults, not secrets)
        return self._chances[pid].random()

    def _may_fire(self, name: str, rule: Rule) -> bool:
        """Write the hit down, unless the rule is used up. The log's lock makes the count one over all processes."""
        if self._log is None:
            return True
        with self._log.open("a+", encoding="utf-8") as log:
            fcntl.flock(log, fcntl.LOCK_EX)
            fact = f"{name} {rule.action} "
            if rule.count is not None:
                log.seek(0)
                if sum(line.startswith(fact) for line in log) >= rule.count:
                    return False
            log.write(f"{fact}{os.getpid()}\n")
        return True


def _act(name: str, rule: Rule) -> None:
    if rule.action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif rule.action == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif rule.action == "sleep":
        time.sleep(float(rule.argument))
    else:
        raise _exception(rule.argument)(f"failpoint {name}")


def _exception(path: str) -> type[Exception]:
    if not path:
        return FailpointReached
    module, _, kind = path.rpartition(".")
    found: type[Exception] = getattr(import_module(module), kind)
    return found


_armed = _Armed(_SPEC, log=_LOG, seed=_SEED)

"""The programs that are measured, and what the kernel says of their CPU and memory."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from shop.local import processes
from tests.bench.cgroup import CpuGroup

TICKS = os.sysconf("SC_CLK_TCK")
REFERENCE = ["--worker-class", "gthread", "--threads", "8", "--keep-alive", "75", "--no-control-socket"]


def _stat(pid: str) -> list[str]:
    text = Path("/proc", pid, "stat").read_text(encoding="utf-8")
    return text.rpartition(")")[2].split()


def _with(*, field: int, value: int) -> list[int]:
    """Return the processes that have this value in this field of their ``stat`` (from the state on)."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            if entry.name.isdigit() and int(_stat(entry.name)[field]) == value:
                found.append(int(entry.name))
    return sorted(found)


def members(group: int) -> list[int]:
    """Return the processes of a process group."""
    return _with(field=2, value=group)


def children() -> list[int]:
    """Return the processes that this one has started."""
    return _with(field=1, value=os.getpid())


def command_of(pid: int) -> str:
    """Return a process's command line."""
    return Path("/proc", str(pid), "cmdline").read_text(encoding="utf-8").replace("\0", " ")


def cpu_seconds(pids: Sequence[int]) -> float:
    """Return the CPU time that processes have used so far, of user and kernel."""
    fields = [_stat(str(pid)) for pid in pids]
    return sum(int(stat[11]) + int(stat[12]) for stat in fields) / TICKS


def memory_mb(pid: int) -> float:
    """Return the memory of one process: its own, and its share of what it shares (PSS)."""
    text = Path("/proc", str(pid), "smaps_rollup").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) / 1024


class Service:
    """A service under gunicorn.

    Attributes:
        port: where it listens.
        began: on the monotonic clock, when its start began.
        log: where its output goes.
    """

    def __init__(
        self,
        name: str,
        application: str,
        *,
        settings: Mapping[str, str],
        directory: Path,
        root: Path = Path(),
        group: CpuGroup | None = None,
    ) -> None:
        self.name = name
        self.log = directory / f"{name}.log"
        self.port = processes.free_port()
        command = [sys.executable, "-m", "gunicorn"]
        if application == "shop.wsgi":
            command += ["--config", "shop/gunicorn.conf.py", application]
        else:
            bind = ["--bind", f"127.0.0.1:{self.port}", "--workers", settings["WEB_CONCURRENCY"]]
            command += [*REFERENCE, *bind, application]
        if group:
            command = ["sh", "-c", f'echo 0 > "{group.procs}" && exec "$@"', "sh", *command]
        here = {"PORT": str(self.port), "BIND": "127.0.0.1", "PYTHONPATH": str(root.resolve())}
        self.began = time.monotonic()
        self.child = processes.start(
            name,
            ["env", "--chdir", str(root.resolve()), *command],
            env={**settings, **here},
            log=self.log,
        )

    def wait(self) -> None:
        """Wait until it takes connections and its workers run."""
        processes.wait_until(self.child, lambda: processes.listens(self.port), seconds=60)

    @property
    def pids(self) -> list[int]:
        """All its processes."""
        return members(self.child.process.pid)

    @property
    def workers(self) -> list[int]:
        """Those that answer."""
        return [pid for pid in self.pids if pid != self.child.process.pid]


class Helper:
    """A program that takes orders line by line, as JSON."""

    def __init__(self, module: str, *, env: Mapping[str, str]) -> None:
        self._module = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=processes.DIE_WITH_PARENT,
        )

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def ask(self, order: Any) -> Any:
        """Send one order and wait for its result.

        Raises:
            RuntimeError: it has ended.
        """
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(order), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._module} ended with code {self._process.wait()}")
        return json.loads(line)

    def close(self) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait()

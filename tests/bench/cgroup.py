"""A limit of the CPU for some processes, by a control group of Linux, as a container's is made: version 1 or 2."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PERIOD = 100_000
"""Microseconds; the usual period of containers."""


class NoGroup(Exception):
    """No group can be made here; the message says why."""


class CpuGroup:
    """A group of processes that may use so many processors.

    Attributes:
        procs: the file that takes a process's id, or 0 from the process itself.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.procs = directory / "cgroup.procs"

    def limit(self, processors: float) -> None:
        """Let the group use so many processors."""
        quota = round(processors * PERIOD)
        if (self._directory / "cpu.max").exists():
            (self._directory / "cpu.max").write_text(f"{quota} {PERIOD}")
        else:
            (self._directory / "cpu.cfs_period_us").write_text(str(PERIOD))
            (self._directory / "cpu.cfs_quota_us").write_text(str(quota))


def _parents(mounts: str) -> Iterator[Path]:
    """Return where a group may be made, given ``/proc/mounts``."""
    for line in mounts.splitlines():
        _, place, kind, options, *_ = line.split()
        if kind == "cgroup2" or (kind == "cgroup" and "cpu" in options.split(",")):
            yield Path(place)


def _make(parent: Path, name: str) -> Path | None:
    """Return a new group that can limit the CPU, or None."""
    directory = parent / name
    try:
        with suppress(OSError):  # version 1 has no such file; in 2 it may be allowed already
            (parent / "cgroup.subtree_control").write_text("+cpu")
        directory.mkdir()
    except OSError:
        return None
    if (directory / "cpu.max").exists() or (directory / "cpu.cfs_quota_us").exists():
        return directory
    directory.rmdir()
    return None


@contextmanager
def cpu_group(*, mounts: Path = Path("/proc/mounts")) -> Iterator[CpuGroup]:
    """Make a group, and take it away when the processes in it have ended.

    Raises:
        NoGroup: the kernel has none, or this user may not make any.
    """
    parents = list(_parents(mounts.read_text(encoding="utf-8"))) if mounts.exists() else []
    made = (_make(parent, f"shop-bench-{os.getpid()}") for parent in parents)
    directory = next((each for each in made if each), None)
    if directory is None:
        raise NoGroup("needs a writable cgroup")
    try:
        yield CpuGroup(directory)
    finally:
        for _ in range(50):  # what has just been killed is still being taken down
            with suppress(OSError):
                directory.rmdir()
                break
            time.sleep(0.1)

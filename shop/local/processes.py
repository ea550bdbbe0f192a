"""Start servers as child processes and leave none behind.

The only module of ``shop.local`` that may start something that outlives a call. Every child has its own process
group, so that Ctrl-C reaches this program alone, which then stops them in order.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)  # loaded here: between fork and exec there is no loading
STOP_SECONDS = 30.0
"""A little over gunicorn's graceful time-out."""


class StartError(Exception):
    """A part of the stack did not start; the message is one line for a person."""


@dataclass(frozen=True)
class Child:
    """A running server.

    Attributes:
        name: what people call it.
        process: its handle; its id is also the id of its process group.
        log: where its output goes; None if it writes to this terminal.
    """

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path | None


def _die_with_parent() -> None:
    """Ask Linux to stop this child when its parent is gone, be it by kill -9 (runs in the new child)."""
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


DIE_WITH_PARENT = _die_with_parent if sys.platform == "linux" else None
"""For ``preexec_fn``; it calls nothing but prctl between fork and exec."""


def start(name: str, argv: Sequence[str | Path], *, env: Mapping[str, str], log: Path | None) -> Child:
    """Start a server in a process group of its own.

    Call it from the main thread: Linux ties a child's life to the *thread* that started it.

    Args:
        name: what people call it.
        argv: program and arguments.
        env: its whole environment.
        log: file for its output; None shows it on this terminal.

    Raises:
        StartError: the program is not there or cannot be run.
    """
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(log.open("ab")) if log else None
        try:
            process = subprocess.Popen(
                [str(word) for word in argv],
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                start_new_session=True,
                preexec_fn=DIE_WITH_PARENT,
            )
        except OSError as error:
            raise StartError(f"{name} did not start: {error}.") from error
    return Child(name=name, process=process, log=log)


def wait_until(child: Child, answers: Callable[[], bool], *, seconds: float) -> None:
    """Wait until a server answers.

    Raises:
        StartError: it ended by itself or did not answer in time; names its log.
    """
    where = f" Its log: {child.log}" if child.log else ""
    deadline = time.monotonic() + seconds
    while not answers():
        if child.process.poll() is not None:
            raise StartError(f"{child.name} ended at once with code {child.process.returncode}.{where}")
        if time.monotonic() > deadline:
            raise StartError(f"{child.name} did not answer within {seconds:.0f} seconds.{where}")
        time.sleep(0.05)


def stop(*children: Child) -> None:
    """Stop servers, the last started first: SIGTERM, then SIGKILL for what is left of the process group."""
    for child in reversed(children):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(timeout=STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS refuses a group of zombies
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()


@contextlib.contextmanager
def until_signalled() -> Iterator[None]:
    """Turn signals to end into KeyboardInterrupt inside the block, so that ``finally`` blocks run.

    SIGINT is taken also where a shell's ``&`` had it ignored; SIGHUP stays ignored under ``nohup``.
    """

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore further signals inside the block: a second Ctrl-C must not leave half the servers running."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def scratch(name: str) -> Iterator[tuple[Path, contextlib.ExitStack]]:
    """Give a program a directory, and a stack to stop its servers by; both are done with at the end, whatever ends it.

    Args:
        name: of the program, for whoever looks into the temporary directory meanwhile.
    """
    directory = Path(tempfile.mkdtemp(prefix=f"shop-{name}-"))
    stack = contextlib.ExitStack()
    stack.callback(shutil.rmtree, directory, ignore_errors=True)
    try:
        yield directory, stack
    finally:
        with undisturbed():
            stack.close()


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(host: str, port: int) -> bool:
    """Tell whether a server could listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def listens(port: int) -> bool:
    """Tell whether something takes connections at this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0

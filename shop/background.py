"""Loops that run for as long as a process: each in its own thread, begun again after a crash, and seen to be alive.

Each loop touches a heartbeat file while it goes on (``HEARTBEAT_DIR``); ``python -m shop.probe --heartbeat`` finds the
one that hangs. This module knows no room.
"""

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from shop import metrics

log = structlog.get_logger("shop.background")

FINISH_SECONDS = 28.0
"""After being told to stop. Longer than the worker takes for what it has in hand; shorter than ECS's 30 s before SIGKILL."""
BEAT_SECONDS = 5.0
MAX_BACKOFF_SECONDS = 30.0


class Pulse:
    """What a loop is given: whether to go on, and how to show that it does."""

    def __init__(self, name: str, *, silent_seconds: float) -> None:
        self._stop = threading.Event()
        self._at_stop: Callable[[], None] = lambda: None
        self._file = Path(settings.HEARTBEAT_DIR, name) if settings.HEARTBEAT_DIR else None
        self._silent_seconds = silent_seconds

    @property
    def stopping(self) -> bool:
        """Whether the loop is to end."""
        return self._stop.is_set()

    def at_stop(self, act: Callable[[], None]) -> None:
        """Have something done once the loop is to end; at once if that is now."""
        self._at_stop = act
        if self.stopping:
            act()

    def stop(self) -> None:
        """Tell the loop to end."""
        self._stop.set()
        self._at_stop()

    def beat(self) -> None:
        """Show that the loop goes on."""
        if self._file is None:
            return
        with contextlib.suppress(OSError):  # one that cannot be written is a missing one, and the probe tells
            try:
                os.utime(self._file)
            except FileNotFoundError:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                new = self._file.with_name(f".{self._file.name}")
                new.write_text(f"{self._silent_seconds:g}", encoding="ascii")
                new.replace(self._file)

    def pause(self, seconds: float) -> None:
        """Wait, beating all the while; not longer than until the loop is to end."""
        until = time.monotonic() + seconds
        self.beat()
        while (left := until - time.monotonic()) > 0 and not self._stop.wait(min(left, BEAT_SECONDS)):
            self.beat()


@dataclass(frozen=True, kw_only=True)
class Loop:
    """One loop of a process.

    Attributes:
        name: of its thread and its heartbeat file; letters, digits and ``-``.
        run: goes on until its pulse says that it is stopping.
        silent_seconds: the longest that it may go without a beat; longer, and it hangs.
    """

    name: str
    run: Callable[[Pulse], None]
    silent_seconds: float = 60.0


def repeat(work: Callable[[Pulse], object], *, pause_seconds: float) -> Callable[[Pulse], None]:
    """Return a loop's ``run`` that does some work over and over, with a pause (jittered) after each time.

    A database that does not answer is met with a warning and another try, not with a crash.
    """

    def run(pulse: Pulse) -> None:
        try:
            while not pulse.stopping:
                close_old_connections()
                try:
                    work(pulse)
                except (OperationalError, InterfaceError) as error:
                    log.warning("the database did not answer", cause=repr(error))
                    connection.close()
                pulse.pause(random.uniform(0.5, 1.0) * pause_seconds)  # noqa: S311 (jitter)
        finally:
            connection.close()

    return run


def run_until_stopped(loops: Sequence[Loop], *, finish_seconds: float = FINISH_SECONDS) -> None:
    """Run loops until SIGTERM or Ctrl-C; then let each finish what it is at, all within so many seconds.

    Call it from the main thread: signals reach no other.
    """
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    _forget_old_heartbeats()
    running = []
    for loop in loops:
        pulse = Pulse(loop.name, silent_seconds=loop.silent_seconds)
        pulse.beat()
        # Daemons: one that hangs must not keep the process from ending.
        thread = threading.Thread(target=_supervise, args=(loop, pulse), name=loop.name, daemon=True)
        thread.start()
        running.append((thread, pulse))
    told.wait()
    until = time.monotonic() + finish_seconds
    for _, pulse in running:
        pulse.stop()
    for thread, _ in running:
        thread.join(max(until - time.monotonic(), 0))
    if unfinished := [thread.name for thread, _ in running if thread.is_alive()]:
        log.warning("loops did not end in time", loops=unfinished)


def _supervise(loop: Loop, pulse: Pulse) -> None:
    """Run a loop; whatever ends it but being told to stop, begin it again: later each time it fails at once."""
    failures = 0
    while not pulse.stopping:
        began = time.monotonic()
        try:
            loop.run(pulse)
            if pulse.stopping:
                return
            log.error("a loop ended by itself; beginning it again", loop=loop.name)
        except Exception:
            log.exception("a loop crashed; beginning it again", loop=loop.name)
        metrics.emit(metrics.LOOP_CRASHES, 1)
        failures = 1 if time.monotonic() - began > 2 * MAX_BACKOFF_SECONDS else failures + 1
        pulse.pause(random.uniform(0.5, 1.0) * min(2.0 ** min(failures, 10), MAX_BACKOFF_SECONDS))  # noqa: S311 (jitter)


def _forget_old_heartbeats() -> None:
    """Take away what an earlier process in this container left: its loops beat no more."""
    if settings.HEARTBEAT_DIR:
        for file in Path(settings.HEARTBEAT_DIR).glob("*"):
            file.unlink(missing_ok=True)

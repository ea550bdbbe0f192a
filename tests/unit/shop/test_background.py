"""Loops of a process: begun again after a crash, ended by a signal, and seen to hang when they do."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from django.db import OperationalError

from shop import background, probe
from shop.background import Loop, Pulse, repeat, run_until_stopped
from tests.queues import wait_until


@pytest.fixture
def heartbeats(settings, tmp_path, monkeypatch):
    settings.HEARTBEAT_DIR = str(tmp_path / "heartbeats")
    monkeypatch.setenv("HEARTBEAT_DIR", settings.HEARTBEAT_DIR)
    return tmp_path / "heartbeats"


@pytest.fixture(autouse=True)
def _signals_as_they_were():
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def stop_soon(seconds=0.3):
    threading.Timer(seconds, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()


def probed():
    return probe.main(["--heartbeat"])


def test_a_loop_goes_on_until_the_process_is_told_to_stop():
    rounds: list[Pulse] = []
    stop_soon()

    run_until_stopped([Loop(name="count", run=repeat(rounds.append, pause_seconds=0.01))])

    assert len(rounds) > 3
    assert threading.active_count() < 10
    assert "count" not in {thread.name for thread in threading.enumerate()}


def test_a_loop_that_crashes_is_begun_again_and_the_others_go_on(monkeypatch, capsys, settings):
    settings.LOG_FORMAT = "json"
    monkeypatch.setattr(background, "MAX_BACKOFF_SECONDS", 0.02)
    crashes: list[Pulse] = []
    rounds: list[Pulse] = []

    def crash(pulse):
        crashes.append(pulse)
        raise ValueError("a bug")

    stop_soon()
    run_until_stopped(
        [Loop(name="bad", run=crash), Loop(name="good", run=repeat(rounds.append, pause_seconds=0.01))]
    )

    assert len(crashes) > 2
    assert len(rounds) > 3
    assert capsys.readouterr().out.count('"LoopCrashes":1') == len(crashes)


def test_a_loop_that_ends_by_itself_is_begun_again(monkeypatch):
    monkeypatch.setattr(background, "MAX_BACKOFF_SECONDS", 0.02)
    begun: list[Pulse] = []
    stop_soon()

    run_until_stopped([Loop(name="short", run=begun.append)])

    assert len(begun) > 2


def test_each_crash_in_a_row_is_waited_for_longer(monkeypatch):
    waited = []

    class Patient(Pulse):
        def pause(self, seconds):
            waited.append(seconds)
            if len(waited) == 8:
                self.stop()

    monkeypatch.setattr("shop.background.random.uniform", lambda _low, high: high)

    def crash(_pulse):
        raise ZeroDivisionError

    background._supervise(Loop(name="bad", run=crash), Patient("bad", silent_seconds=60))

    assert waited == [2, 4, 8, 16, 30, 30, 30, 30]


def test_a_silent_database_is_no_crash(capsys, settings):
    settings.LOG_FORMAT = "json"
    tries = []

    def work(pulse):
        tries.append(pulse)
        raise OperationalError("gone away")

    stop_soon()
    run_until_stopped([Loop(name="work", run=repeat(work, pause_seconds=0.01))])

    assert len(tries) > 3
    assert "LoopCrashes" not in capsys.readouterr().out


def test_a_loop_that_hangs_does_not_keep_the_process_from_ending():
    forever = threading.Event()
    stop_soon(0.1)
    began = time.monotonic()

    def hang(_pulse):
        forever.wait()

    run_until_stopped([Loop(name="hung", run=hang)], finish_seconds=0.2)

    assert time.monotonic() - began < 5
    forever.set()


def test_what_is_to_be_done_at_the_end_is_done_even_if_the_end_came_first():
    pulse, done = Pulse("late", silent_seconds=60), []
    pulse.stop()

    pulse.at_stop(lambda: done.append(1))

    assert done == [1]


# ---- heartbeats --------------------------------------------------------------------------------------------


def test_a_loop_that_goes_on_is_seen_to_be_alive(heartbeats, capsys):
    seen = []
    run = repeat(lambda _: seen.append(probed()), pause_seconds=0.05)
    stop_soon()

    run_until_stopped([Loop(name="work", run=run, silent_seconds=1)])

    assert seen[1:]
    assert set(seen) == {0}
    assert [file.name for file in heartbeats.iterdir()] == ["work"]
    assert capsys.readouterr().err == ""


def test_a_loop_that_hangs_is_found_by_its_name(heartbeats, capsys):
    Pulse("reconciler-1", silent_seconds=60).beat()
    Pulse("figures", silent_seconds=60).beat()
    os.utime(heartbeats / "figures", (time.time() - 61, time.time() - 61))

    assert probed() == 1
    assert capsys.readouterr().err == "the loop figures was last heard of 61 s ago\n"


def test_a_loop_may_be_silent_for_as_long_as_it_said(heartbeats):
    Pulse("verify", silent_seconds=1800).beat()
    os.utime(heartbeats / "verify", (time.time() - 1700, time.time() - 1700))

    assert probed() == 0


def test_a_beat_takes_up_where_a_silence_was(heartbeats):
    pulse = Pulse("worker", silent_seconds=60)
    pulse.beat()
    os.utime(heartbeats / "worker", (0, 0))

    pulse.beat()

    assert probed() == 0


def test_a_long_pause_is_no_silence(heartbeats, monkeypatch):
    monkeypatch.setattr(background, "BEAT_SECONDS", 0.05)
    pulse = Pulse("hourly", silent_seconds=0.5)
    thread = threading.Thread(target=pulse.pause, args=(3600,))
    thread.start()
    time.sleep(1)

    assert probed() == 0
    pulse.stop()
    thread.join(5)
    assert not thread.is_alive()


def test_without_any_heartbeat_nobody_is_alive(heartbeats, capsys):
    assert probed() == 1
    assert "no background loop has begun" in capsys.readouterr().err


def test_the_heartbeats_of_an_earlier_process_count_for_nothing(heartbeats):
    Pulse("gone", silent_seconds=60).beat()
    stop_soon(0.1)

    run_until_stopped([Loop(name="here", run=repeat(lambda _: None, pause_seconds=0.05))])

    assert [file.name for file in heartbeats.iterdir()] == ["here"]


def test_where_no_heartbeat_can_be_written_the_loop_goes_on_and_the_probe_tells(
    settings, tmp_path, monkeypatch
):
    (tmp_path / "file").write_text("")
    settings.HEARTBEAT_DIR = str(tmp_path / "file" / "heartbeats")
    monkeypatch.setenv("HEARTBEAT_DIR", settings.HEARTBEAT_DIR)

    Pulse("work", silent_seconds=60).beat()

    assert probed() == 1


def test_the_health_check_of_a_container_is_a_program_of_its_own(heartbeats):
    Pulse("worker", silent_seconds=60).beat()
    command = [sys.executable, "-m", "shop.probe", "--heartbeat"]

    assert subprocess.run(command, check=False).returncode == 0
    os.utime(heartbeats / "worker", (0, 0))
    wait_until(lambda: subprocess.run(command, capture_output=True, check=False).returncode == 1, seconds=5)

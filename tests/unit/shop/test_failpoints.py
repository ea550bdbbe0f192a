"""Failpoints: what a specification says, what fires, what is written down."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shop import failpoints
from shop.checks import check_no_faults
from shop.failpoints import FailpointReached, Rule, parse

ROOT = Path(__file__).resolve().parents[3]


def armed(spec, log=None):
    return failpoints._Armed(spec, log=str(log or ""), seed="1")


def test_a_specification_says_action_argument_count_and_probability():
    assert parse("a=kill*2; b=sleep:0.5@0.25;c=raise:builtins.OSError") == {
        "a": Rule("kill", "", 2, 1.0),
        "b": Rule("sleep", "0.5", None, 0.25),
        "c": Rule("raise", "builtins.OSError", None, 1.0),
    }


@pytest.mark.parametrize("spec", ["a", "a=explode", "a=sleep", "a=kill*", "=kill", "a=kill b=kill"])
def test_a_specification_that_cannot_be_read_is_an_error(spec):
    with pytest.raises(ValueError, match="SHOP_FAILPOINTS"):
        parse(spec)


def test_without_a_specification_nothing_happens():
    failpoints.failpoint("after_charge")


def test_a_failpoint_raises_what_it_is_told_and_others_stay_silent():
    points = armed("a=raise;b=raise:builtins.OSError")

    points.reach("c")
    with pytest.raises(FailpointReached):
        points.reach("a")
    with pytest.raises(OSError, match="failpoint b"):
        points.reach("b")


def test_a_count_holds_over_all_processes_that_share_the_log(tmp_path):
    log = tmp_path / "log"
    for _ in range(2):
        with pytest.raises(FailpointReached):
            armed("a=raise*2", log).reach("a")

    armed("a=raise*2", log).reach("a")

    assert log.read_text().splitlines() == [f"a raise {os.getpid()}"] * 2


def test_a_probability_spares_some():
    points = armed("a=raise@0.5")
    reached = 0
    for _ in range(200):
        try:
            points.reach("a")
        except FailpointReached:
            reached += 1

    assert 60 < reached < 140


def test_a_file_is_read_again_when_it_changes(tmp_path):
    spec = tmp_path / "spec"
    points = armed(f"@{spec}")

    points.reach("a")
    spec.write_text("a=raise")
    with pytest.raises(FailpointReached):
        points.reach("a")
    spec.write_text("")
    os.utime(spec, ns=(1, 1))
    points.reach("a")


def test_kill_ends_the_process_without_a_word(tmp_path):
    log = tmp_path / "log"
    code = "from shop.failpoints import failpoint; failpoint('x'); print('alive')"

    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "SHOP_FAILPOINTS": "x=kill", "SHOP_FAILPOINT_LOG": str(log)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (-9, "")
    assert log.read_text().startswith("x kill ")


def test_a_production_check_refuses_them(monkeypatch):
    assert check_no_faults(None) == []
    monkeypatch.setenv("SHOP_FAILPOINTS", "a=kill")
    assert [message.id for message in check_no_faults(None)] == ["shop.E009"]

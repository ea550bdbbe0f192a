"""Run cases one after the other, say what became of each, keep what is needed to look into a failure."""

import argparse
import json
import shutil
import time
from dataclasses import asdict
from pathlib import Path

from tests.chaos import report, stores
from tests.chaos.__main__ import KEPT
from tests.chaos.catalogue import QUICK, catalogue
from tests.chaos.report import Row
from tests.chaos.servers import Servers
from tests.chaos.storm import run_storm
from tests.chaos.trial import Case, run
from tests.chaos.world import ASYNC, World


def run_all(options: argparse.Namespace, *, servers: Servers, directory: Path) -> int:
    """Run what the options ask for; return the exit code."""
    cases = _chosen(options)
    if not servers.queue_url:
        left_out = [case.name for case in cases if case.mode == ASYNC]
        cases = [case for case in cases if case.mode != ASYNC]
        print("left out, for want of the AWS stand-in (make run installs it):", *left_out, sep="\n  ")
    if options.list:
        print(*(f"{case.name:44} {case.group}: {case.does}" for case in cases), sep="\n")
        return 0
    stores.prepare()
    world = World(servers, directory, options.seed)
    try:
        if options.storm:
            return run_storm(world, kills=options.storm, posts=options.posts, seed=options.seed)
        return _run(cases, world=world, options=options)
    finally:
        world.close()


def _chosen(options: argparse.Namespace) -> list[Case]:
    part, parts = map(int, options.part.split("/"))
    cases = catalogue()[part - 1 :: parts]
    if options.only:
        parts = options.only.split(",")
        return [case for case in cases if any(part == case.name or part in case.name for part in parts)]
    if options.slice == "quick":
        return [case for case in cases if case.name in QUICK]
    return cases


def _run(cases: list[Case], *, world: World, options: argparse.Namespace) -> int:
    began = time.monotonic()
    print(f"{len(cases)} faults, seed {options.seed}", flush=True)
    outcomes = []
    for number, case in enumerate(cases, start=1):
        outcome = run(case, world=world, seed=options.seed)
        outcomes.append(outcome)
        if options.outcomes:
            with options.outcomes.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(asdict(outcome)) + "\n")
        _tell(outcome, number=number, of=len(cases), seed=options.seed)
        if not outcome.survived:
            _keep(world, case)
    survived = sum(outcome.survived for outcome in outcomes)
    minutes = (time.monotonic() - began) / 60
    if options.report:
        report.write(options.report, outcomes, seed=options.seed, minutes=minutes)
    print(f"faults survived: {survived}/{len(outcomes)} in {minutes:.1f} min, seed {options.seed}")
    return 0 if survived == len(outcomes) else 1


def _tell(outcome: Row, *, number: int, of: int, seed: str) -> None:
    word = "ok    " if outcome.survived else "FAILED"
    recovered = "never" if outcome.recovery_seconds is None else f"{outcome.recovery_seconds:4.1f} s"
    print(
        f"[{number:3}/{of}] {word} {outcome.name:42} fired {outcome.fired:4}  recovered {recovered}  "
        f"{outcome.orders} orders, {outcome.requests} requests, {outcome.seconds:.0f} s",
        flush=True,
    )
    for line in outcome.found[:12]:
        print(f"          {line}")
    if not outcome.survived:
        print(f"          again: make chaos SEED={seed} ONLY={outcome.name}   (logs: {KEPT}/{outcome.name})")


def _keep(world: World, case: Case) -> None:
    target = KEPT / case.name
    target.mkdir(parents=True, exist_ok=True)
    for log in world.directory.glob("*.log"):
        shutil.copy(log, target / log.name)

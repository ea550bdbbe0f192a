"""``make bench``: measure the shop beside its references and write docs/performance.md.

``python -m tests.bench [--parts rounds,cold] [--rounds 3] [--seconds 1.2] [--only NAME] [--before DIRECTORY]
[--report docs/performance.md]``; exits 1 if anything that was measured was not right. A run of everything renews the whole
page, a run of some parts those parts' own sections.
"""

import argparse
import importlib
import os
import secrets
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import django

from shop.local import environment, places, processes, system
from tests.bench import parts
from tests.chaos.servers import Servers

if TYPE_CHECKING:
    from tests.bench.parts.base import Bench
    from tests.bench.report import Findings
    from tests.bench.stage import Stage

ALL = (parts.ROUNDS, *parts.NAMES)
MOST_CONNECTIONS = (
    300  # of MariaDB: several services run beside each other, and each thread of each keeps one
)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--parts", default=",".join(ALL), help="of: %(default)s")
    parser.add_argument("--share", type=float, default=1.0, help="of the parts' usual times and numbers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--seconds", type=float, default=1.2, help="of one target at one number of connections"
    )
    parser.add_argument("--products", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="", help="targets with this in their names")
    parser.add_argument("--connections", default="1,32,100")
    parser.add_argument("--before", type=Path, help="another checkout, to be measured in the same rounds")
    parser.add_argument(
        "--load", type=int, default=0, metavar="USERS", help="so many customers for --seconds, by locust"
    )
    parser.add_argument(
        "--soak", type=int, default=0, metavar="REQUESTS", help="send so many, and look at the memory"
    )
    parser.add_argument("--report", type=Path, help="write the page's generated parts and its charts")
    parser.set_defaults(began=time.monotonic())
    options = parser.parse_args()
    options.parts = options.parts.split(",")
    if unknown := {*options.parts} - {*ALL}:
        parser.error(f"no such part: {', '.join(unknown)}")
    return options


def run(options: argparse.Namespace, *, servers: Servers, directory: Path, stack: ExitStack) -> int:
    """Start everything, do what was asked for, and return the exit code. Django's settings are there from here on."""
    from tests.bench import measure, soak, stage, targets
    from tests.bench.parts.base import Bench
    from tests.chaos import stores

    stores.prepare()
    products = stage.fill(servers, products=options.products)
    play = stage.Stage(
        servers=servers, directory=directory, products=products, stack=stack, workers=options.workers
    )
    play.start(before=options.before)
    if options.load:
        return _load(play, options=options)
    owner, results = play.tokens[0], measure.Results()
    owned = measure.place_some(play, token=owner, results=results)
    bench = Bench(
        stage=play,
        targets=targets.targets(play, orders={owner: owned}),
        results=results,
        share=options.share,
        tools=places.LOCAL / "bench-venv" / "bin",
    )
    if options.soak:
        return soak.run(bench, requests=options.soak, owned=owned, page=options.report)
    return _measure(bench, options=options)


def _measure(bench: "Bench", *, options: argparse.Namespace) -> int:
    """Measure, judge and report."""
    from tests.bench import measure, oracle, report

    if parts.ROUNDS in options.parts:
        measure.run_rounds(
            bench.stage,
            [target for target in bench.targets if options.only in target.name],
            rounds=options.rounds,
            seconds=options.seconds,
            connections=[int(number) for number in options.connections.split(",")],
            results=bench.results,
        )
    rounds = measure.Results(samples={**bench.results.samples}, memory=bench.results.memory)
    findings = _parts(bench, names=[name for name in parts.NAMES if name in options.parts])
    if options.before and rounds.samples:
        findings.sections["before and now"] = report.before_table(rounds)
    faults = [*findings.faults, *oracle.check(bench.stage, bench.results)]
    run = report.Run(minutes=(time.monotonic() - options.began) / 60, faults=faults, options=options)
    print(report.table(rounds), *findings.sections.values(), sep="\n")
    print(report.goals_table([*report.goals(rounds), *findings.goals]), report.facts(run, rounds), sep="\n")
    print(*faults, sep="\n")
    if options.report and not faults:
        if {*options.parts} == {*ALL} and not options.only:
            report.write_all(options.report, rounds, run=run, findings=findings)
        else:
            report.write(options.report, findings.sections)
    return 1 if faults else 0


def _parts(bench: "Bench", *, names: Sequence[str]) -> "Findings":
    """Measure what there is beside the rounds."""
    from tests.bench.report import Findings

    findings = Findings()
    for name in names:
        began = time.monotonic()
        findings.add(importlib.import_module(f"tests.bench.parts.{name}").measure(bench))
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return findings


def _load(play: "Stage", *, options: argparse.Namespace) -> int:
    """Send customers instead, by locust."""
    from tests.bench import load, report
    from tests.chaos import stores
    from tests.pages import replace_section

    rows = load.run(play, users=options.load, seconds=int(options.seconds))
    faults = stores.verify({})
    print(load.table(rows), *faults, f"The report of locust: {load.KEPT / 'load.html'}", sep="\n")
    if options.report and not faults:
        replace_section(
            options.report, "<!-- generated: load -->\n", f"{report.stamp()}\n\n{load.table(rows)}"
        )
    failures = sum(int(row["Failure Count"]) for row in rows)
    return 1 if faults or failures else 0


def main() -> int:
    """Start the servers, then what needs Django's settings."""
    options = arguments()
    environment.isolate()
    try:
        with processes.until_signalled(), processes.scratch("bench") as (scratch, stack):
            with_queue = parts.QUEUE in options.parts and not (options.load or options.soak)
            servers = Servers(
                scratch,
                stack,
                seed=secrets.token_hex(4),
                with_queue=with_queue,
                database_options=[f"--max-connections={MOST_CONNECTIONS}"],
            )
            os.environ.clear()  # the settings of whoever started us have no say
            os.environ.update(servers.straight())
            django.setup()
            return run(options, servers=servers, directory=scratch, stack=stack)
    except (processes.StartError, system.NotHere) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())

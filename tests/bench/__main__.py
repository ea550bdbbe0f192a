"""``make bench``: measure the shop beside its references and write docs/performance.md.

``python -m tests.bench [--rounds 3] [--seconds 1.5] [--only NAME] [--before DIRECTORY] [--report docs/performance.md]``;
exits 1 if anything that was measured was not right.
"""

import argparse
import os
import secrets
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import django

from shop.local import environment, processes, system
from tests.chaos.servers import Servers

if TYPE_CHECKING:
    from tests.bench.stage import Stage


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--seconds", type=float, default=1.5, help="of one target at one number of connections"
    )
    parser.add_argument("--products", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="", help="targets with this in their names")
    parser.add_argument("--connections", default="1,32,100")
    parser.add_argument("--before", type=Path, help="another checkout, to be measured in the same rounds")
    parser.add_argument(
        "--load", type=int, default=0, metavar="USERS", help="so many customers for --seconds, by locust"
    )
    parser.add_argument("--report", type=Path, help="write the page's generated parts and its charts")
    return parser.parse_args()


def run(options: argparse.Namespace, *, servers: Servers, directory: Path, stack: ExitStack) -> int:
    """Measure, judge and report; return the exit code. Django's settings are there from here on."""
    from tests.bench import measure, oracle, report, stage, targets
    from tests.chaos import stores

    began = time.monotonic()
    stores.prepare()
    products = stage.fill(servers, products=options.products)
    play = stage.Stage(
        servers=servers, directory=directory, products=products, stack=stack, workers=options.workers
    )
    play.start(before=options.before)
    owner = play.tokens[0]
    results = measure.Results()
    if options.load:
        return _load(play, options=options)
    owned = measure.place_some(play, token=owner, results=results)
    wanted = [
        target for target in targets.targets(play, orders={owner: owned}) if options.only in target.name
    ]
    measure.run_rounds(
        play,
        wanted,
        rounds=options.rounds,
        seconds=options.seconds,
        connections=[int(number) for number in options.connections.split(",")],
        results=results,
    )
    faults = oracle.check(play, results)
    run = report.Run(minutes=(time.monotonic() - began) / 60, faults=faults, options=options)
    print(report.table(results), report.targets_table(results), report.facts(run, results), sep="\n")
    print(*faults, sep="\n")
    if options.report and not faults:
        report.write(options.report, results, run=run)
    return 1 if faults else 0


def _load(play: "Stage", *, options: argparse.Namespace) -> int:
    """Send customers instead, by locust."""
    from tests.bench import load
    from tests.chaos import stores
    from tests.pages import replace_section

    rows = load.run(play, users=options.load, seconds=int(options.seconds))
    faults = stores.verify({})
    print(load.table(rows), *faults, f"The report of locust: {load.KEPT / 'load.html'}", sep="\n")
    if options.report and not faults:
        replace_section(options.report, "<!-- generated: load -->\n", load.table(rows))
    failures = sum(int(row["Failure Count"]) for row in rows)
    return 1 if faults or failures else 0


def main() -> int:
    """Start the servers, then what needs Django's settings."""
    options = arguments()
    environment.isolate()
    try:
        with processes.until_signalled(), processes.scratch("bench") as (scratch, stack):
            servers = Servers(scratch, stack, seed=secrets.token_hex(4))
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

"""``make bench-scale``: the same shop beside small tables and beside large ones, both alive, measured in turn.

``python -m tests.bench.scale [--orders 10000000] [--products 1000000] [--rounds 7] [--seconds 2] [--report PAGE]``; exits 1,
and writes nothing, if anything that was measured was not right.

Two databases, two DynamoDB Locals, two shops: a machine is never the same twice, and filling the tables takes so long
that one shop, measured before and after it, would tell of the machine.
"""

import argparse
import os
import secrets
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import django

from shop.local import environment, processes, system
from tests.chaos.servers import Servers


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale", description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000_000)
    parser.add_argument("--products", type=int, default=1_000_000)
    parser.add_argument("--few-orders", type=int, default=1_000)
    parser.add_argument("--few-products", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one call beside one size")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--workers", type=int, default=1, help="of each of the two shops")
    parser.add_argument("--buffer-pool-mb", type=int, default=4096, help="of each of the two databases")
    parser.add_argument("--report", type=Path, help="write this page's section and its chart")
    return parser.parse_args()


def database_options(options: argparse.Namespace) -> list[str]:
    """Return what both databases are started with."""
    return [
        f"--innodb-buffer-pool-size={options.buffer_pool_mb}M",
        "--innodb-sort-buffer-size=64M",  # for indexes that are made whole: the usual 1 MB takes a dozen passes
    ]


def run(options: argparse.Namespace, *, both: list[Servers], directory: Path, stack: ExitStack) -> int:
    """Fill, measure, judge and report; return the exit code. Django's settings are there from here on."""
    from tests.bench import scale_report, sides

    began = time.monotonic()
    sizes = ((options.few_orders, options.few_products), (options.orders, options.products))
    small, large = (
        sides.prepare(servers, size=size, options=options, directory=directory, stack=stack)
        for servers, size in zip(both, sizes, strict=True)
    )
    sides.run_rounds(small, large, options=options)
    faults = [*small.faults(), *large.faults()]
    run = scale_report.Run(small=small, large=large, options=options, minutes=(time.monotonic() - began) / 60)
    print(scale_report.section(run), *faults, sep="\n")
    if options.report and not faults:
        scale_report.write(options.report, run)
    return 1 if faults else 0


def main() -> int:
    """Start the servers, then what needs Django's settings."""
    options = arguments()
    environment.isolate()
    try:
        with processes.until_signalled(), processes.scratch("bench-scale") as (scratch, stack):
            both = [
                Servers(scratch, stack, seed=secrets.token_hex(4), database_options=database_options(options))
                for _ in range(2)
            ]
            os.environ.clear()  # the settings of whoever started us have no say
            os.environ.update(both[0].straight())  # modules want some; nothing here asks a store by them
            django.setup()
            return run(options, both=both, directory=scratch, stack=stack)
    except (processes.StartError, system.NotHere, RuntimeError) as error:
        print(f"bench-scale: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())

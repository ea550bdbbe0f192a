"""``make chaos``: run the catalogue of faults, or a part of it, and write the report.

``python -m tests.chaos [--only NAME,NAME…] [--slice all|quick] [--seed SEED] [--report FILE]``; exits 1 if a promise broke.
The seed decides what customers want and which requests a fault strikes; the threads' timing it cannot.
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import django

from shop.local import environment, places, processes, system
from tests.chaos import report
from tests.chaos.servers import Servers

KEPT = places.LOCAL / "chaos"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--only", default="", help="names of cases, or parts of them, with commas")
    parser.add_argument("--slice", choices=("all", "quick"), default="all")
    parser.add_argument("--seed", default="", help="of a run to repeat")
    parser.add_argument("--report", type=Path, help="write the report and its chart here")
    parser.add_argument(
        "--posts", type=int, default=0, help="with --storm: go on without kills to so many answers"
    )
    parser.add_argument(
        "--jobs", type=int, default=1, help="so many worlds at once, each with a part of the cases"
    )
    parser.add_argument("--part", default="1/1", help="run only this part (used by --jobs)")
    parser.add_argument(
        "--outcomes", type=Path, help="also write what became of each case here, one JSON a line"
    )
    parser.add_argument("--list", action="store_true", help="list the cases")
    parser.add_argument(
        "--storm", type=int, default=0, metavar="KILLS", help="kill that many processes instead"
    )
    return parser.parse_args()


def in_parts(options: argparse.Namespace) -> int:
    """Run parts of the cases in worlds of their own, and write one report of all."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="shop-chaos-parts-") as folder:
        files = [Path(folder, f"{number}.jsonl") for number in range(1, options.jobs + 1)]
        command = [sys.executable, "-m", "tests.chaos", "--seed", options.seed, "--slice", options.slice]
        command += ["--only", options.only] if options.only else []
        children = [
            subprocess.Popen([*command, "--part", f"{number}/{options.jobs}", "--outcomes", str(file)])
            for number, file in enumerate(files, start=1)
        ]
        codes = [child.wait() for child in children]
        texts = [file.read_text(encoding="utf-8") for file in files if file.exists()]
    rows = [report.Row(**json.loads(line)) for text in texts for line in text.splitlines()]
    survived = sum(row.survived for row in rows)
    minutes = (time.monotonic() - began) / 60
    if options.report:
        report.write(options.report, rows, seed=options.seed, minutes=minutes)
    print(f"faults survived: {survived}/{len(rows)} in {minutes:.1f} min, seed {options.seed}")
    return max(codes)


def main() -> int:
    """Start the servers, then what needs Django's settings."""
    options = arguments()
    options.seed = options.seed or secrets.token_hex(4)
    environment.isolate()
    if options.jobs > 1:
        return in_parts(options)
    try:
        with processes.until_signalled(), processes.scratch("chaos") as (scratch, stack):
            servers = Servers(scratch, stack, seed=options.seed, with_queue=places.MINISTACK_PYTHON.exists())
            os.environ.clear()  # the settings of whoever started us have no say
            # Lines of metrics among the cases would be in the way.
            os.environ.update({**servers.straight(), "LOG_FORMAT": "console"})
            django.setup()
            # Models exist only from here on.
            from tests.chaos import runner

            return runner.run_all(options, servers=servers, directory=scratch)
    except (processes.StartError, system.NotHere) as error:
        print(f"chaos: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())

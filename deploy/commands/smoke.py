"""The read-only walk through a stage, by tests/smoke.py, as the canary does it."""

import sys

from deploy.commands.context import ROOT, Context
from deploy.commands.outcome import Failed


def walk(context: Context) -> None:
    """Walk; its own lines say what was seen.

    Raises:
        Failed: the shop did not keep its contract.
    """
    url = context.aws.outputs("network")["Url"]
    line = [sys.executable, str(ROOT / "tests/smoke.py"), url, "--read-only"]
    if context.programs.run(line, directory=ROOT).code:
        raise Failed(f"the walk through {url} found something wrong (see above)")

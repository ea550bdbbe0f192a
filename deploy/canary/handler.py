"""The canary: walks through the shop from outside, reading only, with the same script as ``make smoke``.

A Lambda function beside ``smoke.py`` (tests/smoke.py, standard library alone). It fails when the walk does, and its
failures are what the alarm counts; the log has the walk's own lines.
"""

import os
import sys
from typing import Any

import smoke


class WalkFailed(Exception):
    """The shop did not keep its contract; the lines before say where."""


def handle(_event: Any, _context: Any) -> None:
    """Walk once.

    Raises:
        WalkFailed: something was not as the contract says.
    """
    sys.argv = ["smoke.py", os.environ["SHOP_URL"], "--read-only"]
    if code := smoke.main():
        raise WalkFailed(f"the read-only walk ended with {code}")

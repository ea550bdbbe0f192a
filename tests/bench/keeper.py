"""Keeps the stores of one shop: fills them, and reads its books. A program of its own, with that shop's settings.

Reads one task per line (JSON) from stdin and writes what came of it to stdout.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import django


def main() -> None:
    """Carry out one task after the other."""
    answers, sys.stdout = sys.stdout, sys.stderr  # where the shop's own log lines go
    django.setup()
    from tests.bench import fill

    tasks: dict[str, Callable[..., Any]] = {"fill": fill.fill, "books": fill.books}
    for line in sys.stdin:
        task = json.loads(line)
        print(json.dumps(tasks[task.pop("task")](**task)), file=answers, flush=True)


if __name__ == "__main__":
    main()

"""Run a command against the running shop's stores: ``python -m shop.local.within manage.py shell``."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from shop.local import environment, lock, places


def main(arguments: Sequence[str]) -> NoReturn:
    """Become a Python that runs the arguments, with the running stack's variables."""
    if lock.holder() is None or not places.STACK_ENV.is_file():
        sys.exit("shop: no shop runs here. Cure: make run in another terminal")
    variables = {**environment.inherited(), "ENV_FILE": os.devnull, **environment.read_stack()}
    os.execve(sys.executable, [sys.executable, *arguments], variables)  # noqa: S606 (this is what it is for)


if __name__ == "__main__":
    main(sys.argv[1:])

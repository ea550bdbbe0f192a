"""One running shop per working tree: a locked file that holds its process id.

The lock falls with the process, however that ends, so a stale file means nothing.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator

from shop.local import places, processes


def holder() -> int | None:
    """Return the process id of the running ``make run``, or None."""
    try:
        with places.RUN_LOCK.open("r+", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read() or 0)
    except FileNotFoundError:
        pass
    return None


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Hold the lock inside the block.

    Raises:
        StartError: another process holds it.
    """
    places.LOCAL.mkdir(exist_ok=True)
    with places.RUN_LOCK.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise processes.StartError(
                f"a shop of this folder runs already (process {holder()}). Cure: make reset, or Ctrl-C where it runs"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield

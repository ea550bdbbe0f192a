"""``make reset``: stop the running shop of this folder, if any, and delete its data."""

import contextlib
import os
import shutil
import signal
import sys
import time

from shop.local import lock, places, processes

STOP_SECONDS = processes.STOP_SECONDS * 2


def main() -> int:
    """Stop, delete, say so."""
    pid = lock.holder()
    if pid:
        print(f"Stopping the running shop (process {pid})", flush=True)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while lock.holder() == pid:
            if time.monotonic() > deadline:
                print(f"shop: process {pid} does not stop. Cure: kill -9 {pid}", file=sys.stderr)
                return 1
            time.sleep(0.1)
    shutil.rmtree(places.RUN, ignore_errors=True)
    print("The next make run starts afresh; nothing of the last one is left.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

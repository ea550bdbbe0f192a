"""The health checks of a container: of its web server, or of the loops of a process without one.

    python -m shop.probe [/health/live]    asks the server
    python -m shop.probe --heartbeat       looks when each background loop was last heard of (shop/background.py)

Standard library only, and no proxy: it must work, and be quick, whatever the environment says.
"""

import http.client
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

TIMEOUT_SECONDS = 4.0


def main(arguments: Sequence[str]) -> int:
    """Return 0 if all is well, else 1 and a line that says what is not."""
    if arguments[:1] == ["--heartbeat"]:
        return heartbeat(os.environ.get("HEARTBEAT_DIR", ""))
    return answer(arguments)


def heartbeat(directory: str) -> int:
    """Return 0 if every loop was heard of within the time that its heartbeat file names, in seconds."""
    files = sorted(Path(directory).glob("[!.]*")) if directory else []
    if not files:
        sys.stderr.write("no background loop has begun, or HEARTBEAT_DIR is not what it is there\n")
        return 1
    silent = {file.name: time.time() - file.stat().st_mtime for file in files}
    hanging = [file.name for file in files if silent[file.name] > float(file.read_text(encoding="ascii"))]
    for name in hanging:
        sys.stderr.write(f"the loop {name} was last heard of {silent[name]:.0f} s ago\n")
    return 1 if hanging else 0


def answer(arguments: Sequence[str]) -> int:
    """Return 0 if the path is answered with 200, else 1 and a line that says what came instead."""
    path = arguments[0] if arguments else "/health/live"
    port = int(os.environ.get("PORT", "8000"))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        body = reply.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        sys.stderr.write(f"{path}: {error}\n")
        return 1
    finally:
        connection.close()
    if reply.status != 200:
        sys.stderr.write(f"{path}: {reply.status} {body}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Ask the server in this container for its health: ``python -m shop.probe [/health/live]``; the image's health check.

Standard library only, and no proxy: it must work, and be quick, whatever the environment says.
"""

import http.client
import os
import sys
from collections.abc import Sequence

TIMEOUT_SECONDS = 4.0


def main(arguments: Sequence[str]) -> int:
    """Return 0 if the path is answered with 200, else 1 and a line that says what came instead."""
    path = arguments[0] if arguments else "/health/live"
    port = int(os.environ.get("PORT", "8000"))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        sys.stderr.write(f"{path}: {error}\n")
        return 1
    finally:
        connection.close()
    if answer.status != 200:
        sys.stderr.write(f"{path}: {answer.status} {body}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

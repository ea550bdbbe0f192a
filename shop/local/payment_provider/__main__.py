"""``python -m shop.local.payment_provider --port N --db FILE [--rate 0.95]``; ends on SIGTERM or Ctrl-C."""

import argparse
import contextlib
import signal
import sys
from pathlib import Path

from shop.local.payment_provider.server import Provider


def main() -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(
        description="A mock payment provider that speaks a part of Stripe's API."
    )
    parser.add_argument("--port", type=int, required=True, help="of 127.0.0.1")
    parser.add_argument(
        "--db", type=Path, required=True, help="SQLite file of its books; made if it is not there"
    )
    parser.add_argument("--rate", type=float, default=0.95, help="share of orders that are approved, 0 to 1")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Provider(port=options.port, books=options.db, rate=options.rate) as server:
        print(f"payment provider at http://127.0.0.1:{options.port}, books in {options.db}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever(poll_interval=0.1)
    return 0


if __name__ == "__main__":
    sys.exit(main())

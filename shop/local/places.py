"""Where the local commands keep their files: everything under ``.local/``, which git ignores."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"

MINISTACK_PYTHON = LOCAL / "ministack-venv" / "bin" / "python"
LOGS = LOCAL / "log"
CACHE = LOCAL / "cache"
"""Downloads worth keeping (DynamoDB Local)."""

RUN = LOCAL / "run"
"""The running shop's data; removed at every start."""
STACK_ENV = RUN / "stack.env"
"""Every variable of the running stack, for ``ENV_FILE`` (mode 600)."""
ACCOUNTS = RUN / "accounts.json"
"""E-mail addresses and passwords of the running stack's accounts (mode 600)."""
RUN_LOCK = LOCAL / "run.lock"
"""Held by the running ``make run``; holds its process id."""


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text, encoding="utf-8")

"""``make check``: look for keys and passwords in every file that git has, with detect-secrets.

What is known to be no secret says so on its line, with an allowlist pragma and a reason. There is no baseline
file: it would hide what nobody has looked at.
"""

import subprocess
import sys
from pathlib import Path

from shop.local import places

# Words that stand where a password would, in examples and in databases that live as long as a test.
PLACEHOLDERS = "PASSWORD|password|not-used|for-this-run-only|for-the-private-network|geheim"
OPTIONS = (
    "--no-verify",  # asks nobody whether a key works
    # Passwords in Python are ruff's to find (S105 to S107); this plugin takes every example for one.
    *("--disable-plugin", "KeywordDetector"),
    *("--exclude-secrets", f"^({PLACEHOLDERS})$"),
)
LIST = ("git", "ls-files", "-z")
# The locks are names, versions and checksums, and half of all bytes.
EXCEPT = ":!requirements/*.txt"


def scan(root: Path) -> int:
    """Scan what git has of ``root``; print what looks like a secret and return 1 if anything does."""
    listed = subprocess.run([*LIST, "--", EXCEPT], cwd=root, capture_output=True, text=True, check=False)
    files = [name for name in listed.stdout.split("\0") if name and Path(root, name).is_file()]
    if not files:
        print(f"   nothing to look at: {listed.stderr.strip() or 'git knows no file here'}")
        return 1
    program = str(Path(sys.executable).parent / "detect-secrets-hook")
    found = subprocess.run([program, *OPTIONS, *files], cwd=root, check=False).returncode
    print(f"   {len(files)} files looked through")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(scan(places.ROOT))

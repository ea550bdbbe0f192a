"""``make clean``: delete what can be made again by a build or a check. Never data: not .local/run, no settings, no lock.

Standard library only and run as a file, so that it needs no environment: ``python3 deploy/commands/clean.py``.
"""

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUTPUTS = (
    "deploy/cdk.out",
    ".local/assembly",
    "build",
    "htmlcov",
    ".coverage",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
    ".import_linter_cache",
)
KEPT = {".git", ".local", ".venv"}


def outputs(root: Path) -> list[Path]:
    """Return what would be deleted."""
    found = [root / name for name in OUTPUTS if (root / name).exists()]
    for part in sorted(root.iterdir()):
        if (
            part.is_dir()
            and not part.is_symlink()
            and part.name not in KEPT
            and not part.name.startswith(".venv")
        ):
            found += [part] if part.name == "__pycache__" else sorted(part.rglob("__pycache__"))
    return found


def main(root: Path = ROOT) -> int:
    """Delete them, and say so."""
    found = outputs(root)
    for path in found:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    named = [str(path.relative_to(root)) for path in found if path.name != "__pycache__"]
    compiled = len(found) - len(named)
    print(
        f"Deleted: {', '.join(named) or 'no outputs'}; {compiled} directories of compiled Python. Data are untouched."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

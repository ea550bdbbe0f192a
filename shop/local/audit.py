"""``make check``: ask the advisory service of PyPI whether a locked package has a known vulnerability.

Three outcomes, never confused: *clean* (every package was looked up), *vulnerable* (always a failure), and *not
checked* (the service was out of reach or does not know a package), which says so loudly and passes, unless
``AUDIT_REQUIRED=1``, as CI sets it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from shop.local import places


@dataclass(frozen=True, kw_only=True)
class Ignore:
    """A vulnerability that does not concern this service, for now.

    Attributes:
        id: as pip-audit names it, or one of its aliases.
        package: where it is.
        reason: why it does no harm here.
        until: the day from which on it fails again; look anew then.
    """

    id: str
    package: str
    reason: str
    until: date


IGNORED: tuple[Ignore, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What an audit has shown.

    Attributes:
        audited: packages that were looked up.
        vulnerable: what is wrong, a line each.
        not_checked: why something was not looked up; empty if everything was.
    """

    audited: int = 0
    vulnerable: Sequence[str] = field(default_factory=list)
    not_checked: str = ""


def _open(name: str, vulnerability: dict[str, object], *, ignored: Sequence[Ignore], today: date) -> bool:
    aliases = vulnerability.get("aliases")
    names = {vulnerability["id"], *(aliases if isinstance(aliases, list) else [])}
    return not any(
        rule.package == name and rule.id in names and today < rule.until and rule.reason for rule in ignored
    )


def judge(stdout: str, stderr: str, *, ignored: Sequence[Ignore] = IGNORED, today: date) -> Verdict:
    """Read what ``pip-audit --format json`` has printed.

    An exit code of 0 is not enough: pip-audit also ends with 0 when it could look up nothing at all.
    """
    try:
        packages = json.loads(stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        words = stderr.strip().splitlines() or ["pip-audit printed nothing"]
        return Verdict(not_checked=words[-1][:300])
    skipped = [package for package in packages if "skip_reason" in package]
    vulnerable = [
        f"{package['name']} {package['version']}: {found['id']}, mended in {', '.join(found['fix_versions']) or 'no version'}"
        for package in packages
        for found in package.get("vulns", [])
        if _open(package["name"], found, ignored=ignored, today=today)
    ]
    why = ""
    if skipped or not packages:
        first = skipped[0]["skip_reason"] if skipped else "no package was read from the locks"
        why = f"{len(skipped)} of {len(packages)} packages; the first: {first}"
    return Verdict(audited=len(packages) - len(skipped), vulnerable=vulnerable, not_checked=why)


def report(name: str, verdict: Verdict, *, required: bool) -> bool:
    """Print the outcome of one lock file and tell whether it passes."""
    for line in verdict.vulnerable:
        print(f"   {name}: VULNERABLE: {line}")
    if verdict.not_checked:
        print(f"   {name}: NOT CHECKED: {verdict.not_checked}")
    elif not verdict.vulnerable:
        print(f"   {name}: {verdict.audited} packages looked up, no known vulnerability")
    return not verdict.vulnerable and not (verdict.not_checked and required)


def _begin(lock: Path) -> "subprocess.Popen[str]":
    options = "--require-hashes --disable-pip --format json --progress-spinner off --desc off --timeout 10"
    command = [str(Path(sys.executable).parent / "pip-audit"), *options.split(), "--requirement", str(lock)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def main() -> int:
    """Audit every lock file, all at once, and return the exit code."""
    required = os.environ.get("AUDIT_REQUIRED") == "1"
    today = datetime.now(UTC).date()
    audits = [(lock.name, _begin(lock)) for lock in sorted((places.ROOT / "requirements").glob("*.txt"))]
    verdicts = [(name, judge(*child.communicate(), today=today)) for name, child in audits]
    passed = [report(name, verdict, required=required) for name, verdict in verdicts]
    if any(verdict.not_checked for _, verdict in verdicts):
        print("   What was not checked may be vulnerable;", end=" ")
        print("AUDIT_REQUIRED=1, so this fails." if required else "AUDIT_REQUIRED=1 makes this a failure.")
    return 0 if passed and all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())

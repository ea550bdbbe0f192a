"""``make synth``: make every template, offline, and judge it: cdk-nag, the tests in deploy/tests, cfn-lint; mypy.

At last the stacks are created on the local AWS emulator, and the shop is run on them (tests/deployed).
No credentials, no network: what only an owner knows (domain, mail address, repository) is filled in with examples.
``--findings`` prints the table of explained findings as Markdown and makes nothing.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "deploy/cdk.out"
IGNORED = {
    "W3005": "The CDK writes some dependencies that references imply already; they do no harm.",
    "W3010": "Zones are chosen in deploy/config.py: a template must not depend on who makes it, or ask AWS.",
}
"""cfn-lint's warnings that are not followed, and why; cdk-nag's are explained beside the resources."""


def synthesise() -> bool:
    """Make the templates in a process of its own; the CDK prints what it finds wrong."""
    shutil.rmtree(OUT, ignore_errors=True)
    settings = json.loads((ROOT / "deploy/cdk.json").read_text(encoding="utf-8"))["context"]
    done = subprocess.run(
        [sys.executable, "-m", "deploy.app", "--check", str(OUT)],
        cwd=ROOT,
        env={**os.environ, "CDK_CONTEXT_JSON": json.dumps(settings)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or "WARNING" in done.stderr:
        print(done.stdout, done.stderr, sep="\n")
        return False
    return True


def templates() -> Iterator[Path]:
    """Yield every template that was made."""
    yield from sorted(OUT.glob("*/*.template.json"))


def explained() -> list[tuple[str, str, int]]:
    """Return rule, reason and number of resources for every explained finding."""
    lists = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(OUT.glob("*/explained.json"))]
    counted = Counter((each["rule"], each["reason"]) for found in lists for each in found)
    return sorted((rule, reason, count) for (rule, reason), count in counted.items())


def table() -> str:
    """Return the explained findings as Markdown."""
    rows = ["| Rule | Why it is not followed | Resources |", "|---|---|---|"]
    rows += [f"| {rule} | {reason} | {count} |" for rule, reason, count in explained()]
    rows += [f"| cfn-lint {rule} | {reason} | |" for rule, reason in IGNORED.items()]
    return "\n".join(rows)


def run_tests() -> bool:
    """Run deploy/tests on the templates."""
    pytest = [sys.executable, "-m", "pytest", "-c", "deploy/pytest.ini", "deploy/tests", "-q"]
    return subprocess.run(pytest, cwd=ROOT, check=False).returncode == 0


def types() -> bool:
    """Check the types of all in deploy/, with the CDK's: mypy is the project's own, the CDK is in this environment."""
    mypy: list[str | Path] = [ROOT / ".venv/bin/mypy", "--config-file", "deploy/mypy.ini"]
    mypy += ["--python-executable", sys.executable, "deploy"]
    return subprocess.run(mypy, cwd=ROOT, check=False).returncode == 0


def lint() -> bool:
    """Run cfn-lint, with every rule but the explained ones."""
    program = Path(sys.executable).parent / "cfn-lint"
    ignored = [f"--ignore-checks={rule}" for rule in IGNORED]
    arguments: list[str | Path] = [program, "--include-checks", "W", *ignored, "--", *templates()]
    return subprocess.run(arguments, cwd=ROOT, check=False).returncode == 0


def create() -> bool:
    """Create every stack on the emulator, in the shop's own environment, and walk through the shop on them."""
    emulated: list[str | Path] = [ROOT / ".venv/bin/python", "-m", "shop.local.test", "tests/deployed", "-q"]
    return subprocess.run(emulated, cwd=ROOT, check=False).returncode == 0


def main() -> int:
    """Do everything; return 0 if all is well."""
    if sys.argv[1:] == ["--findings"]:
        print(table())
        return 0
    steps = [
        ("templates, cdk-nag", synthesise),
        ("tests of the templates", run_tests),
        ("cfn-lint", lint),
        ("types", types),
    ]
    steps.append(("stacks and shop on the emulator", create))
    failed: list[str] = []
    for name, step in steps:
        print(f"== {name}", flush=True)
        began = time.monotonic()
        if not step():
            failed.append(name)
        print(f"   {'FAILED' if name in failed else 'ok'} in {time.monotonic() - began:.1f} s", flush=True)
        if failed and step is synthesise:
            break
    if failed:
        print("make synth: FAILED:", *failed, sep="\n  ")
        return 1
    print(f"{sum(1 for _ in templates())} templates, 0 unexplained findings; explained ones:")
    for rule, reason, count in explained():
        print(f"  {rule} ({count}): {reason}")
    print("make synth: all is well")
    return 0


if __name__ == "__main__":
    sys.exit(main())

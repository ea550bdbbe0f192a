"""Every exception from the linter's security rules and from the scan for secrets has a reason in words."""

import re
import subprocess
import tomllib

import pytest

from tests.pages import ROOT

WELL_FORMED = re.compile(r"# (ruff: )?noqa: [A-Z]+[0-9]+(, [A-Z]+[0-9]+)* \([^()]{4,}.*\)$")
ALLOWED = re.compile(r"pragma: allowlist secret \([^()]{4,}\)$")


def lines_with(mark):
    """(file:line, the line) of each mention of a mark in the Python files that git has, or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in sorted(set(filter(None, listed.split("\0")))):
        path = ROOT / name
        # This folder's tests of the two tools speak of the marks.
        if not path.is_file() or path.name in {"test_linter_exceptions.py", "test_secret_scan.py"}:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if mark in line:
                yield f"{name}:{number}", line


def test_every_exception_from_a_security_rule_says_why():
    exceptions = {place: line for place, line in lines_with("noqa" + ":") if re.search("noqa:.*S[0-9]", line)}

    assert len(exceptions) > 10
    assert [place for place, line in exceptions.items() if not WELL_FORMED.search(line)] == []


def test_every_text_that_only_looks_like_a_secret_says_what_it_is():
    exceptions = dict(lines_with("pragma: " + "allowlist"))

    assert exceptions
    assert [place for place, line in exceptions.items() if not ALLOWED.search(line)] == []


@pytest.mark.parametrize(
    "line",
    [
        "x = 1  # noqa",
        "x = 1  # noqa: S311",
        "x = 1  # noqa: S311 ()",
        "x = 1  # noqa (jitter)",
    ],
)
def test_an_exception_without_rule_or_reason_is_seen(line):
    assert not WELL_FORMED.search(line)


def test_every_security_rule_that_a_folder_is_spared_has_its_reason_beside_it():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    spared = tomllib.loads(text)["tool"]["ruff"]["lint"]["per-file-ignores"]
    rules = {rule for rules in spared.values() for rule in rules if re.fullmatch(r"S[0-9]*", rule)}

    assert rules
    for rule in rules:
        assert re.search(rf'"{rule}",? # .{{10,}}', text), f"{rule} is spared without a reason"

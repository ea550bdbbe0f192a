"""The audit of dependencies tells apart what is clean, what is vulnerable, and what nobody looked up."""

import json
from datetime import date

import pytest

from shop.local import audit

TODAY = date(2026, 11, 22)
# As pip-audit 2.10 prints them.
CLEAN = {"name": "urllib3", "version": "2.6.3", "vulns": []}
UNKNOWN = {
    "name": "six",
    "skip_reason": "Dependency not found on PyPI and could not be audited: six (1.17.0)",
}
VULNERABLE = {
    "name": "django",
    "version": "4.2.1",
    "vulns": [{"id": "PYSEC-2023-100", "fix_versions": ["4.2.3"], "aliases": ["CVE-2023-36053"]}],
}
UNREACHABLE = (
    "Traceback (most recent call last):\n"
    "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='advisories.invalid', port=443)\n"
)


def printed(*packages):
    return json.dumps({"dependencies": packages, "fixes": []})


def judged(*packages, **options):
    return audit.judge(printed(*packages), "", today=TODAY, **options)


def until(day):
    return audit.Ignore(id="CVE-2023-36053", package="django", reason="The shop has no URLField.", until=day)


def test_packages_that_were_all_looked_up_and_have_nothing_are_clean(capsys):
    verdict = judged(CLEAN, CLEAN)

    assert verdict == audit.Verdict(audited=2, vulnerable=[], not_checked="")
    assert audit.report("dev.txt", verdict, required=True)
    assert capsys.readouterr().out == "   dev.txt: 2 packages looked up, no known vulnerability\n"


def test_packages_that_the_service_does_not_know_are_not_clean_but_not_checked(capsys):
    verdict = judged(CLEAN, UNKNOWN)

    assert verdict.audited == 1
    assert verdict.not_checked == f"1 of 2 packages; the first: {UNKNOWN['skip_reason']}"
    assert audit.report("dev.txt", verdict, required=False)
    assert not audit.report("dev.txt", verdict, required=True)
    assert "no known vulnerability" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("stdout", "stderr", "why"),
    [
        ("", UNREACHABLE, UNREACHABLE.splitlines()[-1]),
        ("", "", "pip-audit printed nothing"),
        ("{}", "an answer of another shape", "an answer of another shape"),
        (printed(), "", "0 of 0 packages; the first: no package was read from the locks"),
    ],
)
def test_an_audit_that_did_not_happen_is_not_checked(stdout, stderr, why):
    verdict = audit.judge(stdout, stderr, today=TODAY)

    assert verdict == audit.Verdict(audited=0, vulnerable=[], not_checked=why)
    assert not audit.report("dev.txt", verdict, required=True)


@pytest.mark.parametrize("required", [True, False])
def test_a_vulnerability_always_fails(required, capsys):
    verdict = judged(CLEAN, VULNERABLE)

    assert not audit.report("dev.txt", verdict, required=required)
    assert (
        capsys.readouterr().out == "   dev.txt: VULNERABLE: django 4.2.1: PYSEC-2023-100, mended in 4.2.3\n"
    )


def test_a_vulnerability_counts_although_something_else_could_not_be_looked_up():
    assert not audit.report("dev.txt", judged(UNKNOWN, VULNERABLE), required=False)


def test_an_ignored_vulnerability_fails_again_from_its_day_on():
    assert judged(VULNERABLE, ignored=[until(date(2026, 11, 23))]).vulnerable == []
    assert len(judged(VULNERABLE, ignored=[until(TODAY)]).vulnerable) == 1


def test_what_is_ignored_in_one_package_counts_in_another():
    other = {**VULNERABLE, "name": "flask"}

    assert len(judged(other, ignored=[until(date(2027, 1, 1))]).vulnerable) == 1


def test_every_rule_in_force_has_a_reason():
    assert all(rule.reason for rule in audit.IGNORED)

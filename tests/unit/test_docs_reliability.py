"""What the pages say of the last run of ``make chaos`` is what its report says."""

import re

import pytest

from tests.pages import DOCS, ROOT

REPORT = (DOCS / "chaos-report.md").read_text()


def found(pattern: str, text: str) -> tuple[str, ...]:
    """Return the groups of a pattern that a page holds once."""
    [match] = re.finditer(pattern, text)
    return match.groups()


@pytest.fixture
def survived() -> tuple[str, ...]:
    """How many faults the report says were survived, and of how many."""
    return found(r"\*\*Faults survived: (\d+)/(\d+)\.\*\*", REPORT)


def test_the_report_counts_its_own_rows(survived):
    rows = re.findall(r"^\| .+: `[\w-]+` \|", REPORT, flags=re.MULTILINE)

    assert [len(rows)] * 2 == [int(number) for number in survived]


def test_the_readme_names_as_many_faults_as_the_report(survived):
    assert found(r"`make chaos` breaks it in (\d+) ways", (ROOT / "README.md").read_text()) == survived[1:]


def test_the_page_about_reliability_begins_its_list_of_runs_with_the_reports_own(survived):
    told = found(
        r"\| `make chaos(?: JOBS=\d+)?`, seed (\w+) \| \*\*faults survived (\d+)/(\d+)\*\*, (\d+) promises broken; "
        r"slowest recovery ([\d.]+) s.*?, ([\d,]+) orders, ([\d,]+) requests",
        (DOCS / "reliability.md").read_text(),
    )

    assert told == (
        *found(r"· seed (\w+) ·", REPORT),
        *survived,
        *found(r"Promises broken: (\d+)\. Slowest recovery: ([\d.]+) s", REPORT),
        *found(r"Orders placed: ([\d,]+); requests: ([\d,]+);", REPORT),
    )

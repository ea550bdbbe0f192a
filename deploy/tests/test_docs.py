"""The operator's pages keep up with the templates. ``UPDATE_DOCS=1`` writes the table of findings anew."""

import os
import re
from collections import Counter

import pytest

from deploy import check
from deploy.commands.config_values import SECRETS
from deploy.tests.templates import PARTS, template

DOCS = check.ROOT / "docs"
BEGIN, END = "<!-- generated: findings -->\n", "<!-- end -->"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def headings(text: str) -> set[str]:
    return set(re.findall(r"^### (.+)$", text, flags=re.MULTILINE))


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_every_alarm_has_its_paragraph_in_the_runbook(stage: str) -> None:
    alarms = template(stage, "observability").properties("CloudWatch::Alarm")
    for alarm in alarms:
        name = alarm["AlarmName"].removeprefix(f"shop-{stage}-")
        assert alarm["AlarmDescription"].endswith(f"docs/runbook.md#{name}")
        assert name in headings(page("runbook.md")), name


def test_no_paragraph_is_for_an_alarm_that_there_is_not() -> None:
    _, _, last = page("runbook.md").partition("\n## Alarms\n")
    alarms = template("prod", "observability").properties("CloudWatch::Alarm")
    names = {alarm["AlarmName"].removeprefix("shop-prod-") for alarm in alarms}
    assert headings(last) - {"Other messages"} == names


def test_every_saved_query_is_explained_in_the_runbook() -> None:
    queries = template("prod", "observability").properties("Logs::QueryDefinition")
    names = {each["Name"].removeprefix("shop-prod/") for each in queries}
    assert set(re.findall(r"^\| `([\w-]+)` \| ", page("runbook.md"), flags=re.MULTILINE)) >= names


def test_every_stack_is_described() -> None:
    described = set(re.findall(r"^\| `shop-<stage>-(\w+)` ", page("deploy.md"), flags=re.MULTILINE))
    assert described == set(PARTS)


def test_every_secret_that_an_operator_may_set_is_named() -> None:
    text = page("deploy.md") + page("runbook.md")
    assert [
        name for name in SECRETS if f"make update-config {name} STAGE=" not in text and name not in text
    ] == []


def findings() -> str:
    """Rule, reason, and how many resources, without the ARN that a rule may name."""
    counted: Counter[tuple[str, str]] = Counter()
    for rule, reason, count in check.explained():
        counted[rule.partition("[")[0], reason] += count
    rows = [(rule, reason, str(count)) for (rule, reason), count in sorted(counted.items())]
    rows += [(f"cfn-lint {rule}", reason, "any") for rule, reason in check.IGNORED.items()]
    head = "| Rule | Why it is not followed | Resources |\n|---|---|---:|\n"
    return head + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def test_the_table_of_findings_is_that_of_the_templates() -> None:
    before, _, rest = page("deploy.md").partition(BEGIN)
    written, _, after = rest.partition(END)
    if os.environ.get("UPDATE_DOCS") == "1":
        (DOCS / "deploy.md").write_text(f"{before}{BEGIN}{findings()}{END}{after}", encoding="utf-8")
        return

    assert written == findings()

"""The table of attacks on the page about security is the one that is run.

``UPDATE_DOCS=1 make test-fast T=tests/unit/test_docs_security.py`` writes it; ``make attack`` writes what came of it.
"""

import os
import re
from collections import Counter

import pytest

from tests.attack.attack import KINDS
from tests.attack.catalogue import ATTACKS
from tests.attack.report import PAGE, RUN, TABLE, table
from tests.pages import ROOT, replace_section, section


def test_the_table_of_attacks_is_that_of_the_tests():
    if os.environ.get("UPDATE_DOCS") == "1":
        replace_section(ROOT / PAGE, TABLE, table(ATTACKS))

    assert section(ROOT / PAGE, TABLE) == table(ATTACKS)


def test_the_last_run_on_the_page_refused_every_attack():
    refused, tried = re.findall(r"\*\*Attacks refused: (\d+)/(\d+)\*\*", section(ROOT / PAGE, RUN))[0]

    assert (int(refused), int(tried)) == (len(ATTACKS), len(ATTACKS))


def test_there_are_at_least_98_attacks_and_no_two_are_called_the_same():
    assert len(ATTACKS) >= 98
    assert [name for name, times in Counter((a.kind, a.title) for a in ATTACKS).items() if times > 1] == []


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.kind}: {attack.title}")
def test_an_attack_says_what_is_expected_of_it(attack):
    assert attack.kind in KINDS
    assert "|" not in attack.title
    assert bool(attack.code) != bool(attack.effect)
    if attack.code:
        assert attack.status >= 400

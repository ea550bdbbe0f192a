"""The besieged shop of the run, and what is said of it at the end."""

import os

import pytest
from django.core.management import call_command

from products.sample import load_sample_catalogue
from tests.attack.evidence import LogReader
from tests.attack.report import PAGE, outcomes
from tests.attack.siege import besieged
from tests.attack.state import snapshot


def pytest_collection_modifyitems(items):
    """Look at the whole log when all attacks are over, in whatever order they came."""
    items.sort(key=lambda item: "test_after_the_siege" in item.nodeid)


def pytest_terminal_summary(terminalreporter, config):
    """Count; ``make attack`` writes it down too."""
    if outcomes.tried:
        for line in outcomes.lines():
            terminalreporter.write_line(line)
        if os.environ.get("ATTACK_REPORT") == "1":
            outcomes.write(config.rootpath / PAGE)


@pytest.fixture(scope="session")
def siege(tables, django_db_setup, django_db_blocker, tmp_path_factory):
    """The shop under attack, with its victims in it; emptied at the end."""
    with django_db_blocker.unblock():
        load_sample_catalogue()
        try:
            with besieged(tmp_path_factory.mktemp("siege")) as siege:
                siege.log = LogReader(shop.log for shop in siege.servers.values())
                siege.state = snapshot()
                yield siege
        finally:
            call_command("flush", interactive=False, verbosity=0)

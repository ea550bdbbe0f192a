"""How many resources of each type every stack has: a change shows in review. Renew: UPDATE_COUNTS=1 make synth."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from deploy.tests.templates import OUT, every_template, read

COUNTS = Path(__file__).parent / "resource_counts.json"


def test_the_stacks_have_the_resources_that_were_reviewed() -> None:
    found = {
        str(path.relative_to(OUT)).removesuffix(".template.json"): dict(
            sorted(Counter(each["Type"] for each in read(path).body["Resources"].values()).items())
        )
        for path in sorted(OUT.glob("*/*.template.json"))
    }
    if os.environ.get("UPDATE_COUNTS"):
        COUNTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        pytest.skip("the counts were renewed: read the difference")
    assert found == json.loads(COUNTS.read_text(encoding="utf-8"))


def test_no_availability_zone_is_a_dummy() -> None:
    """The CDK writes "dummy1a" where it would have had to ask AWS."""
    for each in every_template():
        assert "dummy" not in json.dumps(each.body), each.name

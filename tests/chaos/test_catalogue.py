"""The catalogue is whole; its quick slice runs with every ``make test``."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.catalogue import BOUNDARIES, QUICK, RECONCILER_BOUNDARIES, catalogue
from tests.chaos.catalogue_queue import SEND_BOUNDARIES, WORKER_BOUNDARIES
from tests.chaos.catalogue_staff import STAFF_BOUNDARIES

ROOT = Path(__file__).resolve().parents[2]
SLICE_SECONDS = 280


def test_every_failpoint_of_the_code_has_a_case():
    source = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("orders/*.py"))
    named = set(re.findall(r'failpoint\("(\w+)"\)', source))
    kinds = set(re.findall(r'\bcommit\("(\w+)"\)', source)) | set(re.findall(r'kind="(\w+)"', source))
    commits = {f"{when}_commit_{kind}" for kind in kinds for when in ("before", "after")}

    assert named | commits == {
        *BOUNDARIES,
        *RECONCILER_BOUNDARIES,
        *SEND_BOUNDARIES,
        *WORKER_BOUNDARIES,
        *STAFF_BOUNDARIES,
    }


def test_there_are_at_least_fifty_faults_and_the_slice_is_among_them():
    names = {case.name for case in catalogue()}

    assert len(names) >= 50
    assert set(QUICK) <= names


@pytest.mark.journey
@pytest.mark.mysql
@pytest.mark.real_dynamodb
@pytest.mark.skipif(sys.platform != "linux", reason="kills and proxies were only tried on Linux")
def test_the_quick_slice_is_survived():
    variables = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")}

    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--slice", "quick"],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        timeout=SLICE_SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"faults survived: {len(QUICK)}/{len(QUICK)}" in done.stdout

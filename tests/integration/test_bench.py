"""The benchmark measures what it says, and sees what is wrong: a short run of it, and its judgement."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.bench import measure, report
from tests.bench.client import Slice
from tests.pages import rows

ROOT = Path(__file__).resolve().parents[2]
TARGETS = {
    "product by id", "product by id, with a token", "product page (20)", "category page (20)", "order", "order detail",
    "order list (20)",
}  # fmt: skip
SECONDS = 240


@pytest.mark.mysql
@pytest.mark.real_dynamodb
def test_a_short_run_measures_every_target_and_everything_in_it_is_right():
    command = [sys.executable, "-m", "tests.bench", "--rounds", "1", "--seconds", "0.1", "--products", "60"]
    ran = subprocess.run(
        [*command, "--workers", "1", "--connections", "2"],
        cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip

    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    measured = rows(ran.stdout.partition("| figure |")[0])
    assert {(row[0], row[1]) for row in measured} == {
        *((target, service) for target in TARGETS for service in ("shop", "thin")),
        ("product by id", "bare"),
        *((operation, "raw") for operation in measure.RAW),
    }
    assert {row[report.HEAD.index("errors")] for row in measured} == {"0"}
    assert all(len(row) == len(report.HEAD) for row in measured)
    assert "the oracle: all books balance, nothing oversold, nothing doubled, 0 errors" in ran.stdout


def sample(target, service, *, cpu, connections=1):
    return measure.Sample(
        target, service, connections, requests=10, seconds=1.0, milliseconds=[1.0] * 10, cpu_ms=cpu
    )


def results_of(*samples):
    found = measure.Results(memory={"shop": [80.0, 90.0]})
    for each in samples:
        found.samples[each.target, each.service, each.connections] = each
    return found


def test_a_ratio_is_the_median_of_the_rounds_each_with_its_own_reference():
    results = results_of(
        sample("product by id", "shop", cpu=[2.0, 8.0, 3.0]),
        sample("product by id", "thin", cpu=[2.0, 4.0, 2.0]),
        sample("product by id", "bare", cpu=[0.5, 0.5, 0.5]),
        sample("GetItem", "raw", cpu=[1.5, 1.5, 1.5]),
    )

    told = {row[0]: row[1:] for row in rows(report.targets_table(results))}

    assert told["product by id: CPU ÷ thin"] == ["≤ 1.0", "1.50", "**no**"]
    assert told["product by id − bare − raw GetItem"] == ["≤ 1 ms CPU", "1.00 ms", "yes"]
    assert told["memory of a worker (PSS)"] == ["≤ 120 MB", "90.00 MB", "yes"]
    assert told["order: CPU ÷ thin"] == ["≤ 1.6", "not measured", ""]


def test_an_answer_of_another_status_is_an_error():
    one = measure.Sample("order", "shop", 1)

    measure._add(
        one,
        {"statuses": {"201": 3, "503": 2, "lost": 1}, "seconds": 1.0, "milliseconds": [1.0] * 6},
        status=201,
        used=[0.6, 0.3, 0.1],
    )

    assert (one.requests, one.errors, one.wrong) == (6, 3, Counter({"503": 2, "lost": 1}))
    assert one.cpu_ms == [pytest.approx(100.0)]


def test_a_keyed_request_never_goes_out_twice():
    work = Slice(requests=[b"key-{n}"], keyed=True, numbers=iter(range(7, 9)), until=float("inf"), left=2)

    assert [work.next(), work.next(), work.next()] == [b"key-000000000007", b"key-000000000008", None]


def test_the_reference_is_as_short_as_it_says_and_says_what_it_leaves_out():
    thin = (ROOT / "tests" / "bench" / "thin.py").read_text(encoding="utf-8")

    assert len(thin.splitlines()) <= 150
    assert re.search(r"It leaves out: recovery .*, idempotency keys", thin, re.DOTALL)


def test_the_short_way_of_reads_stays_short():
    assert len((ROOT / "shop" / "dynamo_reads.py").read_text(encoding="utf-8").splitlines()) <= 150


def test_the_journey_names_every_route_once():
    journey = (ROOT / "tests" / "bench" / "journey.py").read_text(encoding="utf-8")
    names = re.findall(r'name="([^"]+)"', journey)

    assert sorted(names) == sorted(set(names))
    assert len(names) == 6

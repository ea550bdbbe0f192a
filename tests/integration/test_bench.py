"""The benchmark measures what it says, and sees what is wrong: a short run of it, and its judgement."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.bench import measure, report, soak, targets
from tests.bench.cgroup import CpuGroup, NoGroup, cpu_group
from tests.bench.client import Slice
from tests.bench.conflicts import items_of
from tests.bench.parts import limits, profiles
from tests.bench.targets import Target
from tests.pages import rows

ROOT = Path(__file__).resolve().parents[2]
TARGETS = {
    "product by id", "product by id, with a token", "product page (20)", "category page (20)", "order", "order detail",
    "order list (20)",
}  # fmt: skip
SECONDS = 300
PARTS = (
    "cold",
    "tokens",
    "limits",
    "queue",
    "hot",
)  # each of those that only start and load once more is left out


@pytest.mark.mysql
@pytest.mark.real_dynamodb
def test_a_short_run_measures_every_target_and_everything_in_it_is_right():
    command = [sys.executable, "-m", "tests.bench", "--rounds", "1", "--seconds", "0.1", "--products", "60"]
    ran = subprocess.run(
        [*command, "--workers", "1", "--connections", "2", "--share", "0.05", "--parts", ",".join(["rounds", *PARTS])],
        cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip

    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    measured = rows(ran.stdout.partition("| workers |")[0])
    assert {(row[0], row[1]) for row in measured} == {
        *((target, service) for target in TARGETS for service in ("shop", "thin")),
        ("product by id", "bare"),
        *((operation, "raw") for operation in measure.RAW),
    }
    assert {row[report.HEAD.index("errors")] for row in measured} == {"0"}
    assert all(len(row) == len(report.HEAD) for row in measured)
    assert "the oracle: all books balance, nothing oversold, nothing doubled, 0 errors" in ran.stdout
    told = {row[0]: row[2] for row in rows("| figure |" + ran.stdout.partition("| figure |")[2])}
    assert told["one product, a thousand buyers: units oversold"] == "0"
    assert [figure for figure, measured in told.items() if measured == "not measured"] == [
        "product by id − bare − raw GetItem",
        "product by id, 1 connection: p50",
        "product by id, 1 connection: p99",
        "order, 100 connections: mean",
    ]  # nothing has one or a hundred connections


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

    told = {row[0]: row[1:] for row in rows(report.goals_table(report.goals(results)))}

    assert told["product by id: CPU ÷ thin"] == ["≤ 1.0", "1.50", "**no**"]
    assert told["product by id − bare − raw GetItem"] == ["≤ 1 ms CPU", "1.00 ms", "yes"]
    assert told["memory of a worker (PSS)"] == ["≤ 120 MB", "90.00 MB", "yes"]
    assert told["order: CPU ÷ thin"] == ["≤ 1.6", "not measured", ""]


@pytest.mark.parametrize(
    ("limit", "met"), [(1.0, "yes"), (0.9, "**no**"), (None, "")], ids=["met", "missed", "to be published"]
)
def test_a_target_says_whether_it_is_met_unless_it_is_only_to_be_published(limit, met):
    goal = report.Goal(figure="a figure", at_most="a target", measured=1.0, limit=limit)

    assert goal.row() == f"| a figure | a target | 1.00 | {met} |\n"


def test_an_answer_of_another_status_is_an_error():
    one = measure.Sample("order", "shop", 1)

    measure._add(
        one,
        {"statuses": {"201": 3, "503": 2, "lost": 1}, "seconds": 1.0, "milliseconds": [1.0] * 6},
        right=(201,),
        used=[0.6, 0.3, 0.1],
    )

    assert (one.requests, one.errors, one.wrong) == (6, 3, Counter({"503": 2, "lost": 1}))
    assert one.cpu_ms == [pytest.approx(100.0)]


def test_a_keyed_request_never_goes_out_twice():
    work = Slice(requests=[b"key-{n}"], keyed=True, numbers=iter(range(7, 9)), until=float("inf"), left=2)

    assert [work.next(), work.next(), work.next()] == [b"key-000000000007", b"key-000000000008", None]


def test_requests_at_a_pace_count_from_when_they_were_due():
    work = Slice(requests=[b"a"], keyed=False, numbers=iter(range(99)), until=2.0, left=99, rate=4.0, due=0.0)

    moments = []
    while work.next():
        moments.append(work.due)

    assert moments == sorted(moments)
    assert len(moments) == len({*moments}) > 1
    assert max(moments) < 2.0 <= work.due


def test_a_mix_has_what_customers_do_in_the_shares_of_the_journey():
    journey = (ROOT / "tests" / "bench" / "journey.py").read_text(encoding="utf-8")
    tasks = re.findall(r'@task\((\d+)\).*?name="([^"]+)"', journey, re.DOTALL)
    routes = {
        "GET /products": "product page (20)",
        "GET /products?category": "category page (20)",
        "GET /products/{id}": "product by id",
        "POST /orders": "order",
        "GET /orders": "order list (20)",
        "GET /orders/{id}": "order detail",
    }
    known = [Target(name=name, requests=[name]) for name in targets.MIX]

    mixed = targets.mix(known)

    assert {routes[name]: int(weight) for weight, name in tasks} == targets.MIX
    shares = {name: share * targets.MIX_ROUNDS for name, share in targets.MIX.items()}
    assert Counter(mixed.requests) == shares
    assert (mixed.status, mixed.also, mixed.keyed) == (200, (201,), True)


@pytest.mark.parametrize("version", [1, 2])
def test_a_control_group_of_either_version_limits_the_processor(tmp_path, version):
    files = ["cpu.max"] if version == 2 else ["cpu.cfs_period_us", "cpu.cfs_quota_us"]
    for name in files:
        (tmp_path / name).touch()

    CpuGroup(tmp_path).limit(0.25)

    written = [(tmp_path / name).read_text() for name in files]
    assert written == (["25000 100000"] if version == 2 else ["100000", "25000"])


def test_where_no_control_group_can_be_made_the_table_says_so(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text("tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup /nowhere/cpu cgroup rw,cpu 0 0\n")

    with pytest.raises(NoGroup) as refusal, cpu_group(mounts=mounts):
        pass

    goals = limits._goals(None, None, why=str(refusal.value))
    assert [goal.row().split(" | ")[2:] for goal in goals] == [
        ["not measured: needs a writable cgroup", " |\n"]
    ] * 2


def test_a_sample_counts_for_whoever_called_pythons_own_libraries():
    stacks = (
        "run (/lib/threading.py);post (/shop/orders/views.py);execute (/x/django/db/utils.py);query (/x/MySQLdb/a.py) 3\n"
        "run (/lib/threading.py);post (/main/orders/views.py);dumps (/lib/json/__init__.py) 5\n"
        "run (/lib/threading.py) 2\n"
    )

    assert profiles.shares(stacks) == {
        "MySQL's driver": 0.3, "orders: saga, record, payment": 0.5, profiles.REST: 0.2,
    }  # fmt: skip


def transaction(*products, order="a"):
    put = {"Put": {"TableName": "Holds", "Item": {"orderUid": {"S": order}}}}
    updates = [{"Update": {"TableName": "Shelf", "Key": {"productId": {"S": name}}}} for name in products]
    return json.dumps({"TransactItems": [put, *updates]}).encode()


def test_sales_of_one_item_meet_in_the_gate_and_others_do_not():
    one, same, other = (
        items_of(transaction(name, order=order)) for name, order in (("mug", "a"), ("mug", "b"), ("cup", "c"))
    )

    assert len(one & same) == 1
    assert not one & other


def test_the_memory_is_told_at_the_tenth_the_half_and_the_end():
    looks = list(range(0, 1001, 100))
    course = soak.Course(
        requests=looks, memory=[[80.0 + look / 100 for look in looks], [90.0] * 11], minutes=2
    )

    text = soak.section(course, errors=0)

    assert rows(text) == [
        ["growth of a worker over 1,000 requests, since the first tenth", "≤ 5 MB", "9.00 MB", "**no**"],
        ["1", "80.0", "81.0", "85.0", "90.0", "+9.0"],
        ["2", "90.0", "90.0", "90.0", "90.0", "+0.0"],
    ]
    assert soak.chart(course).count("<polyline") == 2


def test_the_page_has_a_place_for_everything_that_is_measured():
    parts = [
        "run",
        "targets",
        "all",
        "before and now",
        "load",
        "memory",
        "cold start",
        "tokens",
        "workers",
        "limits",
    ]

    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")

    for name in [*parts, "asynchronous", "hot product", "profiles"]:
        assert page.count(f"<!-- generated: {name} -->\n") == 1, name


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

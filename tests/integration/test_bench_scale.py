"""The shop beside large tables: a short run of that benchmark, what it fills its tables with, and its judgement."""

import argparse
import subprocess
import sys
import xml.etree.ElementTree as ET
from math import gcd
from pathlib import Path
from types import SimpleNamespace

import pytest

from orders.models import Order
from tests import scale
from tests.bench import fill, scale_report
from tests.bench.measure import Results, Sample
from tests.bench.sides import filling
from tests.bench.stage import STOCK, shelve
from tests.chaos.mariadb import MariaDB
from tests.pages import rows

ROOT = Path(__file__).resolve().parents[2]
FEW, MANY = 1_000, 4_000
SECONDS = 400
CALLS = [
    "order", "order detail", "order list (20)", "order list, by status", "admin: orders", "admin: orders, one status",
    "admin: search: an address", "admin: search: a number", "admin: one order", "product by id",
    "product page (20)", "product page, in the middle", "category page (20)",
]  # fmt: skip
NOT_BY_ROWS = {
    "order",  # an order now and then sees what another left behind
    "admin: search: an address",  # all orders of that customer, who has a few more or less
}


@pytest.mark.mysql
@pytest.mark.real_dynamodb
def test_a_short_run_measures_every_call_beside_both_sizes_and_no_more_rows_are_read_beside_the_larger_one():
    command = [sys.executable, "-m", "tests.bench.scale", "--rounds", "1", "--seconds", "0.2"]
    sizes = {"--few-orders": FEW, "--orders": MANY, "--few-products": 60, "--products": 240}
    ran = subprocess.run(
        [*command, *(str(word) for pair in sizes.items() for word in pair), "--buffer-pool-mb", "128"],
        cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip

    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    assert "0 errors; the books balance on both sides" in ran.stdout
    measured = rows(ran.stdout.partition("| call |")[2])
    assert [row[0] for row in measured] == CALLS
    assert {len(row) for row in measured} == {len(scale_report.HEAD)}
    small, large = (scale_report.HEAD.index(f"{size}: rows") for size in ("small", "large"))
    read = {row[0]: (row[small], row[large]) for row in measured if row[0] not in NOT_BY_ROWS}
    assert {name: two for name, two in read.items() if two[0] != two[1]} == {}


# ---- what the tables are filled with -----------------------------------------------------------------------


@pytest.mark.parametrize("orders", [1, 300, 1_000, 50_000, 10_000_000])
def test_customers_are_about_one_to_a_hundred_orders_and_each_has_every_outcome_as_often(orders):
    customers = fill.customers_of(orders)

    assert gcd(customers, 100) == 1
    assert customers == 1 or 0.8 < orders / customers / fill.ORDERS_EACH < 1.25


@pytest.fixture
def empty_tables():
    scale.empty()
    yield
    scale.empty()


@pytest.mark.mysql
@pytest.mark.django_db(transaction=True)
def test_the_books_tell_of_orders_that_are_not_there_and_of_promises_broken(empty_tables, tables):
    scale.fill(40, days=3)
    placed = 40 + scale.TODAYS

    assert Order.objects.count() == placed
    assert fill.books(orders=40, placed=0) == []
    missing, *promises = fill.books(orders=40, placed=2)
    assert missing == "2 orders were answered with 201, and 0 are recorded"
    assert f"I4  order {placed}: PROCESSING, but holds no stock" in promises


@pytest.mark.real_dynamodb
def test_the_books_tell_of_units_that_were_sold_and_are_still_on_the_shelf(tables):
    shelve(["prod_scale_a", "prod_scale_b"], stock=STOCK - 3)

    faults = fill._stock_faults({"prod_scale_a": 3, "prod_scale_b": 5, "prod_scale_none": 1})

    assert faults == [
        "prod_scale_b: 5 units were sold, and 3 left the shelf",
        "prod_scale_none: 1 units were sold, and None left the shelf",
    ]


@pytest.mark.mysql
def test_the_database_is_durable_again_once_it_is_filled(tmp_path):
    asked = "SELECT @@innodb_flush_log_at_trx_commit, @@innodb_io_capacity, @@innodb_max_dirty_pages_pct"
    database = MariaDB(tmp_path)
    database.start()
    try:
        (before,) = database.run(asked)
        with filling(database):
            (meanwhile,) = database.run(asked)
        (after,) = database.run(asked)
    finally:
        database.stop()

    assert (before[0], meanwhile[0]) == (1, 0)
    assert after == before


# ---- judgement ---------------------------------------------------------------------------------------------


def sample(name, *, cpu, store):
    return Sample(
        name, "shop", 4, requests=10, seconds=1.0, milliseconds=[2.0] * 10, cpu_ms=cpu, store_ms=store
    )


def side(samples):
    results = Results(samples={(each.target, "shop", 4): each for each in samples})
    read = {each.target: [21.0] for each in samples}
    return SimpleNamespace(
        results=results, rows=read, filled={"rows": {"orders": 5_300, "payments": 4_876}, "seconds": 90.0}
    )


def run_of(*, large_cpu):
    options = argparse.Namespace(
        connections=4, orders=5_000, few_orders=1_000, products=2_000, few_products=1_000, rounds=3, seconds=1.0,
        buffer_pool_mb=64,
    )  # fmt: skip
    small = side([sample(name, cpu=[2.0, 4.0, 2.0], store=[1.0, 1.0, 1.0]) for name in CALLS])
    large = side([sample(name, cpu=large_cpu, store=[1.0, 1.0, 1.0]) for name in CALLS])
    return scale_report.Run(small=small, large=large, options=options, minutes=2.0)


def test_a_ratio_is_that_of_service_and_stores_together_round_by_round():
    few = sample("order", cpu=[2.0, 4.0, 2.0], store=[1.0, 1.0, 1.0])
    many = sample("order", cpu=[2.0, 5.0, 8.0], store=[4.0, 1.0, 1.0])

    assert scale_report.ratio(few, many) == pytest.approx(2.0)  # of 2.0, 1.2 and 3.0


def test_a_call_that_grew_misses_its_target_in_the_table_and_is_red_in_the_chart():
    grown, flat = run_of(large_cpu=[5.0, 9.0, 5.0]), run_of(large_cpu=[2.0, 4.0, 2.0])

    assert {tuple(row[1:]) for row in rows(scale_report.section(grown).partition("| call |")[0])} == {
        ("≤ 1.1", "2.00", "**no**")
    }
    assert {tuple(row[1:]) for row in rows(scale_report.section(flat).partition("| call |")[0])} == {
        ("≤ 1.1", "1.00", "yes")
    }
    drawn = [
        {
            bar.get("fill")
            for bar in ET.fromstring(scale_report.chart(scale_report.ratios(run))).findall("{*}rect")
        }
        for run in (grown, flat)
    ]
    assert drawn == [{"#ffffff", scale_report.BAD}, {"#ffffff", scale_report.GOOD}]

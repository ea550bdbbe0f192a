"""The black-box script finds nothing wrong, in both access modes."""

import json
import os
import subprocess
import sys
import uuid

import pytest

from tests.journeys.conftest import ROOT, Shop, make_account, sign_in

pytestmark = [pytest.mark.journey, pytest.mark.dynamodb, pytest.mark.cognito]


def smoke(shop: Shop, *arguments: str, **tokens: str) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "smoke.py"), shop.url, *arguments],
        env={**os.environ, **tokens},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def tokens(shop: Shop) -> dict[str, str]:
    make_account(customer := f"{uuid.uuid4().hex}@example.com")
    make_account(admin := f"{uuid.uuid4().hex}@example.com", admin=True)
    return {"SMOKE_TOKEN": sign_in(shop, customer), "SMOKE_ADMIN_TOKEN": sign_in(shop, admin)}


def test_the_whole_contract_holds_where_anyone_may_buy(open_shop):
    assert ", 0 failed" in smoke(open_shop, **tokens(open_shop))


def test_the_whole_contract_holds_where_one_must_sign_in(closed_shop_server):
    assert ", 0 failed" in smoke(closed_shop_server, **tokens(closed_shop_server))


def test_the_read_only_part_changes_nothing(open_shop):
    before = open_shop.send("GET", "/products?limit=100").body["products"]

    assert ", 0 failed" in smoke(open_shop, "--read-only")

    assert open_shop.send("GET", "/products?limit=100").body["products"] == before


def test_the_canary_tells_its_outcome_in_one_line(open_shop):
    canary = json.loads(smoke(open_shop, "--read-only", "--json"))

    assert canary.pop("passed") > 20
    assert canary.pop("seconds") > 0
    assert canary == {
        "canary": "smoke",
        "url": open_shop.url,
        "readOnly": True,
        "ok": True,
        "failed": 0,
        "failures": [],
    }


def test_a_canary_that_finds_nobody_says_so():
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "smoke.py"), "http://127.0.0.1:9", "--read-only", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    (line,) = done.stdout.splitlines()
    told = json.loads(line)
    assert (told["ok"], told["failed"]) == (False, 1)
    assert told["failures"] == [{"check": "somebody answers", "faults": ["nothing answers at this address"]}]

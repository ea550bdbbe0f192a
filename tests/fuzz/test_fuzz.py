"""Schemathesis over the committed schema: every answer is documented, of its documented shape, and never a 5xx.

``make test`` sends a short run, the same each time; ``make fuzz`` sends as many requests as one likes
(``FUZZ_REQUESTS``, ``FUZZ_SEED``) and keeps the figures in docs/security.md.
"""

import logging
import os
import secrets
import sys
import time

import pytest
from botocore.exceptions import ClientError

from products.sample import load_sample_catalogue
from shop.aws import cognito_client
from tests.fuzz import plan
from tests.fuzz.campaign import DOCUMENT, Tally
from tests.pages import DOCS

pytestmark = [pytest.mark.dynamodb, pytest.mark.cognito]

REQUESTS = int(os.environ.get("FUZZ_REQUESTS") or 0)
SEED = int(os.environ.get("FUZZ_SEED") or (secrets.randbelow(2**31) if REQUESTS else 4))
OPERATIONS = {
    f"{method.upper()} {path}" for path, operations in DOCUMENT["paths"].items() for method in operations
}


@pytest.fixture
def shop(transactional_db, tables, settings, monkeypatch):
    """The application with its sample catalogue; of its log only what is an error."""

    def guess(**_request):
        raise ClientError({"Error": {"Code": "CodeMismatchException"}}, "VerifyUserAttribute")

    # The stand-in for Cognito does not know this call; the real one answers a guessed code so.
    monkeypatch.setattr(cognito_client(), "verify_user_attribute", guess)
    # Before each request schemathesis looks for Flask, on the whole of the path.
    monkeypatch.setitem(sys.modules, "flask", None)
    load_sample_catalogue()
    logging.disable(logging.WARNING)
    yield settings
    logging.disable(logging.NOTSET)


def run(campaigns, tally, settings, *, requests):
    for campaign in campaigns:
        settings.REQUIRE_AUTH = not campaign.open_mode
        campaign.run(tally)
        if tally.requests >= requests:
            return


def assert_nothing_failed(tally):
    told = "\n\n".join(f"{name}\n{how}" for name, how in list(tally.failures.items())[:20])
    assert not tally.failures, f"{len(tally.failures)} failures with SEED={SEED}:\n{told}"
    assert set(tally.by_operation) == OPERATIONS


@pytest.mark.skipif(bool(REQUESTS), reason="a long run was asked for")
def test_every_answer_of_a_short_run_is_as_the_schema_says(shop):
    tally = Tally()

    run(plan.short(SEED), tally, shop, requests=5_000)

    assert_nothing_failed(tally)
    assert tally.by_phase.keys() == {"examples", "coverage", "fuzzing", "stateful"}


if REQUESTS:

    def test_every_answer_of_a_long_run_is_as_the_schema_says(shop):
        began = time.monotonic()
        tally = Tally()
        tally.on_request = plan.Progress(tally)
        print(f"\nSEED={SEED}, {REQUESTS:,} requests")

        run(plan.long(SEED, REQUESTS), tally, shop, requests=REQUESTS)

        figures = plan.table(tally, seed=SEED, seconds=time.monotonic() - began)
        print(f"\n{figures}")
        assert_nothing_failed(tally)
        plan.insert(DOCS / "security.md", figures)

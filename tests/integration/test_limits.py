"""The limits on a real DynamoDB: many at once, several processes, and what is stored."""

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from shop import limits
from shop.aws import dynamodb_connection
from shop.errors import TooManyRequestsError
from shop.limits import Limit, RateCounter, ensure_left, give_back, spend

pytestmark = [pytest.mark.dynamodb, pytest.mark.usefixtures("tables", "patient_dynamodb")]

# One window for the whole test, whenever it runs.
TRIES = Limit(setting="LIMIT_LOGIN_PER_ACCOUNT", window_seconds=10**9)
PROCESS = """
import sys
import django
django.setup()
from shop import aws
from tests.integration.test_limits import try_together
aws.DYNAMODB_READ_SECONDS = 30  # a loaded machine is no part of the test
aws.dynamodb_connection()  # made beforehand, as gunicorn does
print(try_together(int(sys.argv[1]), sys.argv[2])["passed"])
"""


def outcome(subject):
    try:
        spend(TRIES, subject)
    except TooManyRequestsError:
        return "refused"
    return "passed"


def try_together(times, subject):
    with ThreadPoolExecutor(max_workers=times) as pool:
        return Counter(pool.map(lambda _: outcome(subject), range(times)))


@pytest.fixture
def subject(settings):
    """Somebody with ten tries."""
    settings.LIMIT_LOGIN_PER_ACCOUNT = 10
    return f"{uuid4()}@example.com"


def stored(subject):
    key, _ = limits._counter_of(TRIES, subject)
    return RateCounter.get(key, consistent_read=True)


@pytest.mark.real_dynamodb
@pytest.mark.parametrize("processes", [1, 2, 4])
def test_of_100_at_once_exactly_10_pass_however_many_processes_share_the_limit(
    subject, monkeypatch, processes
):
    monkeypatch.setenv("LIMIT_LOGIN_PER_ACCOUNT", "10")
    monkeypatch.setenv("LOG_LEVEL", "WARNING")  # refusals are logged where the number is printed

    def run(_):
        command = [sys.executable, "-c", PROCESS, str(100 // processes), subject]
        return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, timeout=120).stdout

    with ThreadPoolExecutor(max_workers=processes) as pool:
        passed = sum(int(printed) for printed in pool.map(run, range(processes)))

    assert passed == 10
    assert stored(subject).spent == 10


def test_what_is_refused_counts_nothing_and_what_is_given_back_can_be_spent_again(subject):
    units = [spend(TRIES, subject) for _ in range(10)]
    assert [outcome(subject) for _ in range(3)] == ["refused"] * 3
    with pytest.raises(TooManyRequestsError):
        ensure_left(TRIES, subject)

    give_back(units[0])

    assert stored(subject).spent == 9
    ensure_left(TRIES, subject)
    assert [outcome(subject), outcome(subject)] == ["passed", "refused"]


def test_more_than_was_spent_cannot_be_given_back(subject):
    unit = spend(TRIES, subject)
    for _ in range(3):
        give_back(unit)

    assert stored(subject).spent == 0


def test_a_counter_expires_with_its_window(subject):
    spend(TRIES, subject)

    assert stored(subject).expires_at.timestamp() == 2 * 10**9


@pytest.mark.real_dynamodb
def test_the_table_was_made_to_forget():
    client: Any = dynamodb_connection().client
    answer = client.describe_time_to_live(TableName=RateCounter.Meta.table_name)

    assert answer["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expiresAt"}

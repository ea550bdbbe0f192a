"""The background process as a process: it does everything, stops cleanly, and is seen to hang when it does."""

import json
import os
import signal
import subprocess
import sys
import threading
from typing import Any, cast

import pytest
from django.core.management import call_command

from orders import worker
from orders.models import Order
from orders.payments.gateway import PaymentOutcomeUnknown
from orders.worker import Worker
from tests.integration.operations.test_figures import Silent
from tests.queues import ROOT, database_url, new_queues, wait_until

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def queues(settings, db):
    with new_queues(settings) as queues:
        yield queues


@pytest.fixture
def background(tmp_path, queues):
    """The process, and a look into its log."""
    log = tmp_path / "log"
    env = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "ORDER_PROCESSING": "async",
        "ORDER_QUEUE_URL": queues.url,
        "MOCK_PAYMENT_SUCCESS_RATE": "1",
        "LOG_FORMAT": "json",
        "HEARTBEAT_DIR": str(tmp_path / "heartbeats"),
    }
    command = [sys.executable, "manage.py", "run_background", "--threads", "2"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    yield process, log
    if process.poll() is None:
        process.kill()
    process.wait()


def health(tmp_path):
    return subprocess.run(
        [sys.executable, "-m", "shop.probe", "--heartbeat"],
        env={**os.environ, "HEARTBEAT_DIR": str(tmp_path / "heartbeats")},
        capture_output=True,
        text=True,
        check=False,
    )


def settled(order):
    return Order.objects.filter(pk=order.pk, step="DONE").exists()


def test_one_process_settles_the_queue_and_the_table_and_writes_figures(
    empty_catalogue, buy, make_product, queues, background, tmp_path, settings
):
    process, log = background
    mug = make_product()
    queued = buy(mug, 1)
    settings.ORDER_PROCESSING = "sync"

    left_open = buy(mug, 1, gateway=Silent())

    wait_until(lambda: settled(queued) and settled(left_open))
    wait_until(lambda: "OrdersVerified" in log.read_text())
    assert queues.count() == 0
    probed = health(tmp_path)
    assert (probed.returncode, probed.stderr) == (0, "")
    assert sorted(file.name for file in (tmp_path / "heartbeats").iterdir()) == [
        "figures",
        "forget",
        "reconciler-1",
        "reconciler-2",
        "sales",
        "verify",
        "worker",
    ]

    process.send_signal(signal.SIGTERM)
    assert process.wait(29) == 0, log.read_text()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert not [line for line in lines if line.get("level") in {"error", "critical"}]
    assert {"OpenOrders", "QueueMessages", "DeadLetters"} <= {name for line in lines for name in line}
    mug.assert_books_balance()


def test_a_worker_whose_order_hangs_is_silent_and_one_that_only_waits_is_not(
    queues, buy, mug, settings, monkeypatch
):
    monkeypatch.setattr(worker, "STUCK_SECONDS", -settings.ORDER_BUDGET_SECONDS + 0.5)
    release, beats = threading.Event(), []

    class Hung:
        needs_payment_method = False

        def available(self):
            return True

        def charge(self, **_):
            release.wait(30)
            raise PaymentOutcomeUnknown("at last")

    idle = Worker(gateway=cast(Any, Hung()), concurrency=2, poll_seconds=0, beat=lambda: beats.append(1))
    thread = threading.Thread(target=idle.run)
    thread.start()
    try:
        wait_until(lambda: len(beats) > 2)
        order = buy(mug, 1)
        wait_until(lambda: Order.objects.filter(pk=order.pk, step="CHARGING").exists())
        release.wait(1)
        silent_at = len(beats)
        release.wait(1)
        assert len(beats) == silent_at

        release.set()
        wait_until(lambda: len(beats) > silent_at)
    finally:
        release.set()
        idle.stop()
        thread.join(40)
    assert not thread.is_alive()


def test_the_worker_is_left_out_where_there_is_no_queue(settings):
    from orders.background import background_loops

    settings.ORDER_QUEUE_URL = ""
    assert [loop.name for loop in background_loops(threads=1)] == [
        "reconciler-1",
        "forget",
        "figures",
        "sales",
        "verify",
    ]
    settings.VERIFY_EVERY_MINUTES = 0
    assert "verify" not in [loop.name for loop in background_loops(threads=1)]


def test_a_short_poll_makes_stopping_quick(monkeypatch):
    asked = []
    module = "orders.management.commands.run_background"
    monkeypatch.setattr(f"{module}.background_loops", lambda **options: asked.append(options))
    monkeypatch.setattr(f"{module}.run_until_stopped", lambda loops: None)

    call_command("run_background")
    call_command("run_background", "--threads", "1", "--poll-seconds", "2")

    assert asked == [{"threads": 4, "poll_seconds": 20}, {"threads": 1, "poll_seconds": 2}]


def test_watching_by_the_older_commands_runs_the_same_loops(monkeypatch, settings):
    ran = []
    for command in ("process_orders", "reconcile_orders"):
        monkeypatch.setattr(
            f"orders.management.commands.{command}.run_until_stopped",
            lambda loops: ran.append([loop.name for loop in loops]),
        )
    settings.ORDER_QUEUE_URL = "http://127.0.0.1:9/1/orders"

    call_command("process_orders")
    call_command("reconcile_orders", "--watch", "--threads", "1")

    assert ran == [["worker"], ["reconciler-1", "forget"]]

"""For tests of asynchronous mode: a queue of one's own, what is on it, and workers as processes."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from orders import queue
from orders.queue import Message
from shop.aws import sqs_client

ROOT = Path(__file__).resolve().parents[1]


def count_messages(client: Any, url: str) -> int:
    """How many messages are on a queue: visible, in somebody's hands, and delayed."""
    counts = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    names = ("Messages", "MessagesNotVisible", "MessagesDelayed")
    return sum(int(counts[f"ApproximateNumberOf{name}"]) for name in names)


@dataclass(frozen=True)
class Queues:
    """The queue in force and its dead-letter queue."""

    url: str

    def put(self, body: str) -> None:
        """Send anything at all."""
        sqs_client().send_message(QueueUrl=self.url, MessageBody=body)

    def take(self, *, most: int = 10, wait_seconds: int = 0, hide_seconds: int = 30) -> list[Message]:
        """Receive as a worker does."""
        return queue.receive(most=most, wait_seconds=wait_seconds, hide_seconds=hide_seconds)

    def count(self) -> int:
        """How many messages there are."""
        return count_messages(sqs_client(), self.url)

    def dead(self) -> list[str]:
        """The bodies on the dead-letter queue, which keeps them."""
        answer = sqs_client().receive_message(
            QueueUrl=self.url + queue.DEAD_LETTERS_SUFFIX, MaxNumberOfMessages=10, VisibilityTimeout=0
        )
        return [message["Body"] for message in answer.get("Messages", [])]


@contextmanager
def new_queues(overrides: Any) -> Iterator[Queues]:
    """Make queues that no other test uses and switch to asynchronous mode (``overrides``: the settings fixture)."""
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    overrides.ORDER_QUEUE_URL = f"{endpoint}/000000000000/orders-{uuid.uuid4().hex}"
    overrides.ORDER_PROCESSING = "async"
    queues = Queues(queue.create_queues())
    yield queues
    for url in (queues.url, queues.url + queue.DEAD_LETTERS_SUFFIX):
        sqs_client().delete_queue(QueueUrl=url)


def database_url() -> str:
    """Return the address of the database that this run's tests use, for a process of its own."""
    database = connection.settings_dict
    if database["ENGINE"].endswith("sqlite3"):
        return f"sqlite:///{database['NAME']}"
    where = f"{database['HOST']}:{database['PORT']}"
    return f"mysql://{database['USER']}:{database['PASSWORD']}@{where}/{database['NAME']}"


@contextmanager
def running_worker(log: Path, **variables: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run ``process_orders`` on the test's queue and database; stop it at the end if it still runs."""
    env = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "ORDER_PROCESSING": "async",
        "ORDER_QUEUE_URL": settings.ORDER_QUEUE_URL,
        "LOG_FORMAT": "json",
        "PYTHONUNBUFFERED": "1",
        **variables,
    }
    command = [sys.executable, "manage.py", "process_orders", "--poll-seconds", "2"]
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until(holds: Callable[[], Any], *, seconds: float = 30) -> None:
    """Wait until something holds; fail if it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)

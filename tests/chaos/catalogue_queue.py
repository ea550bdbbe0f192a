"""The faults of asynchronous mode: of the queue, and of the worker that is fed by it."""

import json
import time
import uuid
from collections.abc import Callable

from shop.aws import sqs_client
from tests.chaos import stores
from tests.chaos.http_proxy import HttpFault
from tests.chaos.tcp_proxy import TcpFault
from tests.chaos.trial import Case, Trial
from tests.chaos.world import ASYNC, kill

# Where the worker may die while it settles an order.
WORKER_BOUNDARIES = (
    "after_receive",
    "before_delete",
    "before_reserve",
    "after_reserve",
    "before_charge",
    "after_charge",
    "before_commit_processing",
    "before_void",
    "after_void",
    "before_release",
    "after_release",
    "before_commit_cancelled",
)

# Where the request may die while it hands the order over.
SEND_BOUNDARIES = ("before_send", "after_send")


def _kill_web_at(name: str) -> Callable[[Trial], None]:
    def inflict(trial: Trial) -> None:
        trial.world.arm(trial.world.web, f"{name}=kill*2")
        trial.wait_for_hits(name, count=2)

    return inflict


def _kill_worker_at(name: str) -> Callable[[Trial], None]:
    def inflict(trial: Trial) -> None:
        trial.world.arm(trial.world.worker, f"{name}=kill*1")
        trial.wait_for_hits(name, seconds=15)

    return inflict


def _queue(fault: HttpFault) -> Callable[[Trial], None]:
    def inflict(trial: Trial) -> None:
        proxy = trial.world.servers.sqs_http
        before = proxy.hits
        proxy.fault = fault
        time.sleep(4)
        proxy.fault = None
        time.sleep(fault.seconds)
        trial.fired = proxy.hits - before

    return inflict


def _wire(fault: TcpFault) -> Callable[[Trial], None]:
    def inflict(trial: Trial) -> None:
        proxy = trial.world.servers.sqs
        before = proxy.hits
        proxy.set(fault)
        time.sleep(4)
        trial.fired = proxy.hits - before

    return inflict


def _poison(trial: Trial) -> None:
    """Messages that name no order, an unknown one, or nothing at all, amid the others."""
    bodies = ["", "not json", "[]", '{"uid": 1}', json.dumps({"uid": str(uuid.uuid4())}), "x" * 10_000]
    for body in bodies * 3:
        sqs_client().send_message(QueueUrl=trial.world.servers.queue_url, MessageBody=body or " ")
        trial.fired += 1
    trial.may_stay = 3  # an unknown order is given minutes to appear
    time.sleep(3)


def _purge(trial: Trial) -> None:
    """All messages are lost, again and again."""
    for _ in range(4):
        trial.fired += stores.messages()
        sqs_client().purge_queue(QueueUrl=trial.world.servers.queue_url)
        time.sleep(0.8)


def _duplicates(trial: Trial) -> None:
    """Every message that is on the queue comes five times, out of order."""
    url = trial.world.servers.queue_url
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline:
        taken = sqs_client().receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=1)
        bodies = [message["Body"] for message in taken.get("Messages", [])] * 5
        trial.chance.shuffle(bodies)
        for body in bodies:
            sqs_client().send_message(QueueUrl=url, MessageBody=body)
            trial.fired += 1
        time.sleep(0.1)


def _visibility_expires(trial: Trial) -> None:
    """Workers are slower than their messages stay hidden, and cannot say so."""
    trial.world.arm(trial.world.worker, "before_charge=sleep:5@0.5")
    proxy = trial.world.servers.sqs_http
    proxy.fault = HttpFault("error", only="ChangeMessageVisibility")
    trial.wait_for_hits("before_charge", count=4)
    time.sleep(5)


def _worker_often(trial: Trial) -> None:
    for _ in range(3):
        time.sleep(trial.chance.uniform(1.5, 3.0))
        trial.world.kill(trial.world.worker)
        trial.fired += 1


def _no_worker(trial: Trial) -> None:
    """Nobody takes messages: the reconciler has the table."""
    trial.world.worker.wanted = False
    trial.world.kill(trial.world.worker)
    trial.fired += 1
    time.sleep(6)


def _zombie_worker(trial: Trial) -> None:
    trial.world.arm(trial.world.worker, "before_charge=stop*1")
    trial.wait_for_hits("before_charge")
    time.sleep(5)
    kill(trial.world.worker.pid, 18)


def _sigterm_worker(trial: Trial) -> None:
    child = trial.world.worker.child
    assert child
    child.process.terminate()
    code = child.process.wait(timeout=40)
    trial.fired += 1
    trial.expect(code == 0, f"the worker ended with {code} on SIGTERM")


def cases() -> list[Case]:
    """Return the cases of this module."""
    faults: list[tuple[str, str, Callable[[Trial], None]]] = [
        ("queue-down-at-publish", "sending fails for 4 s", _queue(HttpFault("error", only="SendMessage"))),
        ("queue-send-reply-lost", "messages are sent, the answer is lost", _queue(HttpFault("lose_reply", only="SendMessage"))),
        ("queue-sent-twice", "every message arrives again 2 s later", _queue(HttpFault("twice", only="SendMessage", seconds=2))),
        ("queue-late", "messages arrive 4 s late", _queue(HttpFault("late", only="SendMessage", seconds=4))),
        ("queue-delete-lost", "deleting fails for 4 s", _queue(HttpFault("error", only="DeleteMessage"))),
        ("queue-receive-lost", "what is received is lost on the way, half of the times", _queue(HttpFault("lose_reply", only="ReceiveMessage", share=0.5))),
        ("queue-refused", "nobody listens for 4 s", _wire(TcpFault("refuse"))),
        ("queue-blackholed", "nothing arrives for 4 s", _wire(TcpFault("blackhole"))),
        ("queue-duplicates", "every message five times, out of order", _duplicates),
        ("queue-poison", "18 messages that cannot be read or name no order", _poison),
        ("queue-purged", "all messages are lost, four times", _purge),
        ("queue-visibility-expired", "work takes longer than messages stay hidden", _visibility_expires),
        ("kill-worker-often", "the worker killed three times", _worker_often),
        ("no-worker", "no worker for 6 s", _no_worker),
        ("zombie-worker", "the worker stopped 5 s before it charges", _zombie_worker),
        ("sigterm-worker", "SIGTERM with orders in hand", _sigterm_worker),
    ]  # fmt: skip
    kills = [
        Case(f"kill-worker-{name}", "worker", f"kill −9 at `{name}`", _kill_worker_at(name), mode=ASYNC)
        for name in WORKER_BOUNDARIES
    ]
    others = [
        Case(name, "queue" if name.startswith("queue") else "worker", does, inflict, mode=ASYNC)
        for name, does, inflict in faults
    ]
    sends = [
        Case(
            f"kill-web-{name}",
            "web",
            f"kill −9 at `{name}`, asynchronous mode",
            _kill_web_at(name),
            mode=ASYNC,
        )
        for name in SEND_BOUNDARIES
    ]
    return kills + sends + others

"""The faults, by the system that suffers. Each happens for real, to processes and connections of the running world."""

import signal
import time
from collections.abc import Callable

from shop.local.processes import listens
from tests.chaos import (
    catalogue_outside,
    catalogue_payments,
    catalogue_queue,
    catalogue_staff,
    catalogue_stores,
)
from tests.chaos.trial import Case, Trial
from tests.chaos.world import kill

# Where the request's process may die: every commit and every outside call, before and after.
BOUNDARIES = (
    "before_commit_recorded",
    "after_commit_recorded",
    "before_reserve",
    "after_reserve",
    "before_commit_reserved",
    "after_commit_reserved",
    "before_charge",
    "after_charge",
    "before_commit_processing",
    "after_commit_processing",
    "before_commit_aborting",
    "after_commit_aborting",
    "before_void",
    "after_void",
    "before_commit_payment",
    "after_commit_payment",
    "before_release",
    "after_release",
    "before_commit_cancelled",
    "after_commit_cancelled",
    "before_commit_cancel_requested",
    "after_commit_cancel_requested",
    "before_commit_late_cancel",
    "after_commit_late_cancel",
)
# A new order never begins in the reconciler, nor does a cancellation.
RECONCILER_BOUNDARIES = (
    "after_claim",
    *(name for name in BOUNDARIES if not name.endswith(("_recorded", "_cancel_requested", "_late_cancel"))),
)
NO_CATALOGUE = "before_reserve=raise:products.errors.CatalogueUnavailable@0.7"
NO_ANSWER = "raise:orders.payments.gateway.PaymentOutcomeUnknown"


def _kill_web_at(name: str) -> Callable[[Trial], None]:
    def inflict(trial: Trial) -> None:
        trial.world.arm(trial.world.web, f"{name}=kill*2")
        trial.wait_for_hits(name, count=2)

    return inflict


def _kill_reconciler_at(name: str) -> Callable[[Trial], None]:
    def inflict(trial: Trial) -> None:
        trial.world.arm(trial.world.web, NO_CATALOGUE)  # so that it has something to do
        trial.world.arm(trial.world.reconciler, f"{name}=kill*1")
        deadline = time.monotonic() + 15
        pid = trial.world.reconciler.pid
        while time.monotonic() < deadline and not trial.fired:
            time.sleep(0.05)
            trial.fired = sum(hit[2] == pid for hit in trial.world.hits(name))

    return inflict


def _raise_at(name: str, error: str) -> Callable[[Trial], None]:
    def inflict(trial: Trial) -> None:
        trial.world.arm(trial.world.web, f"{name}={error}@0.5")
        trial.world.arm(trial.world.reconciler, f"{name}={error}@0.3")
        time.sleep(3)
        trial.fired += len(trial.world.hits(name))

    return inflict


def _random_kills(trial: Trial) -> None:
    deadline = time.monotonic() + 6
    while time.monotonic() < deadline:
        workers = trial.world.web_workers()
        if workers:
            kill(trial.chance.choice(workers))
            trial.fired += 1
        time.sleep(trial.chance.uniform(0.1, 0.6))


def _kill_master(trial: Trial) -> None:
    trial.world.kill(trial.world.web)
    trial.fired += 1
    time.sleep(1.5)


def _kill_reconciler_often(trial: Trial) -> None:
    trial.world.arm(trial.world.web, NO_CATALOGUE)
    for _ in range(3):
        time.sleep(trial.chance.uniform(1.5, 3.0))
        trial.world.kill(trial.world.reconciler)
        trial.fired += 1


def _power_cut(trial: Trial) -> None:
    world = trial.world
    with world.paused():
        for service in world.services:
            world.kill(service)
        world.servers.mariadb.kill()
        trial.fired += 1
        time.sleep(1)
        world.servers.mariadb.start()


def _zombie(name: str, *, seconds: float) -> Callable[[Trial], None]:
    """Stop the process that reaches a failpoint for longer than its lease, then let it go on."""

    def inflict(trial: Trial) -> None:
        trial.world.arm(trial.world.web, f"{name}=stop*2")
        trial.wait_for_hits(name)
        stopped = {pid for _, _, pid in trial.world.hits(name)}
        time.sleep(seconds)
        for pid in stopped | {hit[2] for hit in trial.world.hits(name)}:
            kill(pid, signal.SIGCONT)

    return inflict


def _zombie_reconciler(trial: Trial) -> None:
    trial.world.arm(trial.world.web, NO_CATALOGUE)
    trial.world.arm(trial.world.reconciler, "before_charge=stop*1")
    trial.wait_for_hits("before_charge")
    trial.world.arm(trial.world.web, "")
    time.sleep(5)
    kill(trial.world.reconciler.pid, signal.SIGCONT)


def _sigterm(trial: Trial) -> None:
    """Stop the web process in good order while requests are under way; a new one takes over."""
    process = trial.world.web.child
    assert process
    process.process.send_signal(signal.SIGTERM)
    code = process.process.wait(timeout=40)
    trial.fired += 1
    trial.expect(code == 0, f"gunicorn ended with {code} on SIGTERM")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not listens(trial.world.port):
        time.sleep(0.1)


def _kill_cases() -> list[Case]:
    web = [Case(f"kill-web-{name}", "web", f"kill −9 at `{name}`", _kill_web_at(name)) for name in BOUNDARIES]
    reconciler = [
        Case(f"kill-reconciler-{name}", "reconciler", f"kill −9 at `{name}`", _kill_reconciler_at(name))
        for name in RECONCILER_BOUNDARIES
    ]
    return web + reconciler


def _process_cases() -> list[Case]:
    long_lease = {"ORDER_LEASE_SECONDS": "15"}
    return [
        Case("random-kills", "web", "random kill −9 of workers for 6 s", _random_kills),
        Case("kill-web-whole", "web", "kill −9 of gunicorn with all its workers", _kill_master),
        Case("sigterm", "web", "SIGTERM with requests in flight", _sigterm),
        Case("random-kills-15s-lease", "web", "the same, leases of 15 s", _random_kills, settings=long_lease),
        Case("kill-reconciler-often", "reconciler", "killed three times while it has work", _kill_reconciler_often),
        Case("power-cut", "all", "web, reconciler and MySQL killed at once", _power_cut),
        Case("power-cut-15s-lease", "all", "the same, leases of 15 s", _power_cut, settings=long_lease),
        Case("zombie-before-charge", "web", "stopped 5 s before it charges, lease 3 s", _zombie("before_charge", seconds=5)),
        Case("zombie-before-reserve", "web", "stopped 5 s before it reserves", _zombie("before_reserve", seconds=5)),
        Case("zombie-after-charge", "web", "stopped 5 s with the money taken", _zombie("after_charge", seconds=5)),
        Case("zombie-before-void", "web", "stopped 5 s before it voids", _zombie("before_void", seconds=5)),
        Case("zombie-in-commit", "web", "stopped 5 s inside a commit, with its row lock", _zombie("before_commit_processing", seconds=5)),
        Case("zombie-15s-lease", "web", "stopped 17 s before it charges, lease 15 s", _zombie("before_charge", seconds=17), settings=long_lease),
        Case("zombie-reconciler", "reconciler", "stopped 5 s before it charges", _zombie_reconciler),
        Case("mysql-gone-in-commit", "MySQL", "the connection breaks inside the commit that settles", _raise_at("before_commit_processing", "raise:django.db.OperationalError")),
        Case("mysql-gone-after-reserve", "MySQL", "the connection breaks as stock was taken", _raise_at("after_reserve", "raise:django.db.OperationalError")),
    ]  # fmt: skip


def catalogue() -> list[Case]:
    """Return every case, those with equal settings together."""
    cases = [
        *_kill_cases(),
        *_process_cases(),
        *catalogue_stores.cases(),
        *catalogue_outside.cases(),
        *catalogue_queue.cases(),
        *catalogue_payments.cases(),
        *catalogue_staff.cases(),
    ]
    names = [case.name for case in cases]
    assert len(set(names)) == len(names)
    return sorted(cases, key=lambda case: (case.mode, sorted(case.settings.items())))


QUICK = (
    "kill-web-after_reserve",
    "kill-web-after_charge",
    "kill-web-before_commit_cancelled",
    "kill-reconciler-after_charge",
    "zombie-before-charge",
    "power-cut",
    "mysql-commit-reply-lost",
    "mysql-deadlock",
    "dynamodb-reply-lost",
    "dynamodb-late-after-cancel",
)
"""The slice that every ``make test`` runs."""

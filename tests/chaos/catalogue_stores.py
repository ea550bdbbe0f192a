"""The faults of the two stores, MySQL and DynamoDB."""

import http.client
import time
from collections.abc import Callable
from typing import Any

from tests.chaos.http_proxy import TRANSACTION, HttpFault
from tests.chaos.mariadb import MAX_CONNECTIONS
from tests.chaos.tcp_proxy import COMMIT, UPDATE_ORDER, TcpFault
from tests.chaos.trial import Case, Trial

FAULT_SECONDS = 3.0
TOO_MANY_CONNECTIONS = 1040


def _mysql(fault: TcpFault, *, seconds: float = FAULT_SECONDS) -> Callable[[Trial], None]:
    def inflict(trial: Trial) -> None:
        proxy = trial.world.servers.mysql
        before = proxy.hits
        proxy.set(fault)
        time.sleep(seconds)
        if fault.kind in {"refuse", "blackhole"}:
            _expect_catalogue(trial)
        trial.fired = proxy.hits - before

    return inflict


def _dynamo_wire(fault: TcpFault) -> Callable[[Trial], None]:
    def inflict(trial: Trial) -> None:
        proxy = trial.world.servers.dynamo
        before = proxy.hits
        proxy.set(fault)
        time.sleep(FAULT_SECONDS)
        _expect(trial, "/orders?limit=1", "orders are unreadable while DynamoDB is down")
        trial.fired = proxy.hits - before

    return inflict


def _dynamo(fault: HttpFault, *, seconds: float = FAULT_SECONDS) -> Callable[[Trial], None]:
    def inflict(trial: Trial) -> None:
        proxy = trial.world.servers.dynamo_http
        before = proxy.hits
        proxy.fault = fault
        time.sleep(seconds)
        proxy.fault = None
        time.sleep(fault.seconds)  # what is late arrives before the fault counts as over
        trial.fired = proxy.hits - before

    return inflict


def _expect_catalogue(trial: Trial) -> None:
    _expect(trial, "/products?limit=1", "the catalogue is unreadable while MySQL is down")


def _expect(trial: Trial, path: str, words: str) -> None:
    try:
        status = trial.world.send("GET", path).status
    except (OSError, http.client.HTTPException) as error:
        trial.expect(False, f"{words}: {error!r}")
        return
    trial.expect(status == 200, f"{words}: {status}")


# ---- MySQL -------------------------------------------------------------------------------------------------


def _mysql_killed(trial: Trial) -> None:
    trial.world.servers.mariadb.kill()
    trial.fired += 1
    time.sleep(2)
    _expect_catalogue(trial)
    trial.world.servers.mariadb.start()


def _mysql_hung(trial: Trial) -> None:
    trial.world.servers.mariadb.freeze()
    trial.fired += 1
    try:
        time.sleep(6)  # longer than any time-out of ours
        _expect_catalogue(trial)
    finally:
        trial.world.servers.mariadb.thaw()


def _mysql_read_only(trial: Trial) -> None:
    trial.world.servers.mariadb.run("SET GLOBAL read_only=1")
    trial.fired += 1
    try:
        time.sleep(FAULT_SECONDS)
        _expect(trial, "/orders?limit=1", "orders are unreadable while MySQL is read-only")
    finally:
        trial.world.servers.mariadb.run("SET GLOBAL read_only=0")


def _mysql_full(trial: Trial) -> None:
    mariadb = trial.world.servers.mariadb
    admin = mariadb.session()
    held: list[Any] = []
    admin.cursor().execute("SET GLOBAL max_connections=10")
    trial.world.servers.mysql.set(TcpFault("reset"))  # those that are open would go on
    time.sleep(0.5)
    trial.world.servers.mysql.set(None)
    try:
        held.extend(mariadb.connect() for _ in range(12))
    except mariadb.error as error:
        trial.fired += error.args[0] == TOO_MANY_CONNECTIONS
    time.sleep(FAULT_SECONDS)
    for session in held:
        session.close()
    admin.cursor().execute(f"SET GLOBAL max_connections={MAX_CONNECTIONS}")
    admin.close()


def _rows_locked(trial: Trial) -> None:
    session = trial.world.servers.mariadb.session()
    cursor = session.cursor()
    cursor.execute("BEGIN")
    trial.fired += cursor.execute("SELECT id FROM orders ORDER BY id DESC LIMIT 10 FOR UPDATE")
    time.sleep(5)  # longer than the wait for a lock
    session.rollback()
    session.close()


def _mysql_cases() -> list[Case]:
    return [
        Case("mysql-killed", "MySQL", "kill −9, down for 2 s", _mysql_killed),
        Case("mysql-hung", "MySQL", "stopped for 6 s, connections open", _mysql_hung),
        Case("mysql-refused", "MySQL", "nobody listens for 3 s", _mysql(TcpFault("refuse"))),
        Case("mysql-blackholed", "MySQL", "nothing arrives for 6 s", _mysql(TcpFault("blackhole"), seconds=6)),
        Case("mysql-slow", "MySQL", "0.3 s later, each statement", _mysql(TcpFault("delay", seconds=0.3))),
        Case("mysql-reset", "MySQL", "every fifth statement cuts its connection", _mysql(TcpFault("reset", share=0.2))),
        Case("mysql-commit-reply-lost", "MySQL", "half of the commits happen, but the answer is lost", _mysql(TcpFault("lose_reply", pattern=COMMIT, share=0.5))),
        Case("mysql-update-reply-lost", "MySQL", "a third of the updates of orders get no answer", _mysql(TcpFault("lose_reply", pattern=UPDATE_ORDER, share=0.3))),
        Case("mysql-commit-lost", "MySQL", "half of the commits never arrive", _mysql(TcpFault("reset", pattern=COMMIT, share=0.5))),
        Case("mysql-deadlock", "MySQL", "error 1213 for a third of the updates", _mysql(TcpFault("deadlock", pattern=UPDATE_ORDER, share=0.3))),
        Case("mysql-read-only", "MySQL", "a fail-over's replica: read-only for 3 s", _mysql_read_only),
        Case("mysql-full", "MySQL", "connections exhausted for 3 s", _mysql_full),
        Case("mysql-rows-locked", "MySQL", "the newest rows locked for 5 s", _rows_locked),
    ]  # fmt: skip


# ---- DynamoDB ----------------------------------------------------------------------------------------------


def _late_after_cancel(trial: Trial) -> None:
    """Half of the reservations are held back and arrive when their orders are long cancelled."""
    proxy = trial.world.servers.dynamo_http
    before = proxy.hits
    proxy.fault = HttpFault("late", only=TRANSACTION, share=0.9, seconds=9)
    time.sleep(4)
    proxy.fault = None
    # Those orders are PENDING now: their customers give up.
    answer = trial.world.send("GET", "/orders?status=PENDING&limit=50")
    for order in answer.body["orders"]:
        trial.load._cancel(order["id"])
    time.sleep(9)
    trial.fired = proxy.hits - before


def _dynamo_cases() -> list[Case]:
    own = "DynamoDB"
    return [
        Case("dynamodb-refused", own, "nobody listens for 3 s", _dynamo_wire(TcpFault("refuse"))),
        Case("dynamodb-blackholed", own, "nothing arrives for 3 s", _dynamo_wire(TcpFault("blackhole"))),
        Case("dynamodb-reset", own, "every third send cuts its connection", _dynamo_wire(TcpFault("reset", share=0.3))),
        Case("dynamodb-throttled", own, "everything is throttled for 3 s", _dynamo(HttpFault("throttle"))),
        Case("dynamodb-30-percent-500", own, "three of ten requests fail with 500", _dynamo(HttpFault("error", share=0.3))),
        Case("dynamodb-all-500", own, "every transaction fails with 500", _dynamo(HttpFault("error", only=TRANSACTION))),
        Case("dynamodb-conflict", own, "half of the transactions meet TransactionConflict", _dynamo(HttpFault("conflict", only=TRANSACTION, share=0.5))),
        Case("dynamodb-all-conflict", own, "every transaction meets TransactionConflict", _dynamo(HttpFault("conflict", only=TRANSACTION))),
        Case("dynamodb-reply-lost", own, "half of the transactions happen, but the answer is lost", _dynamo(HttpFault("lose_reply", only=TRANSACTION, share=0.5))),
        Case("dynamodb-all-replies-lost", own, "all of them", _dynamo(HttpFault("lose_reply", only=TRANSACTION))),
        Case("dynamodb-truncated", own, "a third of the answers end half-way", _dynamo(HttpFault("truncate", share=0.3))),
        Case("dynamodb-slow", own, "0.4 s later, each request", _dynamo(HttpFault("delay", seconds=0.4))),
        Case("dynamodb-too-slow", own, "transactions answer after 1.5 s; the limit is 1 s", _dynamo(HttpFault("delay", only=TRANSACTION, seconds=1.5))),
        Case("dynamodb-twice", own, "every transaction arrives again 2 s later", _dynamo(HttpFault("twice", only=TRANSACTION, seconds=2))),
        Case("dynamodb-late", own, "half of the transactions arrive 4 s late", _dynamo(HttpFault("late", only=TRANSACTION, share=0.5, seconds=4))),
        Case("dynamodb-late-after-cancel", own, "reservations arrive when their orders are cancelled", _late_after_cancel),
    ]  # fmt: skip


def cases() -> list[Case]:
    """Return the cases of this module."""
    return [*_mysql_cases(), *_dynamo_cases()]

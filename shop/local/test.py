"""``make test``: start the real servers, run pytest, stop them: ``python -m shop.local.test [pytest arguments]``.

``--fast`` as the first argument starts no server and runs tests/unit. Each server comes from the first way that is
open: what the environment names (``TEST_DATABASE_URL``, ``TEST_DYNAMODB_URL``, ``TEST_NGINX``,
``TEST_CHROMIUM``), a program that is
installed, apt-get (as root on Debian or Ubuntu), Docker. Where none is, the embedded stand-in takes its place, the
tests that need the real one are skipped, and the last lines say so; with ``REQUIRE_REAL_SERVICES=1`` that is a failure.
"""

import importlib.util
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from shop.local import (
    chromium,
    cognito,
    dynamodb,
    environment,
    ministack,
    mysql,
    nginx,
    places,
    processes,
    system,
)

OFFLINE = {
    "DATABASE_URL": "sqlite://:memory:",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",  # nobody listens at the discard port
    "COGNITO_USER_POOL_ID": f"{environment.REGION}_unittests",
    "COGNITO_CLIENT_ID": "unit-tests",
    "COGNITO_CLIENT_SECRET": "",
    "SHOP_TEST_MYSQL": "none",
    "SHOP_TEST_DYNAMODB": "none",
    "SHOP_TEST_NGINX": "none",
    "SHOP_TEST_CHROMIUM": "none",
}


@dataclass(frozen=True)
class Server:
    """Where a server is. ``missing`` says why the stand-in had to do, or is empty for the real thing."""

    address: str
    missing: str = ""


@dataclass(frozen=True)
class Wanted:
    """A server that the tests want to be real."""

    name: str
    variable: str
    ways: Sequence[Callable[[Path, ExitStack], str]]
    cure: str


MYSQL = Wanted(
    name="MySQL or MariaDB", variable="TEST_DATABASE_URL", ways=mysql.WAYS, cure=mysql.HOW_TO_INSTALL
)
DYNAMODB = Wanted(
    name="DynamoDB Local", variable="TEST_DYNAMODB_URL", ways=dynamodb.WAYS, cure=dynamodb.HOW_TO_INSTALL
)
NGINX = Wanted(name="nginx", variable="TEST_NGINX", ways=nginx.WAYS, cure=nginx.HOW_TO_INSTALL)
CHROMIUM = Wanted(name="Chromium", variable="TEST_CHROMIUM", ways=chromium.WAYS, cure=chromium.HOW_TO_INSTALL)


def _obtain(wanted: Wanted, *, scratch: Path, stack: ExitStack, stand_in: str) -> Server:
    """Start a server by the first way that is open, else return the stand-in."""
    if given := os.environ.get(wanted.variable):
        return Server(given)
    reasons: list[str] = []
    began = time.monotonic()
    for way in wanted.ways:
        with ExitStack() as attempt:
            directory = Path(tempfile.mkdtemp(dir=scratch))
            try:
                address = way(directory, attempt)
            except system.NotHere as error:
                reasons.append(str(error))
                continue
            stack.push(attempt.pop_all())
            print(f"  {wanted.name}: ready in {time.monotonic() - began:.1f} s", flush=True)
            return Server(address)
    why = f"no {wanted.name}: {'; '.join(dict.fromkeys(reasons))}. Install it: {wanted.cure}"
    print(f"  {why}", flush=True)
    return Server(stand_in, missing=why)


def _obtain_mysql(scratch: Path, stack: ExitStack) -> Server:
    stand_in = f"sqlite:///{scratch}/orders.sqlite3"
    if importlib.util.find_spec("MySQLdb") is None:
        cure = "sudo apt-get install gcc pkg-config python3-dev default-libmysqlclient-dev, then make test"
        return Server(stand_in, missing=f"no mysqlclient in .venv. Install it: {cure}")
    return _obtain(MYSQL, scratch=scratch, stack=stack, stand_in=stand_in)


def _table_names() -> dict[str, str]:
    """Return table names that no one else uses, should the server be a shared one."""
    run = secrets.token_hex(4)
    kinds = {
        "PRODUCTS_TABLE": "Products",
        "RESERVATIONS_TABLE": "StockReservations",
        "MOVEMENTS_TABLE": "StockMovements",
        "RATE_LIMITS_TABLE": "RateLimits",
    }
    return {variable: f"Test{run}{name}" for variable, name in kinds.items()}


def _common() -> dict[str, str]:
    """Return what every test run gets; a developer's ``.env`` and settings in the shell have no say."""
    settings = environment.setting_names()
    inherited = {name: value for name, value in environment.inherited().items() if name not in settings}
    return {
        **inherited,
        **environment.local_settings(),
        **environment.limits(0),  # their own tests switch them on
        "DISABLED_CHECK_SECONDS": "0",
        "ENV_FILE": os.devnull,
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(48),
    }


def start_servers(scratch: Path, stack: ExitStack) -> tuple[dict[str, str], list[str]]:
    """Start the servers; return the tests' environment and what had to be a stand-in.

    Raises:
        StartError: ministack, which every run needs, did not start.
    """
    port = processes.free_port()
    child = ministack.begin(port=port, directory=Path(tempfile.mkdtemp(dir=scratch)))
    stack.callback(processes.stop, child)
    endpoint = f"http://127.0.0.1:{port}"
    products = _obtain(DYNAMODB, scratch=scratch, stack=stack, stand_in=endpoint)
    orders = _obtain_mysql(scratch, stack)
    front = _obtain(NGINX, scratch=scratch, stack=stack, stand_in="none")
    browser = _obtain(CHROMIUM, scratch=scratch, stack=stack, stand_in="none")
    ministack.wait(child, port=port)
    pool = cognito.create_pool(cognito.cognito(endpoint, region=environment.REGION))
    print("  ministack: ready", flush=True)
    variables = {
        **_common(),
        **environment.aws(endpoint),
        **pool.environment(),
        **_table_names(),
        "DATABASE_URL": orders.address,
        "AWS_ENDPOINT_URL_DYNAMODB": products.address,
        "SHOP_TEST_MYSQL": "none" if orders.missing else "real",
        "SHOP_TEST_DYNAMODB": "stand-in" if products.missing else "real",
        "SHOP_TEST_NGINX": front.address,
        "SHOP_TEST_CHROMIUM": browser.address,
    }
    return variables, [server.missing for server in (orders, products, front, browser) if server.missing]


def _pytest(variables: dict[str, str], arguments: Sequence[str]) -> int:
    """Run pytest as a child; when interrupted, let it clean up and print its report."""
    child = subprocess.Popen(
        [sys.executable, "-m", "pytest", *arguments],
        env=variables,
        cwd=places.ROOT,
        preexec_fn=processes.DIE_WITH_PARENT,
    )
    try:
        return child.wait()
    except KeyboardInterrupt:
        with processes.undisturbed():
            try:
                child.wait(timeout=3)  # Ctrl-C reached it too
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGINT)
                child.wait(timeout=60)
        raise


def _run_on_servers(arguments: Sequence[str]) -> int:
    with processes.scratch("test") as (scratch, stack):
        print("Starting the servers of the tests", flush=True)
        variables, missing = start_servers(scratch, stack)
        if missing and os.environ.get("REQUIRE_REAL_SERVICES") == "1":
            print("REQUIRE_REAL_SERVICES=1, but:", *missing, sep="\n  ", file=sys.stderr)
            return 1
        code = _pytest(variables, arguments)
        if missing:
            print("Ran on stand-ins; the tests that need the real server were skipped:", *missing, sep="\n  ")
        return code


def _run_fast(arguments: Sequence[str]) -> int:
    variables = {**_common(), **environment.aws(""), **OFFLINE}
    return _pytest(variables, arguments or ["tests/unit"])


def main(arguments: Sequence[str]) -> int:
    """Run the tests and return the exit code."""
    environment.isolate()
    try:
        with processes.until_signalled():
            if arguments[:1] == ["--fast"]:
                return _run_fast(arguments[1:])
            return _run_on_servers(arguments)
    except processes.StartError as error:
        print(f"shop: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

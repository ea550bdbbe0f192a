"""A running shop: gunicorn as in production, on the test run's own databases."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from products.sample import load_sample_catalogue
from shop.aws import cognito_client
from tests.front import Behind, Front, recording_server, running_front
from tests.queues import database_url

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "Str0ng!pass"


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass
class Shop:
    """A client of one running shop."""

    port: int
    process: "subprocess.Popen[bytes]"
    log: Path
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send one request on its own connection."""
        sent = {"Content-Type": "application/json", **self.headers, **headers}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            wire.request(method, path, None if body is None else json.dumps(body), sent)
            response = wire.getresponse()
            raw = response.read()
        finally:
            wire.close()
        kind = response.headers.get("Content-Type", "")
        return Answer(response.status, dict(response.headers), json.loads(raw) if "json" in kind else raw)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_shop(log: Path, **variables: str) -> Iterator[Shop]:
    """Start gunicorn with some settings of its own, wait until it is ready, stop it at the end."""
    port = free_port()
    env = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "PORT": str(port),
        "BIND": "127.0.0.1",
        "LOG_FORMAT": "json",
        "WEB_CONCURRENCY": "2",
        **variables,
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "shop/gunicorn.conf.py", "shop.wsgi"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    shop = Shop(port=port, process=process, log=log)
    try:
        _wait_until_ready(shop)
        yield shop
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(shop: Shop) -> None:
    for _ in range(300):
        assert shop.process.poll() is None, shop.log.read_text()
        try:
            if shop.send("GET", "/health/ready").status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"not ready: {shop.log.read_text()}")


@pytest.fixture(scope="session")
def _catalogue(tables: None, django_db_setup: None, django_db_blocker: Any) -> None:
    load_sample_catalogue()


@pytest.fixture(scope="session")
def _open_server(_catalogue: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[Shop]:
    with django_db_blocker.unblock():
        variables = {"REQUIRE_AUTH": "false", "MOCK_PAYMENT_SUCCESS_RATE": "1"}
        with running_shop(tmp_path_factory.mktemp("open") / "log", **variables) as shop:
            yield shop


@pytest.fixture(scope="session")
def _closed_server(_catalogue: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[Shop]:
    with (
        django_db_blocker.unblock(),
        running_shop(tmp_path_factory.mktemp("closed") / "log", REQUIRE_AUTH="true") as shop,
    ):
        yield shop


@pytest.fixture
def open_shop(_open_server: Shop, transactional_db: None) -> Shop:
    """A shop as a developer has it: no token needed; every payment succeeds."""
    return _open_server


@pytest.fixture
def closed_shop_server(_closed_server: Shop, transactional_db: None) -> Shop:
    """A shop as customers have it: ``REQUIRE_AUTH=true``; one payment in twenty is declined."""
    return _closed_server


def make_account(email: str, *, admin: bool = False, password: str = PASSWORD) -> None:
    """Make a confirmed account in the test pool."""
    pool: dict[str, Any] = {"UserPoolId": settings.COGNITO_USER_POOL_ID}
    client = cognito_client()
    client.admin_create_user(
        **pool,
        Username=email,
        MessageAction="SUPPRESS",
        UserAttributes=[
            {"Name": "email", "Value": email},
            {"Name": "email_verified", "Value": "true"},
            {"Name": "name", "Value": "Ann"},
        ],
    )
    client.admin_set_user_password(**pool, Username=email, Password=password, Permanent=True)
    if admin:
        client.admin_add_user_to_group(**pool, Username=email, GroupName=settings.COGNITO_ADMIN_GROUP)


def sign_in(shop: Shop, email: str) -> str:
    """Return an access token."""
    answer = shop.send("POST", "/users/login", {"email": email, "password": PASSWORD})
    assert answer.status == 200, answer
    token: str = answer.body["accessToken"]
    return token


@pytest.fixture
def behind() -> Iterator[Behind]:
    """What stands in for gunicorn behind a front."""
    with recording_server(free_port()) as server:
        yield server


@pytest.fixture
def front(behind: Behind, tmp_path: Path) -> Iterator[Front]:
    """A front before it; nobody's X-Forwarded-For is believed, as in compose."""
    with running_front(tmp_path, port=free_port(), upstream=behind.port) as nginx:
        yield nginx

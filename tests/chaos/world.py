"""A whole shop under our hand: web and reconciler behind fault proxies, kept running by a supervisor, as in production."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from shop.local import processes
from tests.chaos import stores
from tests.chaos.report import LEASE_SECONDS, RECOVERY_SECONDS
from tests.chaos.servers import Servers

SYNC, ASYNC, STRIPE = "sync", "async", "stripe"


@dataclass
class Service:
    """One program of the shop that is started again whenever it ends, until it is not wanted."""

    name: str
    argv: list[str]
    wanted: bool = False
    starts: int = 0
    child: processes.Child | None = None

    @property
    def pid(self) -> int:
        """The id of its process and of its process group."""
        return self.child.process.pid if self.child else 0


@dataclass
class Answer:
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass
class World:
    """The shop and the systems behind it."""

    servers: Servers
    directory: Path
    seed: str
    port: int = field(default_factory=processes.free_port)
    provider_port: int = field(default_factory=processes.free_port)
    mode: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    products: dict[str, Decimal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        python = sys.executable
        gunicorn = ["-m", "gunicorn", "-c", "shop/gunicorn.conf.py", "shop.wsgi"]
        self.web = Service("web", [python, *gunicorn])
        self.reconciler = Service("reconciler", [python, "manage.py", "reconcile_orders", "--watch"])
        self.worker = Service("worker", [python, "manage.py", "process_orders", "--poll-seconds", "2"])
        self.books = self.directory / "provider.sqlite3"
        provider = [
            "-m",
            "shop.local.payment_provider",
            "--port",
            str(self.provider_port),
            "--db",
            str(self.books),
        ]
        self.provider = Service("provider", [python, *provider, "--rate", "0.9"])
        self.services = [self.web, self.reconciler, self.worker, self.provider]
        self._over = threading.Event()
        self._lock = threading.RLock()
        threading.Thread(target=self._supervise, name="supervisor", daemon=True).start()

    # ---- processes -----------------------------------------------------------------------------------------

    def _supervise(self) -> None:
        """Start what is wanted and does not run. Lives to the end: Linux ties the children to this thread."""
        while not self._over.wait(0.05):
            with self._lock:
                for service in self.services:
                    if service.wanted and (service.child is None or service.child.process.poll() is not None):
                        service.child = self._start(service)
                        service.starts += 1

    def _start(self, service: Service) -> processes.Child:
        variables = {
            **self.servers.through_proxies(),
            "PORT": str(self.port),
            "BIND": "127.0.0.1",
            "WEB_CONCURRENCY": "2",
            "ORDER_LEASE_SECONDS": str(LEASE_SECONDS),
            "SHOP_FAILPOINTS": f"@{self._spec(service)}",
            "SHOP_FAILPOINT_LOG": str(self.failpoint_log),
            "SHOP_FAILPOINT_SEED": self.seed,
            **self._settings_of_mode(),
            **self.settings,
        }
        return processes.start(
            service.name, service.argv, env=variables, log=self.directory / f"{service.name}.log"
        )

    def _settings_of_mode(self) -> dict[str, str]:
        if self.mode == ASYNC:
            return {"ORDER_PROCESSING": "async"}
        if self.mode == STRIPE:
            return {
                "PAYMENT_GATEWAY": "stripe",
                "STRIPE_SECRET_KEY": "sk_test_chaos",
                "STRIPE_API_BASE": f"http://127.0.0.1:{self.provider_port}",
            }
        return {}

    @property
    def running(self) -> list[Service]:
        """The services of the present mode."""
        more = {ASYNC: [self.worker], STRIPE: [self.provider]}
        return [self.web, self.reconciler, *more.get(self.mode, [])]

    def use(self, settings: Mapping[str, str], *, mode: str = SYNC) -> None:
        """Let the shop run in a mode with these settings; it is started anew only if anything changes."""
        if dict(settings) != self.settings or mode != self.mode:
            self.stop_services()
            self.settings, self.mode = dict(settings), mode
        for service in self.running:
            service.wanted = True
        self.wait_ready(60)

    def stop_services(self) -> None:
        """Stop all that is the shop's own."""
        with self._lock:
            for service in self.services:
                service.wanted = False
                if service.child:
                    self.kill(service)

    def kill(self, service: Service) -> None:
        """Kill -9 a service with all its workers; unless unwanted, it is started again at once."""
        if service.child:
            with suppress(ProcessLookupError):
                os.killpg(service.pid, signal.SIGKILL)
            service.child.process.wait()

    def web_workers(self) -> list[int]:
        """Return the process ids of gunicorn's workers."""
        found = subprocess.run(
            ["pgrep", "-P", str(self.web.pid)], capture_output=True, text=True, check=False
        )
        return [int(pid) for pid in found.stdout.split()]

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Start nothing again inside the block."""
        with self._lock:
            yield

    def close(self) -> None:
        """Stop all that is ours."""
        self.stop_services()
        self._over.set()

    # ---- failpoints ----------------------------------------------------------------------------------------

    def _spec(self, service: Service) -> Path:
        return self.directory / f"failpoints.{service.name}"

    @property
    def failpoint_log(self) -> Path:
        """Where the failpoints that fired are written."""
        return self.directory / "failpoints.log"

    def arm(self, service: Service, spec: str) -> None:
        """Set a service's failpoints; an empty text disarms it."""
        scratch = self.directory / "failpoints.new"
        scratch.write_text(spec, encoding="utf-8")
        scratch.replace(self._spec(service))

    def hits(self, name: str = "") -> list[tuple[str, str, int]]:
        """Return what fired since the last reset: failpoint, action, process id."""
        if not self.failpoint_log.exists():
            return []
        lines = [line.split() for line in self.failpoint_log.read_text(encoding="utf-8").splitlines()]
        return [(line[0], line[1], int(line[2])) for line in lines if line[0].startswith(name)]

    # ---- HTTP ----------------------------------------------------------------------------------------------

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        seconds: float = 15.0,
    ) -> Answer:
        """Send one request on its own connection.

        Raises:
            OSError, http.client.HTTPException: no answer.
        """
        wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            sent = {"Content-Type": "application/json", **(headers or {})}
            wire.request(method, path, None if body is None else json.dumps(body), sent)
            response = wire.getresponse()
            raw = response.read()
        finally:
            wire.close()
        is_json = "json" in response.headers.get("Content-Type", "")
        return Answer(response.status, dict(response.headers), json.loads(raw) if is_json else raw)

    def is_ready(self) -> bool:
        """Tell whether the shop says that all it needs answers."""
        try:
            return self.send("GET", "/health/ready", seconds=5).status == 200
        except (OSError, http.client.HTTPException):
            return False

    def wait_ready(self, seconds: float) -> None:
        """Wait until the shop is ready.

        Raises:
            TimeoutError: it is not.
        """
        deadline = time.monotonic() + seconds
        while not self.is_ready():
            if time.monotonic() > deadline:
                log = (self.directory / "web.log").read_text(encoding="utf-8", errors="replace")
                raise TimeoutError(f"the shop is not ready; its log ends: {log[-3000:]}")
            time.sleep(0.1)

    # ---- the books -----------------------------------------------------------------------------------------

    def reset(self, *, products: int = 6) -> None:
        """Empty every store and put new products on the shelf, the sixth of them scarce."""
        for service in self.services:
            self.arm(service, "")
        self.failpoint_log.unlink(missing_ok=True)
        self.kill(self.provider)
        for file in self.directory.glob(f"{self.books.name}*"):
            file.unlink()
        stores.empty(self.servers)
        self.products = {}
        for number in range(products):
            self.shelve(price=f"{3 + number}.{number}9", stock=40 if number == 5 else 100_000)

    def shelve(self, *, price: str, stock: int) -> str:
        """Put a product on the shelf; return its id."""
        product_id = stores.shelve(price=price, stock=stock)
        self.products[product_id] = Decimal(price)
        return product_id

    def wait_settled(self, seconds: float = RECOVERY_SECONDS) -> bool:
        """Wait until the shop is ready and every order is settled; return whether that came true."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if stores.open_orders() == 0 and self.is_ready():
                return True
            time.sleep(0.1)
        return False

    def verify(self) -> list[str]:
        """Run ``verify_invariants --quiet``; return what it finds broken."""
        return stores.verify(self._settings_of_mode())

    def control_provider(self, order: Mapping[str, Any] | None = None) -> Any:
        """Switch a fault of the payment provider (shop/local/payment_provider/faults.py); return its report."""
        deadline = time.monotonic() + 15
        while not processes.listens(self.provider_port) and time.monotonic() < deadline:
            time.sleep(0.05)  # it was killed, and is being started
        wire = http.client.HTTPConnection("127.0.0.1", self.provider_port, timeout=5)
        try:
            wire.request("POST" if order else "GET", "/_control", json.dumps(order) if order else None)
            return json.loads(wire.getresponse().read())
        finally:
            wire.close()


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    """Send a signal to a process that may be gone."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)

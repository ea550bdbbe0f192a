"""``make run``: a fresh shop on this machine, served by gunicorn, with SQLite and ministack behind it.

Every start begins with empty stores, both together, so that they never disagree. What it reads: ``PORT``,
``RELOAD``, ``WEB_CONCURRENCY`` and every setting of the shop but those that say where its parts are.
"""

import http.client
import os
import secrets
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import orjson

from shop.local import cognito, environment, lock, ministack, places, processes
from shop.local.processes import Child, StartError

READY_SECONDS = 60.0
MAILBOX_SECONDS = 1.0


@dataclass
class Stack:
    """The running parts, in the order they were started."""

    port: int
    children: list[Child] = field(default_factory=list)

    def add(self, child: Child) -> Child:
        """Remember a child, so that it is stopped."""
        self.children.append(child)
        return child


def _port() -> int:
    text = os.environ.get("PORT", "8000")
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise StartError(f"PORT must be a number from 1 to 65535; it is {text!r}.")
    if not processes.port_is_free("127.0.0.1", int(text)):
        raise StartError(f"port {text} is taken. Cure: PORT={int(text) % 65535 + 1} make run")
    return int(text)


def _variables(*, port: int, endpoint: str) -> dict[str, str]:
    """Return the shop's settings, all but the user pool's."""
    return {
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(48),
        **environment.settings_from(os.environ),
        **environment.aws(endpoint),
        "ORDER_QUEUE_URL": environment.queue_url(endpoint),
        "DATABASE_URL": f"sqlite:///{places.RUN / 'orders.sqlite3'}",
        "BIND": "127.0.0.1",
        "PORT": str(port),
        "WEB_CONCURRENCY": os.environ.get("WEB_CONCURRENCY") or str(min(os.cpu_count() or 1, 2)),
    }


def _child_environment(variables: Mapping[str, str]) -> dict[str, str]:
    return {**environment.inherited(), "ENV_FILE": os.devnull, **variables}


def _prepare(stack: Stack, variables: Mapping[str, str], *, superuser: cognito.Account) -> Child:
    """Begin to fill the stores; the user pool does not exist yet, and these commands need none."""
    named = {
        "DJANGO_SUPERUSER_USERNAME": superuser.email,
        "DJANGO_SUPERUSER_EMAIL": "",
        "DJANGO_SUPERUSER_PASSWORD": superuser.password,
    }
    no_pool = {"COGNITO_USER_POOL_ID": "not-yet", "COGNITO_CLIENT_ID": "not-yet"}
    return stack.add(
        processes.start(
            "the preparation of the stores",
            [sys.executable, "-m", "shop.local.prepare"],
            env=_child_environment({**variables, **no_pool, **named}),
            log=places.RUN / "prepare.log",
        )
    )


def _finish(stack: Stack, child: Child) -> None:
    code = child.process.wait()
    stack.children.remove(child)
    if code != 0:
        lines = (
            child.log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if child.log else []
        )
        raise StartError(f"{child.name} failed: {(lines or ['it printed nothing'])[-1]} (log: {child.log})")


def _make_pool(endpoint: str, accounts: list[cognito.Account]) -> cognito.Pool:
    client = cognito.cognito(endpoint, region=environment.REGION)
    pool = cognito.create_pool(client)
    for account in accounts:
        cognito.create_account(client, pool=pool, account=account)
    return pool


def _serve(stack: Stack, variables: Mapping[str, str]) -> Child:
    reload = ["--reload"] if os.environ.get("RELOAD", "") not in {"", "0"} else []
    command = [sys.executable, "-m", "gunicorn", "--config", "shop/gunicorn.conf.py", *reload, "shop.wsgi"]
    return stack.add(processes.start("gunicorn", command, env=_child_environment(variables), log=None))


def _work(stack: Stack, variables: Mapping[str, str]) -> None:
    """Start what settles orders beside the web server; with a short poll, because stopping waits for it."""
    command = ["manage.py", "run_background", "--threads", "1", "--poll-seconds", "2"]
    environ = _child_environment(variables)
    stack.add(processes.start("the background process", [sys.executable, *command], env=environ, log=None))


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _announce(stack: Stack, accounts: list[cognito.Account], *, seconds: float) -> None:
    url = f"http://localhost:{stack.port}"
    print(f"\nThe shop is ready after {seconds:.1f} s: {url}")
    print(f"  API docs   {url}/docs")
    print(f"  admin      {url}/admin/")
    print(f"  try        curl '{url}/products?limit=2'")
    for account in accounts:
        print(f"  {account.role:<10} {account.email}  {account.password}")
    print("  token      make token [AS=admin]")
    print(
        "One order in twenty is declined on purpose. Mail is shown here. Ctrl-C stops everything.\n",
        flush=True,
    )


def _watch(stack: Stack, endpoint: str) -> None:
    """Show new mail until a part ends by itself, which is an error."""
    mailbox = ministack.Mailbox(endpoint)
    while True:
        for mail in mailbox.new():
            print(f"mailbox: to {mail.to}: {mail.text}", flush=True)
        for child in stack.children:
            if child.process.poll() is not None:
                raise StartError(f"{child.name} ended by itself with code {child.process.returncode}")
        time.sleep(MAILBOX_SECONDS)


def _run(stack: Stack) -> None:
    began = time.monotonic()
    shutil.rmtree(places.RUN, ignore_errors=True)
    places.RUN.mkdir(mode=0o700, parents=True)
    print("Starting a fresh shop", flush=True)
    emulator_port = processes.free_port()
    endpoint = f"http://127.0.0.1:{emulator_port}"
    accounts = cognito.new_accounts()
    variables = _variables(port=stack.port, endpoint=endpoint)
    emulator = stack.add(ministack.begin(port=emulator_port, directory=places.RUN))
    superuser = cognito.new_superuser()
    preparation = _prepare(stack, variables, superuser=superuser)
    ministack.wait(emulator, port=emulator_port)
    variables |= _make_pool(endpoint, accounts).environment()
    environment.write_stack(variables)
    places.write_private(places.ACCOUNTS, orjson.dumps([asdict(account) for account in accounts]).decode())
    server = _serve(stack, variables)  # it loads while the stores are filled
    _finish(stack, preparation)
    processes.wait_until(server, lambda: _is_ready(stack.port), seconds=READY_SECONDS)
    _work(stack, variables)
    _announce(stack, [*accounts, superuser], seconds=time.monotonic() - began)
    _watch(stack, endpoint)


def main() -> int:
    """Run until Ctrl-C or SIGTERM; return the exit code."""
    environment.isolate()
    try:
        with lock.held(), processes.until_signalled():
            stack = Stack(port=_port())
            try:
                _run(stack)
            finally:
                with processes.undisturbed():
                    processes.stop(*stack.children)
    except StartError as error:
        print(f"shop: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; nothing is left running.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

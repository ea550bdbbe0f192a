"""The world's MariaDB: durable, so that a kill loses nothing that was committed, and to be ill-treated at will."""

import secrets
import signal
import subprocess
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from shop.local import mysql, processes

MAX_CONNECTIONS = 60


def _driver() -> Any:
    """Return mysqlclient, which is not installed everywhere."""
    return import_module("MySQLdb")


class MariaDB:
    """A private server with two users: the shop's, with no special rights, and the tests' own; ``options`` win over the usual ones."""

    def __init__(self, directory: Path, *, options: Sequence[str] = ()) -> None:
        self.port = processes.free_port()
        self.password = secrets.token_hex(16)
        self._log = directory / "server.log"
        init = directory / "init.sql"
        init.write_text(
            "CREATE DATABASE IF NOT EXISTS shop CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;\n"
            f"CREATE USER IF NOT EXISTS 'shop'@'127.0.0.1' IDENTIFIED BY '{self.password}';\n"
            "GRANT ALL PRIVILEGES ON shop.* TO 'shop'@'127.0.0.1';\n"
            f"CREATE USER IF NOT EXISTS 'chaos'@'127.0.0.1' IDENTIFIED BY '{self.password}';\n"
            "GRANT ALL PRIVILEGES ON *.* TO 'chaos'@'127.0.0.1';\n",
            encoding="utf-8",
        )
        self._command = [
            *mysql.initialise(directory),
            f"--socket={directory}/s.sock",
            f"--pid-file={directory}/pid",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            f"--init-file={init}",
            "--innodb-flush-log-at-trx-commit=1",
            "--innodb-buffer-pool-size=64M",
            "--skip-log-bin",
            f"--max-connections={MAX_CONNECTIONS}",
            *options,
        ]
        self.process: subprocess.Popen[bytes] | None = None

    def url(self, port: int) -> str:
        """Return the ``DATABASE_URL`` through some port."""
        return f"mysql://shop:{self.password}@127.0.0.1:{port}/shop"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.process = mysql.start(self._command, port=self.port, log=self._log).process

    def kill(self) -> None:
        """Kill -9."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def freeze(self) -> None:
        """Stop the process where it is: connections stay open and nothing answers."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self.process
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Stop it for good."""
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    @property
    def error(self) -> type[Exception]:
        """What the driver raises when the server refuses."""
        error: type[Exception] = _driver().OperationalError
        return error

    def connect(self) -> Any:
        """Return a connection of the tests' own, past every proxy, in one try."""
        return _driver().connect(
            host="127.0.0.1",
            port=self.port,
            user="chaos",
            password=self.password,
            database="shop",
            autocommit=True,
            connect_timeout=5,
            read_timeout=20,
        )

    def session(self) -> Any:
        """Return a connection, as soon as there is one to be had."""
        deadline = time.monotonic() + 5
        while True:
            try:
                return self.connect()
            except self.error:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def run(self, *statements: str) -> list[Any]:
        """Run statements; return the rows of the last."""
        session = self.session()
        try:
            cursor = session.cursor()
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())
        finally:
            session.close()

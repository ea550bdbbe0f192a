"""A private MariaDB or MySQL for one test run, on a free port of 127.0.0.1 and in a temporary directory."""

import os
import secrets
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from shop.local import containers, processes, system

IMAGE = "mysql:8.4"
START_SECONDS = 60.0
CONTAINER_SECONDS = 120.0
HOW_TO_INSTALL = "sudo apt-get install mariadb-server-core mariadb-client-core (macOS: brew install mariadb)"

# Tests need no durability: a crash of the machine loses nothing of worth.
_FAST = ["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=128M", "--skip-log-bin"]


def _run(argv: list[str], *, log: Path) -> None:
    try:
        with log.open("ab") as output:
            subprocess.run(argv, stdout=output, stderr=output, timeout=120, check=True, cwd=log.parent)
    except (OSError, subprocess.SubprocessError) as error:
        raise system.NotHere(f"{str(error).rstrip('.')}. {_printed(log)}") from error


def _printed(log: Path) -> str:
    """Say all that a program printed: its log is about to be deleted with the directory it lies in."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n    ".join(["It printed:", *filter(str.strip, lines)]) if any(lines) else "It printed nothing."


def _init_sql(directory: Path) -> tuple[Path, str]:
    """Write the statements that make the database and its user; return the file and the user's password."""
    password = secrets.token_hex(16)
    path = directory / "init.sql"
    # The user is named by address: an anonymous user of localhost would otherwise come first.
    path.write_text(
        "CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;\n"
        f"CREATE USER 'shop'@'127.0.0.1' IDENTIFIED BY '{password}';\n"
        "GRANT ALL PRIVILEGES ON *.* TO 'shop'@'127.0.0.1' WITH GRANT OPTION;\n",
        encoding="utf-8",
    )
    return path, password


def initialise(directory: Path) -> list[str]:
    """Make a data directory and one for temporary files; return the command that serves them.

    MariaDB takes every temporary table that lies among its own for a leftover and deletes it, so a server with the
    machine's ``/tmp`` for temporary files, be it for the moment of its installation, breaks others that do the same.

    Raises:
        NotHere: no server is installed, or it cannot make its data directory.
    """
    binary = system.program("mariadbd", "mysqld")
    if binary is None:
        raise system.NotHere("neither mariadbd nor mysqld is installed")
    log, temporary = directory / "init.log", directory / "tmp"
    temporary.mkdir()
    own = [f"--datadir={directory / 'data'}", f"--tmpdir={temporary}"]
    own += ["--user=root"] if os.geteuid() == 0 else []
    if "MariaDB" in (system.output_of([binary, "--no-defaults", "--version"]) or ""):
        installer = system.program("mariadb-install-db", "mysql_install_db")
        if installer is None:
            raise system.NotHere("mariadbd is installed without mariadb-install-db")
        options = ["--auth-root-authentication-method=normal", "--skip-test-db"]
        _run([installer, "--no-defaults", *options, *own], log=log)
        return [binary, "--no-defaults", *own]
    own.append("--secure-file-priv=NULL")
    _run([binary, "--no-defaults", "--initialize-insecure", *own], log=log)
    return [binary, "--no-defaults", *own, "--mysqlx=OFF", "--performance-schema=OFF"]


def installed(directory: Path, stack: ExitStack) -> str:
    """Start the MariaDB or MySQL that is installed here.

    Args:
        directory: an empty directory of its own.
        stack: gets the callback that stops the server.

    Returns:
        A ``DATABASE_URL``.

    Raises:
        NotHere: none is installed, or it does not start.
    """
    command = initialise(directory)
    init_sql, password = _init_sql(directory)
    port = processes.free_port()
    places = [f"--socket={directory}/s.sock", f"--pid-file={directory}/pid"]
    network = [f"--port={port}", "--bind-address=127.0.0.1", "--skip-name-resolve", f"--init-file={init_sql}"]
    child = start([*command, *places, *network, *_FAST], port=port, log=directory / "server.log")
    stack.callback(processes.stop, child)
    return f"mysql://shop:{password}@127.0.0.1:{port}/shop"


def start(command: list[str], *, port: int, log: Path) -> processes.Child:
    """Start a server and wait until it listens.

    Raises:
        NotHere: it does not; the message holds its log.
    """
    child = processes.start("MariaDB", command, env=os.environ, log=log)
    with ExitStack() as stack:
        stack.callback(processes.stop, child)
        try:
            processes.wait_until(child, lambda: processes.listens(port), seconds=START_SECONDS)
        except processes.StartError as error:
            raise system.NotHere(f"{error}. {_printed(log)}") from error
        stack.pop_all()
    return child


def from_apt(directory: Path, stack: ExitStack) -> str:
    """Install MariaDB's bare server (no service is started by it), then as :func:`installed`.

    Raises:
        NotHere: it cannot be installed here, or does not start.
    """
    system.apt_install("mariadb-server-core", "mariadb-client-core")
    return installed(directory, stack)


def from_docker(_directory: Path, stack: ExitStack) -> str:
    """Start the official MySQL image.

    Raises:
        NotHere: no engine answers, or the server does not come up.
    """
    password = secrets.token_hex(16)
    container = containers.run(
        IMAGE,
        port=3306,
        env={"MYSQL_ROOT_PASSWORD": password, "MYSQL_DATABASE": "shop"},
        arguments=["--character-set-server=utf8mb4", "--collation-server=utf8mb4_unicode_ci", "--mysqlx=OFF"],
    )
    stack.callback(container.stop)
    ping = ["mysqladmin", "ping", "-h127.0.0.1", "-uroot", f"-p{password}", "--silent"]
    deadline = time.monotonic() + CONTAINER_SECONDS
    # 127.0.0.1 inside: the temporary server of the first start answers on the socket alone.
    while system.output_of(["docker", "exec", container.identifier, *ping]) is None:
        if time.monotonic() > deadline or not container.runs():
            raise system.NotHere(f"{IMAGE} did not come up in Docker")
        time.sleep(0.5)
    return f"mysql://root:{password}@127.0.0.1:{container.port}/shop"


WAYS: tuple[Callable[[Path, ExitStack], str], ...] = (installed, from_apt, from_docker)

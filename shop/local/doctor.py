"""``make doctor``: look at this machine and say, for what is missing, how to get it.

Runs on a bare Python, before anything is installed.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from shop.local import dynamodb, mysql, nginx, places, processes, system

FREE_DISK_BYTES = 1_500_000_000


@dataclass(frozen=True)
class Finding:
    """One look. ``needed_for`` names the commands that suffer without it."""

    name: str
    seen: str | None
    needed_for: str
    cure: str


def _version(*argv: str) -> str | None:
    binary = system.program(argv[0])
    printed = system.output_of([binary, *argv[1:]]) if binary else None
    return printed.strip().splitlines()[0] if printed and printed.strip() else None


def _port(number: int) -> str | None:
    return "free" if processes.port_is_free("127.0.0.1", number) else None


def _disk() -> str | None:
    free = shutil.disk_usage(places.ROOT).free
    return f"{free / 1e9:.0f} GB free" if free >= FREE_DISK_BYTES else None


def _dynamodb_local() -> str | None:
    return "fetched" if (places.CACHE / "dynamodb-local").is_dir() else None


def _nginx() -> str | None:
    fetched = places.CACHE / "nginx" / "nginx"
    return system.program("nginx") or (str(fetched) if fetched.is_file() else None)


def _environment(folder: str) -> str | None:
    return _version(str(places.ROOT / folder / "bin" / "python"), "--version")


def _findings() -> Iterator[Finding]:
    python = ".".join(str(part) for part in sys.version_info[:3])
    port = int(os.environ.get("PORT", "8000"))
    compiler = "sudo apt-get install gcc pkg-config python3-dev default-libmysqlclient-dev"
    docker = "install Docker; make up needs Compose 2 or newer"
    yield Finding("Python", f"{python} ({sys.executable})", "everything", "")
    yield Finding(".venv", _environment(".venv"), "everything", "make run makes it")
    yield Finding(
        "ministack", _environment(".local/ministack-venv"), "make run, make test", "make run installs it"
    )
    yield Finding("disk", _disk(), "everything", "free 1.5 GB")
    yield Finding(
        f"port {port}", _port(port), "make run", f"PORT={port + 1} make run, or stop what listens there"
    )
    yield Finding(
        "uv",
        _version("uv", "--version"),
        "make lock; faster installs",
        "see its documentation, or pip install uv",
    )
    yield Finding("mysqlclient's compiler", _version("cc", "--version"), "make test, make check", compiler)
    yield Finding(
        "MySQL's headers", system.program("mysql_config", "mariadb_config"), "make test, make check", compiler
    )
    yield Finding("MariaDB or MySQL", system.program("mariadbd", "mysqld"), "make test", mysql.HOW_TO_INSTALL)
    yield Finding("Java 17 or newer", dynamodb.java_version(), "make test", dynamodb.HOW_TO_INSTALL)
    yield Finding(
        "nginx",
        _nginx(),
        "make test",
        f"make test fetches it where there is apt-get; else {nginx.HOW_TO_INSTALL}",
    )
    yield Finding("DynamoDB Local", _dynamodb_local(), "make test", "make test fetches it")
    yield Finding("Docker", "answers" if system.docker_answers() else None, "make up", docker)


def main() -> int:
    """Print a line for each finding; the exit code is 0, since most are needed for some commands only."""
    for finding in _findings():
        if finding.seen:
            print(f"ok       {finding.name}: {finding.seen}")
        else:
            print(f"missing  {finding.name} (for {finding.needed_for}). Cure: {finding.cure}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

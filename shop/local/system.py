"""What this machine offers: programs, the system's package manager, Docker."""

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from shop.local import places

# Servers lie outside many people's PATH; Homebrew's unlinked ones in folders of their own.
_SERVER_FOLDERS = (
    "/usr/sbin",
    "/usr/local/sbin",
    "/opt/homebrew/opt/mariadb/bin",
    "/opt/homebrew/opt/mysql/bin",
    "/opt/homebrew/opt/openjdk/bin",
    "/usr/local/opt/openjdk/bin",
)
APT_SECONDS = 600


class NotHere(Exception):
    """One way to get a server is not open on this machine; the message says why."""


def program(*names: str) -> str | None:
    """Return the path of the first of these programs that is installed."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_SERVER_FOLDERS])
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def output_of(argv: Sequence[str], *, seconds: float = 30) -> str | None:
    """Run a short command; return what it printed, or None if it cannot run or fails."""
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=seconds, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout + done.stderr


def can_apt() -> bool:
    """Tell whether this is root on Debian, Ubuntu or a kin of theirs."""
    return platform.system() == "Linux" and os.geteuid() == 0 and shutil.which("apt-get") is not None


@cache
def _apt_update(log: Path) -> None:
    with log.open("ab") as output:
        subprocess.run(["apt-get", "update"], stdout=output, stderr=output, timeout=APT_SECONDS, check=False)


def apt_install(*packages: str) -> None:
    """Install packages of Debian or Ubuntu.

    Raises:
        NotHere: this is not such a system, the user is not root, or apt-get failed (its log is named).
    """
    if not can_apt():
        raise NotHere("apt-get needs root on Debian or Ubuntu")
    places.LOGS.mkdir(parents=True, exist_ok=True)
    log = places.LOGS / "apt.log"
    print(f"  installing {' '.join(packages)} (apt-get)", flush=True)
    _apt_update(log)
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    try:
        with log.open("ab") as output:
            subprocess.run(
                command,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=APT_SECONDS,
                check=True,
            )
    except (OSError, subprocess.SubprocessError) as error:
        raise NotHere(f"apt-get could not install {' '.join(packages)} ({log})") from error


def apt_download(package: str, *, directory: Path) -> None:
    """Fetch a package of Debian or Ubuntu into a directory, without installing it; anyone may.

    Raises:
        NotHere: this is not such a system, or the package cannot be had.
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise NotHere("there is no apt-get")
    command = ["apt-get", "download", package]
    if _succeeds(command, directory=directory):
        return
    if can_apt():  # the lists of packages may be missing or old
        places.LOGS.mkdir(parents=True, exist_ok=True)
        _apt_update(places.LOGS / "apt.log")
        if _succeeds(command, directory=directory):
            return
    raise NotHere(f"apt-get could not download {package}")


def _succeeds(argv: Sequence[str], *, directory: Path) -> bool:
    try:
        done = subprocess.run(
            argv,
            cwd=directory,
            capture_output=True,
            timeout=APT_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


@cache
def docker_answers() -> bool:
    """Tell whether a Docker engine answers this user."""
    return (
        shutil.which("docker") is not None
        and output_of(["docker", "info", "--format", "{{.ID}}"]) is not None
    )

"""An nginx for one test run: only the program; the tests start it themselves, with the shop's configuration."""

import os
import platform
import shlex
import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from shop.local import places, system

IMAGE = "nginx:stable"
PULL_SECONDS = 600
HOW_TO_INSTALL = "sudo apt-get install nginx-light (macOS: brew install nginx)"


def installed(_directory: Path, _stack: ExitStack) -> str:
    """Return the path of the nginx that is installed here.

    Raises:
        NotHere: none is.
    """
    binary = system.program("nginx")
    if binary is None:
        raise system.NotHere("nginx is not installed")
    return binary


def from_apt(directory: Path, _stack: ExitStack) -> str:
    """Fetch Debian's or Ubuntu's package and unpack it into the cache, which needs no root.

    Not installed: that would start a service on port 80.

    Raises:
        NotHere: this is no such system, or the package cannot be had or run.
    """
    kept = places.CACHE / "nginx" / "nginx"
    if system.output_of([str(kept), "-v"]) is None:
        unpacked = _unpack(directory)
        if system.output_of([str(unpacked), "-v"]) is None:
            raise system.NotHere("the system's package of nginx does not run here")
        kept.parent.mkdir(parents=True, exist_ok=True)
        new = kept.with_name(directory.name)
        shutil.copy2(unpacked, new)
        new.replace(kept)  # in one step: another run may be using it
    return str(kept)


def _unpack(directory: Path) -> Path:
    # Which package holds the program differs among releases.
    for package in ("nginx", "nginx-core"):
        system.apt_download(package, directory=directory)
        for file in directory.glob(f"{package}_*.deb"):
            system.output_of(["dpkg-deb", "--extract", str(file), str(directory)])
        program = directory / "usr" / "sbin" / "nginx"
        if program.is_file():
            return program
    raise system.NotHere("the package has no nginx in it")


def from_docker(directory: Path, _stack: ExitStack) -> str:
    """Write a program that runs the official image's nginx in the network and the files of this machine.

    Raises:
        NotHere: no engine answers, the image cannot be had, or the engine is not on this machine's own network.
    """
    if platform.system() != "Linux" or not system.docker_answers():
        raise system.NotHere("no Docker engine answers on this Linux")
    version = ["docker", "run", "--rm", "--entrypoint", "nginx", IMAGE, "-v"]
    if system.output_of(version, seconds=PULL_SECONDS) is None:
        raise system.NotHere(f"Docker could not run {IMAGE}")
    shared = tempfile.gettempdir()
    command = ["docker", "run", "--rm", "--network", "host", "--user", f"{os.geteuid()}:{os.getegid()}"]
    program = directory / "nginx"
    line = shlex.join([*command, "--volume", f"{shared}:{shared}", "--entrypoint", "nginx", IMAGE])
    program.write_text(f'#!/bin/sh\nexec {line} "$@"\n', encoding="utf-8")
    program.chmod(0o700)
    return str(program)


WAYS: tuple[Callable[[Path, ExitStack], str], ...] = (installed, from_apt, from_docker)

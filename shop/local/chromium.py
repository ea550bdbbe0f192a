"""A Chromium for one test run: only the program; the tests start it themselves, without a window."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from shop.local import system

HOW_TO_INSTALL = "sudo apt-get install chromium fonts-dejavu-core (macOS: brew install --cask chromium)"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_VERSION_SECONDS = 60.0  # a first start on a loaded machine is slow


def installed(_directory: Path, _stack: ExitStack) -> str:
    """Return the path of the Chromium that is installed here.

    Raises:
        NotHere: none is, or it does not run (Ubuntu's package is only a pointer to another shop).
    """
    binary = system.program(*_NAMES)
    if binary is None or system.output_of([binary, "--version"], seconds=_VERSION_SECONDS) is None:
        raise system.NotHere("Chromium is not installed")
    return binary


def from_apt(directory: Path, stack: ExitStack) -> str:
    """Install Debian's package, and one family of fonts, without which there are no letters.

    Raises:
        NotHere: this is no such system, or the package cannot be had or run.
    """
    system.apt_install("chromium", "fonts-dejavu-core")
    return installed(directory, stack)


WAYS: tuple[Callable[[Path, ExitStack], str], ...] = (installed, from_apt)

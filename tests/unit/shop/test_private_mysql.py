"""The database server of a test run: it touches nothing of its neighbours', and a failure says all that is known."""

from pathlib import Path

import pytest

from shop.local import mysql, system

# As MariaDB does at every start: temporary tables that lie where it puts its own are taken for leftovers.
INSTALLER = """#!/bin/sh
for word; do case "$word" in --tmpdir=*) TMPDIR="${word#*=}" ;; esac; done
[ -d "$TMPDIR" ] && rm -f "$TMPDIR"/#sql*
"""
BROKEN_INSTALLER = """#!/bin/sh
echo "ERROR: 1051  Unknown table"
echo
echo "Please check all of the above" >&2
exit 1
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of stand-ins for MariaDB's programs, found before the real ones."""
    folder = tmp_path / "bin"
    folder.mkdir()
    _write(folder / "mariadbd", "#!/bin/sh\necho 'mariadbd  Ver 10.11 MariaDB'\n")
    _write(folder / "mariadb-install-db", INSTALLER)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The server's own directory."""
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o700)


@pytest.mark.usefixtures("programs")
def test_a_server_that_is_installed_leaves_the_temporary_tables_of_others_alone(own, tmp_path, monkeypatch):
    shared = tmp_path / "shared"
    shared.mkdir()
    of_another = shared / "#sql-temptable-3c16-1-4.MAI"
    of_another.touch()
    monkeypatch.setenv("TMPDIR", str(shared))

    command = mysql.initialise(own)

    assert of_another.exists()
    assert f"--tmpdir={own / 'tmp'}" in command
    assert (own / "tmp").is_dir()


def test_a_failed_installation_shows_everything_that_was_printed(own, programs):
    _write(programs / "mariadb-install-db", BROKEN_INSTALLER)

    with pytest.raises(system.NotHere) as caught:
        mysql.initialise(own)

    command, _, printed = str(caught.value).partition(" returned non-zero exit status 1. It printed:\n")
    assert f"'{programs}/mariadb-install-db', '--no-defaults'" in command
    assert printed == "    ERROR: 1051  Unknown table\n    Please check all of the above"


def test_a_failed_installation_that_was_silent_says_so(own, programs):
    _write(programs / "mariadb-install-db", "#!/bin/sh\nexit 1\n")

    with pytest.raises(system.NotHere, match=r" returned non-zero exit status 1\. It printed nothing\.$"):
        mysql.initialise(own)

"""The scan for secrets finds a key in any file that git has."""

import subprocess

import pytest

from shop.local import secret_scan

# In two parts, so that this file holds none.
AWS_KEY = "AKIA" + "QYLPMN5HHHFPZAM2"
PRIVATE_KEY = "-----BEGIN RSA " + "PRIVATE KEY-----"
DATABASE = "mysql://shop:" + "kq81-Zt0n@db.example.com/shop"


@pytest.fixture
def checkout(tmp_path):
    """A repository with one file, which git has but nobody committed."""

    def make(text):
        subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
        (tmp_path / "settings.py").write_text(text)
        subprocess.run(["git", "add", "settings.py"], cwd=tmp_path, check=True)
        return tmp_path

    return make


@pytest.mark.parametrize("secret", [AWS_KEY, PRIVATE_KEY, DATABASE])
def test_a_planted_secret_is_found_and_not_printed(checkout, secret, capfd):
    assert secret_scan.scan(checkout(f'KEY = "{secret}"\n')) == 1

    told = capfd.readouterr().out
    assert "settings.py:1" in told
    assert secret not in told


@pytest.mark.parametrize(
    "line",
    [
        'COLOUR = "green"',
        'DATABASE_URL = "mysql://USER:PASSWORD@HOST/NAME"',
        f'KEY = "{AWS_KEY}"  # pragma: allowlist secret (revoked in 2019)',
    ],
)
def test_a_file_without_secrets_passes(checkout, line):
    assert secret_scan.scan(checkout(f"{line}\n")) == 0


def test_where_git_knows_nothing_the_scan_fails(tmp_path, capsys):
    assert secret_scan.scan(tmp_path) == 1

    assert "nothing to look at" in capsys.readouterr().out

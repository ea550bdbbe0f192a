"""What gunicorn is told."""

import runpy
from pathlib import Path

import pytest

CONF = Path(__file__).resolve().parents[3] / "shop" / "gunicorn.conf.py"


@pytest.mark.parametrize(
    ("arguments", "shared"),
    [(["gunicorn", "shop.wsgi"], True), (["gunicorn", "--reload", "shop.wsgi"], False)],
    ids=["in production", "while files are watched"],
)
def test_workers_share_one_import_unless_a_changed_file_is_to_be_imported_anew(
    monkeypatch, arguments, shared
):
    monkeypatch.setattr("sys.argv", arguments)

    assert runpy.run_path(str(CONF))["preload_app"] is shared

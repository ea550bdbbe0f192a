from pathlib import Path

from deploy.commands import clean

DATA = (
    ".local/run/shop.sqlite3",
    ".env",
    ".venv/lib/__pycache__/a.pyc",
    "docs/a.md",
    ".git/index",
    "shop/a.py",
)
OUTPUTS = (
    "deploy/cdk.out/a.json",
    ".ruff_cache/a",
    "shop/__pycache__/a.pyc",
    "shop/x/__pycache__/b.pyc",
    ".coverage",
)


def test_outputs_go_and_data_stay(tmp_path: Path) -> None:
    for name in (*DATA, *OUTPUTS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")

    assert clean.main(tmp_path) == 0

    assert [name for name in DATA if not (tmp_path / name).exists()] == []
    assert [name for name in OUTPUTS if (tmp_path / name).exists()] == []


def test_nothing_to_clean_is_no_mistake(tmp_path: Path) -> None:
    assert clean.main(tmp_path) == 0


def test_a_link_to_somewhere_else_is_not_followed(tmp_path: Path) -> None:
    elsewhere, root = tmp_path / "elsewhere", tmp_path / "root"
    (elsewhere / "__pycache__").mkdir(parents=True)
    root.mkdir()
    (root / "link").symlink_to(elsewhere)

    clean.main(root)

    assert (elsewhere / "__pycache__").exists()

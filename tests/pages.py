"""The pages of the documentation, as their tests read them."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
END = "<!-- end -->"  # of what a program has written into a page
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "SECURITY.md", *sorted(DOCS.rglob("*.md"))]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """The page without its code blocks."""
    return re.sub(r"^```.*?^```$", "", read(page), flags=re.DOTALL | re.MULTILINE)


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", read(page), flags=re.DOTALL | re.MULTILINE)


def section(page: Path, begin: str, *, end: str = END) -> str:
    """What stands between two marks of a page."""
    return read(page).partition(begin)[2].partition(end)[0]


def replace_section(page: Path, begin: str, text: str, *, end: str = END) -> None:
    """Write what stands between two marks of a page."""
    before, mark, rest = read(page).partition(begin)
    _old, closing, after = rest.partition(end)
    page.write_text(before + mark + text + closing + after, encoding="utf-8")


def rows(text: str) -> list[list[str]]:
    """The body rows of all Markdown tables in a text, as cells."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    rules = [index for index, row in enumerate(cells) if set("".join(row)) <= set("-: ")]
    heads = {index - 1 for index in rules}
    return [row for index, row in enumerate(cells) if index not in heads | set(rules)]

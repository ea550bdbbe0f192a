"""What became of the attacks of a run, for the terminal and for docs/security.md."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.attack.attack import KINDS, Attack
from tests.chaos.report import commit, machine

PAGE = Path("docs", "security.md")
RUN, TABLE, END = "<!-- attacks: run -->\n", "<!-- attacks: table -->\n", "<!-- end -->"


class Outcomes:
    """The attacks that were tried, and those that were refused."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.tried: list[Attack] = []
        self.refused: list[Attack] = []

    def lines(self) -> Iterator[str]:
        """Tell it by kinds."""
        tried, refused = (Counter(attack.kind for attack in some) for some in (self.tried, self.refused))
        for kind, name in KINDS.items():
            if tried[kind]:
                yield f"  {name:<36} {refused[kind]:>4} of {tried[kind]:>3}"
        minutes = (time.monotonic() - self.began) / 60
        yield f"attacks refused: {len(self.refused)}/{len(self.tried)} in {minutes:.1f} minutes"

    def write(self, page: Path) -> None:
        """Write the outcome into the page, between its marks."""
        told = (
            f"**Attacks refused: {len(self.refused)}/{len(self.tried)}** by `make attack`, {datetime.now(UTC):%Y-%m-%d}, "
            f"on commit {commit()}, {machine()}.\n"
        )
        replace(page, RUN, told)


outcomes = Outcomes()


def table(attacks: Sequence[Attack]) -> str:
    """Return all attacks and what is answered to them, as the page has it."""
    parts = []
    for kind, name in KINDS.items():
        rows = [f"| {attack.title} | {attack.expected} |\n" for attack in attacks if attack.kind == kind]
        parts.append(f"### {name}\n\n| attack | answer |\n|---|---|\n{''.join(rows)}\n")
    return "".join(parts)


def section(page: Path, begin: str) -> str:
    """Return what stands behind a mark."""
    return page.read_text(encoding="utf-8").partition(begin)[2].partition(END)[0]


def replace(page: Path, begin: str, text: str) -> None:
    """Write what stands behind a mark."""
    before, mark, rest = page.read_text(encoding="utf-8").partition(begin)
    _old, end, after = rest.partition(END)
    page.write_text(before + mark + text + end + after, encoding="utf-8")

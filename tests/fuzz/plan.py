"""Which campaigns make a run, and how a run is told: a line now and then, and a table at the end."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.fuzz.callers import CALLERS
from tests.fuzz.campaign import Campaign, Tally

LONG_EXAMPLES = 30
BEGIN, END = "<!-- fuzz -->\n", "<!-- /fuzz -->"


def short(seed: int) -> Iterator[Campaign]:
    """Every boundary once, with all rights; a few made-up requests as each of the others."""
    everything = {"limit": 5_000, "seed": seed}
    yield Campaign(account=CALLERS["admin"], open_mode=True, systematic=True, examples=2, **everything)
    for name in ("anonymous", "user"):
        yield Campaign(account=CALLERS[name], open_mode=False, systematic=False, examples=2, **everything)


def long(seed: int, requests: int) -> Iterator[Campaign]:
    """Every caller in both modes, round after round with new seeds, until so many requests are sent."""
    number = 0
    while True:
        for open_mode in (True, False):
            for account in CALLERS.values():
                yield Campaign(
                    account=account,
                    open_mode=open_mode,
                    seed=seed + number // len(CALLERS) // 2,
                    examples=LONG_EXAMPLES,
                    systematic=number < 2 * len(CALLERS),
                    limit=requests,
                )
                number += 1


@dataclass
class Progress:
    """Tells how far a run is, every so many requests, and each failure once it is known."""

    tally: Tally
    every: int = 1_000
    began: float = field(default_factory=time.monotonic)
    told: set[str] = field(default_factory=set)

    def __call__(self, requests: int) -> None:
        for name in self.tally.failures.keys() - self.told:
            print(f"  FAILED {name}\n{self.tally.failures[name]}", flush=True)
            self.told.add(name)
        if requests % self.every == 0:
            rate = requests / (time.monotonic() - self.began)
            failures = len(self.tally.failures)
            print(f"  {requests:,} requests, {failures} failures, {rate:.0f} a second", flush=True)


def table(tally: Tally, *, seed: int, seconds: float) -> str:
    """Return the run's figures in Markdown."""
    statuses: Counter[int] = Counter()
    for counts in tally.by_operation.values():
        statuses.update(counts)
    head = (
        f"{tally.requests:,} requests (`SEED={seed}`), {len(tally.by_operation)} operations, {seconds / 60:.0f} minutes. "
        f"**{len(tally.failures)} failures**, {sum(n for status, n in statuses.items() if status >= 500)} answers of 5xx.\n"
    )
    kinds = "Made by: " + ", ".join(f"{phase} {n:,}" for phase, n in sorted(tally.by_phase.items())) + ".\n"
    return head + kinds + "\n" + _rows(tally.by_operation, statuses)


def _rows(by_operation: dict[str, Counter[int]], statuses: Counter[int]) -> str:
    columns = sorted(statuses)
    lines = [
        "| operation | requests | " + " | ".join(map(str, columns)) + " |",
        "|---" * (len(columns) + 2) + "|",
    ]
    for name, counts in [*sorted(by_operation.items()), ("**all**", statuses)]:
        cells = [f"{counts[status]:,}" if counts[status] else "" for status in columns]
        lines.append(f"| {name} | {counts.total():,} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def insert(page: Any, text: str, say: Callable[[str], None] = print) -> None:
    """Put the figures between a page's marks; without marks, say that they went nowhere."""
    old = page.read_text(encoding="utf-8") if page.exists() else ""
    if BEGIN not in old or END not in old:
        say(f"{page} has no {BEGIN.strip()} … {END}: the figures are not kept")
        return
    before, _, rest = old.partition(BEGIN)
    page.write_text(before + BEGIN + "\n" + text + "\n" + END + rest.partition(END)[2], encoding="utf-8")

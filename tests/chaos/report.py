"""The report of a run: a table in Markdown and a chart of the recovery times as SVG."""

import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path

LEASE_SECONDS = 3
RECOVERY_SECONDS = 60.0
WIDTH, ROW, LEFT, RIGHT, TOP = 900, 15, 270, 60, 46


@dataclass(frozen=True, kw_only=True)
class Row:
    """What became of one fault.

    Attributes:
        recovery_seconds: from the end of the fault until the shop was ready and every order settled that was open
            then; None: not within 60 s.
        found: broken promises; empty: all held.
    """

    name: str
    group: str
    does: str
    fired: int
    recovery_seconds: float | None
    orders: int
    requests: int
    found: Sequence[str]
    seconds: float

    @property
    def survived(self) -> bool:
        """Whether it happened, was recovered from, and broke nothing."""
        return self.fired > 0 and self.recovery_seconds is not None and not self.found


def machine() -> str:
    """Say where the figures come from."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def commit() -> str:
    """Return the commit the run was made on."""
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    # The report itself is being written anew, which is no change of what was tested.
    status = ["git", "status", "--porcelain", "--", ".", ":!docs/chaos-report.*"]
    changed = subprocess.run(status, capture_output=True, text=True, check=False)
    return (done.stdout.strip() or "unknown") + (" with changes" if changed.stdout.strip() else "")


def write(path: Path, outcomes: Sequence[Row], *, seed: str, minutes: float) -> None:
    """Write the report, and the chart beside it."""
    chart = path.with_suffix(".svg")
    chart.write_text(_chart(outcomes), encoding="utf-8")
    survived = sum(outcome.survived for outcome in outcomes)
    slowest = max((o.recovery_seconds for o in outcomes if o.recovery_seconds is not None), default=0.0)
    broken = sum(len(outcome.found) for outcome in outcomes)
    lines = [
        "# Chaos report",
        "",
        "Written by `make chaos`; docs/reliability.md says what it means.",
        "",
        f"**Faults survived: {survived}/{len(outcomes)}.** Promises broken: {broken}. Slowest recovery: {slowest:.1f} s "
        f"(promised: {RECOVERY_SECONDS:.0f} s). Orders placed: {sum(o.orders for o in outcomes):,}; requests: "
        f"{sum(o.requests for o in outcomes):,}; faults that fired: {sum(o.fired for o in outcomes):,}.",
        "",
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC · commit {commit()} · seed {seed} · {minutes:.0f} minutes · {machine()} · "
        f"leases of {LEASE_SECONDS} s where a row does not say otherwise.",
        "",
        f"![Recovery times]({chart.name})",
        "",
        "| fault | what happens | fired | recovery | orders | broken |",
        "|---|---|---:|---:|---:|---|",
        *(_row(outcome) for outcome in sorted(outcomes, key=lambda o: (o.group, o.name))),
        "",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")


def _row(outcome: Row) -> str:
    recovered = "**never**" if outcome.recovery_seconds is None else f"{outcome.recovery_seconds:.1f} s"
    broken = "–" if not outcome.found else "**" + "<br>".join(outcome.found[:3]).replace("|", "/") + "**"
    return f"| {outcome.group}: `{outcome.name}` | {outcome.does} | {outcome.fired} | {recovered} | {outcome.orders} | {broken} |"


def _chart(outcomes: Sequence[Row]) -> str:
    """Draw one bar per fault; the scale ends at the slowest, the promise is written above."""
    rows = sorted(outcomes, key=lambda o: (o.group, o.name))
    longest = max([5.0, *(o.recovery_seconds or RECOVERY_SECONDS for o in rows)])
    height = TOP + ROW * len(rows) + 16
    scale = (WIDTH - LEFT - RIGHT) / longest
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="10">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="10" y="20" font-size="14" font-weight="bold">Seconds from the end of the fault until all is settled '
        f"(promised: {RECOVERY_SECONDS:.0f})</text>",
    ]
    step = next(width for width in (1, 2, 5, 10) if longest / width <= 12)
    for tick in range(0, int(longest) + 1, step):
        x = LEFT + tick * scale
        parts.append(f'<line x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{height - 12}" stroke="#dddddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{TOP - 9}" text-anchor="middle" fill="#666666">{tick}</text>')
    for number, outcome in enumerate(rows):
        y = TOP + number * ROW
        seconds = outcome.recovery_seconds if outcome.recovery_seconds is not None else longest
        colour = "#2f855a" if outcome.survived else "#c53030"
        parts.append(f'<text x="{LEFT - 6}" y="{y + 9}" text-anchor="end">{escape(outcome.name)}</text>')
        parts.append(
            f'<rect x="{LEFT}" y="{y}" width="{max(seconds * scale, 1):.1f}" height="{ROW - 4}" fill="{colour}"/>'
        )
        label = "never" if outcome.recovery_seconds is None else f"{seconds:.1f}"
        parts.append(f'<text x="{LEFT + seconds * scale + 4:.1f}" y="{y + 9}" fill="#444444">{label}</text>')
    return "\n".join([*parts, "</svg>", ""])

"""``make load``: a hundred customers at once, by locust, for so long; its HTML report, and a table by route."""

import csv
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from shop.local import places
from tests.bench.stage import Stage

LOCUST = places.LOCAL / "bench-venv" / "bin" / "locust"
KEPT = places.LOCAL / "bench"
BEFORE = {"p50": 45, "p95": 120, "p99": 250}
"""Milliseconds of the system that was here before, over all its routes; its orders took 200 to 300."""


def run(stage: Stage, *, users: int, seconds: int) -> list[dict[str, str]]:
    """Send so many customers for so long.

    Returns:
        Locust's figures, a row a route and one for all of them; the HTML report is beside them in ``.local/bench``.

    Raises:
        RuntimeError: locust failed, which a refused request is no reason for.
    """
    KEPT.mkdir(parents=True, exist_ok=True)
    command: Sequence[str | Path] = [
        *(LOCUST, "--headless", "--only-summary", "--locustfile", "tests/bench/journey.py"),
        *("--users", str(users), "--spawn-rate", "20", "--run-time", f"{seconds}s", "--reset-stats"),
        *("--host", f"http://127.0.0.1:{stage.services['shop'].port}", "--exit-code-on-error", "0"),
        *("--html", KEPT / "load.html", "--csv", KEPT / "load", "--loglevel", "WARNING"),
    ]
    env = {
        **os.environ,
        "BENCH_TOKENS": json.dumps(stage.tokens),
        "BENCH_PRODUCTS": json.dumps(stage.products),
    }
    done = subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise RuntimeError(f"locust ended with code {done.returncode}")
    with (KEPT / "load_stats.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def table(rows: Sequence[dict[str, str]]) -> str:
    """Return the figures by route."""
    lines = [
        "| route | requests | failures | p50 ms | p95 ms | p99 ms | mean ms |\n",
        "|---|" + "---:|" * 6 + "\n",
    ]
    for row in rows:
        name = "**all**" if row["Name"] == "Aggregated" else f"`{row['Name']}`"
        cells = [row[column] for column in ("Request Count", "Failure Count", "50%", "95%", "99%")]
        lines.append(f"| {name} | {' | '.join(cells)} | {float(row['Average Response Time']):.0f} |\n")
    earlier = " | ".join(str(BEFORE[name]) for name in ("p50", "p95", "p99"))
    lines.append(f"| *the earlier system, all* | | | {earlier} | |\n")
    lines.append("| *the earlier system, orders* | | | | | | 200–300 |\n")
    return "".join(lines)

"""The table of metrics is made from the code: ``UPDATE_DOCS=1 make test-fast T=tests/unit/test_docs_metrics.py``."""

import os

from shop.metrics import METRICS
from tests.pages import DOCS, read

BEGIN, END = "<!-- generated: metrics -->\n", "<!-- end -->"


def table() -> str:
    head = "| Metric | Unit | Watch | Dimension | Meaning |\n|---|---|---|---|---|\n"
    rows = []
    for metric in METRICS:
        dimension = f"`{metric.dimension}`: {metric.values}" if metric.dimension else "–"
        rows.append(
            f"| `{metric.name}` | {metric.unit} | {metric.statistic} | {dimension} | {metric.meaning} |\n"
        )
    return head + "".join(rows)


def test_the_table_of_metrics_is_that_of_the_code():
    page = DOCS / "observability.md"
    before, _, rest = read(page).partition(BEGIN)
    written, _, after = rest.partition(END)
    if os.environ.get("UPDATE_DOCS") == "1":
        page.write_text(f"{before}{BEGIN}{table()}{END}{after}", encoding="utf-8")
        return

    assert written == table()

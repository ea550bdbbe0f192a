"""The table of metrics is made from the code: ``UPDATE_DOCS=1 make test-fast T=tests/unit/test_docs_metrics.py``."""

import os

from shop.metrics import METRICS
from tests.pages import DOCS, replace_section, section

BEGIN = "<!-- generated: metrics -->\n"


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
    if os.environ.get("UPDATE_DOCS") == "1":
        replace_section(page, BEGIN, table())

    assert section(page, BEGIN) == table()

"""Reads the embedded metric format out of a log, as strictly as CloudWatch's specification has it."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

UNITS = {"Count", "Milliseconds", "Seconds"}
A_DAY_MS = 24 * 3600 * 1000


def documents(log: Path) -> list[dict[str, Any]]:
    """Return the log's lines that carry metrics; every line must be one JSON object."""
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return [line for line in lines if "_aws" in line]


def faults(document: dict[str, Any]) -> list[str]:
    """Return why CloudWatch would ignore a document, or part of it."""
    found = []
    if not (isinstance(document["_aws"]["Timestamp"], int) and document["_aws"]["Timestamp"] > A_DAY_MS):
        found.append("the time is no number of milliseconds")
    for directive in document["_aws"]["CloudWatchMetrics"]:
        if not directive["Namespace"]:
            found.append("no namespace")
        for dimensions in directive["Dimensions"]:
            found += [f"{name} is no text" for name in dimensions if not isinstance(document.get(name), str)]
        for metric in directive["Metrics"]:
            if type(document.get(metric["Name"])) not in (int, float):
                found.append(f"{metric['Name']} is no number")
            if metric["Unit"] not in UNITS:
                found.append(f"{metric['Unit']} is no unit")
    return found


def sums(found: Iterable[dict[str, Any]], name: str) -> Counter[str]:
    """Add a metric up by the value of its dimension; under "" where it has none."""
    total: Counter[str] = Counter()
    for document in found:
        for directive in document["_aws"]["CloudWatchMetrics"]:
            if directive["Metrics"][0]["Name"] == name:
                (dimensions,) = directive["Dimensions"]
                total[document[dimensions[0]] if dimensions else ""] += document[name]
    return total

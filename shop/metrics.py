"""Figures for CloudWatch: one JSON log line each, in the embedded metric format. No agent, no call."""

import time
from typing import Literal

import structlog
from django.conf import settings

log = structlog.get_logger("shop.metrics")

NAMESPACE = "shop"

Unit = Literal["Count", "Milliseconds", "Seconds"]


def emit(name: str, value: float, *, unit: Unit = "Count", **dimensions: str) -> None:
    """Write one figure.

    Args:
        name: of the metric, in CamelCase as CloudWatch's own.
        value: the figure.
        unit: what it counts.
        dimensions: what to tell apart (few values each).

    Source:
        CloudWatch embedded metric format specification.
    """
    if settings.LOG_FORMAT != "json":
        log.debug("metric", name=name, value=value, **dimensions)
        return
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": name, "Unit": unit}],
    }
    document = {"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}, name: value}
    log.info("metric", **document, **dimensions)

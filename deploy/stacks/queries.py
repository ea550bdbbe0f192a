"""Saved Logs Insights queries: what one asks of the log at three in the morning (docs/runbook.md)."""

from aws_cdk import aws_logs as logs

from deploy.stacks.base import ShopStack

QUERIES = {
    "one-request": ("Follow one request by its X-Request-ID", 'filter request_id = "PUT-ID-HERE"', "asc"),
    "one-order": ("Follow one order by its id", "filter order_id = 0", "asc"),
    "errors": ("All errors and tracebacks", 'filter level in ["error", "critical"]', "desc"),
    "5xx": ("Answers of 500 and above", 'filter event = "request" and status >= 500', "desc"),
    "slowest": ("The slowest answers", 'filter event = "request" and ms > 1000', "desc"),
    "broken-promises": ("What does not add up", 'filter event = "a promise is broken"', "desc"),
    "breaker": ("When the payment provider was silent", 'filter logger = "orders.payments.breaker"', "desc"),
    "front": ("What nginx refused or could not hand on", 'filter logger = "nginx"', "desc"),
}
"""By name: what it shows, its condition, the order in time."""


def save_queries(stack: ShopStack, *, log_group: str) -> None:
    """Save each query under ``shop-<stage>/<name>`` for the shop's log group."""
    for name, (_meaning, condition, order) in QUERIES.items():
        logs.CfnQueryDefinition(
            stack,
            f"Query{name.title().replace('-', '')}",
            name=f"{stack.stage.prefix}/{name}",
            log_group_names=[log_group],
            query_string="\n| ".join(
                (
                    "fields @timestamp, @logStream, @message",
                    condition,
                    f"sort @timestamp {order}",
                    "limit 200",
                )
            ),
        )

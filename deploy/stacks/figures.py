"""AWS's own metrics of a stage: balancer, tasks, queue, tables, database. Alarms and dashboard draw from here."""

from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_rds as rds

from deploy.stacks.base import ShopStack
from deploy.stacks.data import DataStack
from deploy.stacks.service import ServiceStack

MINUTE, FIVE = Duration.minutes(1), Duration.minutes(5)


class Figures:
    """The metrics.

    Attributes:
        error_percent: share of 5xx answers, the balancer's own included; single faults of a quiet shop do not count.
        running: number of tasks, by service.
        load: CPU and memory of both services.
        queue_age, queue_visible, dead_letters: of the queues.
        throttled: calls that DynamoDB refused.
        database_cpu, database_connections, database_storage: MySQL's; Aurora has no storage to run out of.
        blocked: requests that the firewall refused.
    """

    def __init__(self, stack: ShopStack, *, data: DataStack, service: ServiceStack) -> None:
        self._balancer = service.entrance.balancer
        self.error_percent = self._error_percent()
        minute: dict[str, Any] = {"period": MINUTE}
        self.running = {
            name: each.metric_cpu_utilization(statistic="SampleCount", label=name, **minute)
            for name, each in (("web", service.web), ("background", service.background))
        }
        self.load = [
            metric
            for name, each in (("web", service.web), ("background", service.background))
            for metric in (
                each.metric_cpu_utilization(label=f"{name} CPU", **minute),
                each.metric_memory_utilization(label=f"{name} memory", **minute),
            )
        ]
        most: dict[str, Any] = {"statistic": "Maximum", "period": MINUTE}
        self.queue_age = data.queue.metric_approximate_age_of_oldest_message(**most)
        self.queue_visible = data.queue.metric_approximate_number_of_messages_visible(**most)
        self.dead_letters = data.dead_letters.metric_approximate_number_of_messages_visible(**most)
        self.throttled = _throttled(data)
        self.database_cpu = data.database.metric_cpu_utilization(**minute)
        self.database_connections = data.database.metric_database_connections(**most)
        self.database_storage = (
            data.database.metric_free_storage_space(statistic="Minimum", period=MINUTE)
            if isinstance(data.database, rds.DatabaseInstance)
            else None
        )
        self.blocked = _blocked(stack)

    def latency(self, statistic: str) -> cloudwatch.Metric:
        """Return how long tasks take to answer, in seconds, as the balancer sees it."""
        return self._balancer.metrics.target_response_time(
            statistic=statistic, period=MINUTE, label=statistic
        )

    def _error_percent(self) -> cloudwatch.MathExpression:
        own = self._balancer.metrics
        counted = {
            "ours": own.http_code_target(elb.HttpCodeTarget.TARGET_5XX_COUNT, statistic="Sum", period=FIVE),
            "balancers": own.http_code_elb(elb.HttpCodeElb.ELB_5XX_COUNT, statistic="Sum", period=FIVE),
            "requests": own.request_count(statistic="Sum", period=FIVE),
        }
        faults = "(FILL(ours, 0) + FILL(balancers, 0))"
        # One more than there were: without any task the balancer counts faults, and no requests to divide by.
        return cloudwatch.MathExpression(
            expression=f"IF({faults} >= 5, 100 * {faults} / (FILL(requests, 0) + 1), 0)",
            label="5xx (%)",
            period=FIVE,
            using_metrics=counted,
        )


def _throttled(data: DataStack) -> cloudwatch.MathExpression:
    counted = {
        f"{kind.lower()}{number}": cloudwatch.Metric(
            namespace="AWS/DynamoDB",
            metric_name=f"{kind}ThrottleEvents",
            statistic="Sum",
            period=MINUTE,
            dimensions_map={"TableName": table.table_name},
        )
        for number, table in enumerate(data.tables.values())
        for kind in ("Read", "Write")
    }
    expression = " + ".join(f"FILL({name}, 0)" for name in counted)
    return cloudwatch.MathExpression(
        expression=expression, label="Refused calls", period=MINUTE, using_metrics=counted
    )


def _blocked(stack: ShopStack) -> list[cloudwatch.Metric]:
    if not stack.stage.firewall.enabled:
        return []
    found = cloudwatch.Metric(
        namespace="AWS/WAFV2",
        metric_name="BlockedRequests",
        statistic="Sum",
        period=MINUTE,
        label="firewall",
        # WAF names a web ACL here by its metric name (Firewall in deploy/stacks/firewall.py).
        dimensions_map={"WebACL": f"{stack.stage.prefix}-all", "Region": stack.stage.region, "Rule": "ALL"},
    )
    return [found]

"""Who is told what: dashboard, alarms, budget, saved queries, canary. Keeps no data; ``make pause`` deletes it."""

import aws_cdk as cdk
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from deploy import metrics
from deploy.options import Stage
from deploy.stacks.base import ShopStack
from deploy.stacks.canary import Canary
from deploy.stacks.cluster import ClusterStack
from deploy.stacks.dashboard import dashboard, each, graph, shop
from deploy.stacks.figures import Figures
from deploy.stacks.queries import save_queries
from deploy.stacks.runtime import Parts
from deploy.stacks.service import ServiceStack

BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
UNSETTLED_SECONDS = 120
"""An order that is open for longer than this is nobody's idea of normal: the reconciler takes seconds."""


class ObservabilityStack(ShopStack):
    """All that watches a stage."""

    def __init__(
        self, scope: Construct, *, stage: Stage, parts: Parts, cluster: ClusterStack, service: ServiceStack
    ) -> None:
        super().__init__(
            scope, "observability", stage=stage, description="Dashboard, alarms, budget, queries, canary"
        )
        self._figures = Figures(self, data=parts.data, service=service)
        self._key, self._topic = self._channel()
        self._canary = Canary(self, url=f"https://{parts.network.host}")
        self._alarms()
        self._crashes(cluster)
        self._budget()
        save_queries(self, log_group=cluster.log_group_app.log_group_name)
        self._dashboard()
        self.output("AlarmTopic", self._topic.topic_arn, description="Where alarms are told")
        self.output(
            "DashboardUrl",
            f"https://{stage.region}.console.aws.amazon.com/cloudwatch/home?region={stage.region}"
            f"#dashboards/dashboard/{stage.prefix}",
            description="The dashboard",
        )

    def _channel(self) -> tuple[kms.Key, sns.Topic]:
        """Make the topic. CloudWatch can write to an encrypted one only by a key whose policy lets it."""
        key = kms.Key(
            self,
            "AlarmKey",
            description=f"{self.stage.prefix}: alarms",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        topic = sns.Topic(
            self, "Alarms", topic_name=self.stage.named("alarms"), master_key=key, enforce_ssl=True
        )
        tellers = [iam.ServicePrincipal(f"{name}.amazonaws.com") for name in ("cloudwatch", "budgets")]
        key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=tellers, actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=["*"]
            )
        )
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=tellers,
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": self.account}},
            )
        )
        if self.stage.watch.email:
            topic.add_subscription(subscriptions.EmailSubscription(self.stage.watch.email))
        return key, topic

    # ---- Alarms --------------------------------------------------------------------------------------------

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        threshold: float,
        *,
        why: str,
        comparison: cloudwatch.ComparisonOperator = ABOVE,
        minutes: int = 3,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> None:
        """Tell when the metric was beyond the threshold in two of the last ``minutes`` periods (one of one)."""
        alarm = cloudwatch.Alarm(
            self,
            f"{name.title().replace('-', '')}Alarm",
            alarm_name=self.stage.named(name),
            alarm_description=f"{why} Cure: docs/runbook.md#{name}",
            metric=metric,
            threshold=threshold,
            comparison_operator=comparison,
            evaluation_periods=minutes,
            datapoints_to_alarm=min(2, minutes),
            treat_missing_data=missing,
            # A percentile of a handful of requests is the slowest of them: it says nothing, and changes nothing.
            evaluate_low_sample_count_percentile="ignore" if name.startswith("slow") else None,
        )
        alarm.add_alarm_action(actions.SnsAction(self._topic))
        alarm.add_ok_action(actions.SnsAction(self._topic))

    def _alarms(self) -> None:
        watch, figures = self.stage.watch, self._figures
        self._alarm("server-errors", figures.error_percent, 1, why="More than 1 % of the answers are 5xx.")
        self._alarm(
            "slow",
            figures.latency("p99"),
            watch.p99_all_ms / 1000,
            why="The slowest hundredth waits too long.",
        )
        for route, most in watch.p99_ms.items():
            name = "slow-" + route.lower().replace(" /", "-").replace("/", "-")
            metric = shop(self, metrics.REQUEST_MILLISECONDS, statistic="p99", Route=route)
            self._alarm(
                name, metric, most, why=f"The slowest hundredth of {route} takes more than {most} ms."
            )
        self._order_alarms()
        self._database_alarms()
        self._alarm(
            "throttled",
            figures.throttled,
            0,
            why="DynamoDB refuses calls: a single hot item, or the account's limit.",
        )
        for name, running in figures.running.items():
            self._alarm(
                f"no-{name}",
                running,
                1,
                why=f"No {name} task runs.",
                comparison=BELOW,
                minutes=5,
                missing=cloudwatch.TreatMissingData.BREACHING,
            )
        why, silent = "The walk from outside fails, or is not made.", cloudwatch.TreatMissingData.BREACHING
        self._alarm("canary", self._canary.failures, 0, why=why, minutes=2, missing=silent)
        loops = shop(self, metrics.LOOP_CRASHES, statistic="Sum")
        self._alarm("loop-crashes", loops, 0, why="A loop of the background process fails again and again.")

    def _order_alarms(self) -> None:
        oldest = shop(self, metrics.OLDEST_OPEN_ORDER_SECONDS, statistic="Maximum")
        self._alarm("stuck-orders", oldest, UNSETTLED_SECONDS, why="An order is not settled for 2 minutes.")
        drift = shop(self, metrics.INVARIANT_VIOLATIONS, statistic="Maximum")
        # Told once an hour: between two verifications it stays as the last one found it.
        why = "Orders, stock and money do not add up."
        self._alarm("drift", drift, 0, why=why, minutes=1, missing=cloudwatch.TreatMissingData.IGNORE)
        self._alarm(
            "dead-letters", self._figures.dead_letters, 0, why="A message failed five times.", minutes=1
        )
        breaker = shop(self, metrics.PAYMENT_BREAKER_OPEN, statistic="Maximum")
        self._alarm("payments-silent", breaker, 0, why="The payment provider does not answer.")
        self._alarm(
            "queue-age",
            self._figures.queue_age,
            300,
            why="The oldest message on the queue waits for 5 minutes.",
        )

    def _database_alarms(self) -> None:
        options, figures = self.stage.database, self._figures
        self._alarm("database-cpu", figures.database_cpu, 80, why="MySQL's processors are busy.", minutes=10)
        self._alarm(
            "database-connections",
            figures.database_connections,
            options.max_connections * 8 // 10,
            why="MySQL has few connections left.",
        )
        if figures.database_storage:
            self._alarm(
                "database-storage",
                figures.database_storage,
                options.storage_gb * 1024**3 // 5,
                why="Less than a fifth of the storage is free; it grows by itself, up to max_storage_gb.",
                comparison=BELOW,
            )

    def _crashes(self, cluster: ClusterStack) -> None:
        """Tell of every task that ended by itself: what ECS or a person stops is none."""
        events.Rule(
            self,
            "Crashes",
            rule_name=self.stage.named("task-crashes"),
            description="A container of the shop ended by itself",
            event_pattern=events.EventPattern(
                source=["aws.ecs"],
                detail_type=["ECS Task State Change"],
                detail={
                    "clusterArn": [cluster.cluster.cluster_arn],
                    "lastStatus": ["STOPPED"],
                    "stopCode": ["EssentialContainerExited", "TaskFailedToStart"],
                    # One-off tasks end by themselves; those that failed are told by whoever ran them.
                    "group": [{"prefix": f"service:{self.stage.prefix}-"}],
                },
            ),
            targets=[targets.SnsTopic(self._topic)],
        )

    def _budget(self) -> None:
        """Mail a forecast that exceeds the month's budget."""
        most = self.stage.watch.monthly_budget_usd
        subscriber = budgets.CfnBudget.SubscriberProperty(
            subscription_type="SNS", address=self._topic.topic_arn
        )
        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=self.stage.prefix,
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=most, unit="USD"),
                # The tag "stage" must be activated for cost allocation, once per account (docs/deploy.md).
                cost_filters={"TagKeyValue": [f"user:stage${self.stage.name}"]},
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        comparison_operator="GREATER_THAN", notification_type=kind, threshold=percent
                    ),
                    subscribers=[subscriber],
                )
                for kind, percent in (("FORECASTED", 100), ("ACTUAL", 80))
            ],
        ).node.add_dependency(self._topic.node.find_child("Policy"))

    # ---- Dashboard -----------------------------------------------------------------------------------------

    def _dashboard(self) -> None:
        figures = self._figures
        maximum = {"statistic": "Maximum"}
        orders = (
            graph("Orders by outcome", each(self, metrics.ORDERS_SETTLED, statistic="Sum")),
            graph("Time per step (p99, ms)", each(self, metrics.STEP_MILLISECONDS, statistic="p99")),
            graph("Stock conflicts and other retries", each(self, metrics.DYNAMODB_RETRIES, statistic="Sum")),
        )
        health = (
            graph(
                "Oldest unsettled order (s)",
                shop(self, metrics.OLDEST_OPEN_ORDER_SECONDS, **maximum),
                right=[shop(self, metrics.OPEN_ORDERS, **maximum)],
            ),
            graph(
                "Drift, dead letters, silent provider",
                shop(self, metrics.INVARIANT_VIOLATIONS, **maximum),
                figures.dead_letters,
                shop(self, metrics.PAYMENT_BREAKER_OPEN, **maximum),
            ),
            graph("Queue: age (s) and messages", figures.queue_age, right=[figures.queue_visible]),
        )
        rows = [orders, health, *self._systems()]
        if self.stage.watch.metrics_by_route:
            slow = graph(
                "Slowest hundredth by route (ms)", each(self, metrics.REQUEST_MILLISECONDS, statistic="p99")
            )
            rows.insert(3, (slow,))
        dashboard(self, rows)

    def _systems(self) -> list[tuple[cloudwatch.IWidget, ...]]:
        figures = self._figures
        web = (
            graph("Answers", each(self, metrics.REQUESTS, statistic="Sum"), right=[figures.error_percent]),
            graph("Latency (s)", *(figures.latency(each_) for each_ in ("p50", "p90", "p99"))),
            graph(
                "Refused: limits, tokens, firewall",
                shop(self, metrics.REQUESTS_THROTTLED, statistic="Sum"),
                shop(self, metrics.TOKENS_REFUSED, statistic="Sum"),
                *figures.blocked,
            ),
        )
        systems = (
            graph("Tasks running", *figures.running.values()),
            graph("CPU and memory of the tasks (%)", *figures.load),
            graph("DynamoDB: refused calls", figures.throttled),
        )
        mysql = (
            graph("MySQL: CPU (%)", figures.database_cpu),
            graph("MySQL: connections", figures.database_connections),
            graph(
                "MySQL: free storage (bytes)",
                *([figures.database_storage] if figures.database_storage else []),
            ),
        )
        return [web, systems, mysql]

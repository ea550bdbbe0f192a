"""The stage's dashboard: what a shopkeeper asks first (orders), then what an engineer asks."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from deploy import metrics
from deploy.stacks.base import ShopStack

WIDTH, HEIGHT = 8, 6
MINUTE = Duration.minutes(1)


def shop(stack: ShopStack, name: str, *, statistic: str, **dimensions: str) -> cloudwatch.Metric:
    """Return one of the shop's own metrics."""
    return cloudwatch.Metric(
        namespace=stack.stage.prefix,
        metric_name=name,
        statistic=statistic,
        period=MINUTE,
        dimensions_map=dimensions or None,
    )


def each(stack: ShopStack, name: str, *, statistic: str) -> cloudwatch.MathExpression:
    """Return a metric of the shop's, one line for each value of its dimension that there is."""
    # In quotes: the namespace has a hyphen in it.
    scope = f'{{"{stack.stage.prefix}",{metrics.DIMENSIONS[name]}}}'
    return cloudwatch.MathExpression(
        expression=f"SEARCH('{scope} MetricName=\"{name}\"', '{statistic}', 60)",
        label="",
        period=MINUTE,
        using_metrics={},
    )


def graph(
    title: str, *lines: cloudwatch.IMetric, right: Sequence[cloudwatch.IMetric] = ()
) -> cloudwatch.GraphWidget:
    """Return a diagram from zero upwards."""
    return cloudwatch.GraphWidget(
        title=title,
        left=list(lines),
        right=list(right),
        width=WIDTH,
        height=HEIGHT,
        left_y_axis=cloudwatch.YAxisProps(min=0),
    )


def dashboard(stack: ShopStack, rows: Sequence[Sequence[cloudwatch.IWidget]]) -> cloudwatch.Dashboard:
    """Make the dashboard, a row of diagrams at a time."""
    return cloudwatch.Dashboard(
        stack,
        "Dashboard",
        dashboard_name=stack.stage.prefix,
        default_interval=Duration.hours(3),
        widgets=[list(row) for row in rows],
    )

"""``make cost STAGE=``: what a stage should cost, and with ``ACTUAL=1`` what AWS counts this month. Reads only."""

from datetime import UTC, date, datetime, timedelta

from deploy import prices
from deploy.commands.context import Context
from deploy.config import filled_in
from deploy.quantities import IDLE, IN_USE, PAUSED


def run(context: Context) -> None:
    """Print it. The estimate needs no account."""
    stage = filled_in(context.stage)
    for title, load in (("idle", IDLE), ("in use", IN_USE), ("paused", PAUSED)):
        context.console.say(f"{stage.name}, {title}\n{prices.monthly(stage, load)}\n")
    context.console.say("Computed from deploy/price_list.py (docs/costs.md), in US dollars without taxes.")
    if context.words.get("ACTUAL"):
        _actual(context)
    else:
        context.console.say(f"What AWS counts, for one cent: {context.again('cost')} ACTUAL=1")


def period(today: date) -> tuple[date, date]:
    """Return this month so far, as Cost Explorer wants it: the end is not part of it, and not the beginning either."""
    return today.replace(day=1), today + timedelta(days=1)


def _actual(context: Context) -> None:
    begin, end = period(datetime.now(UTC).date())
    context.console.doing(
        f"What account {context.aws.account} spent on stage={context.stage.name} since {begin}",
        call="ce GetCostAndUsage, $0.01",
    )
    answer = context.aws.client("ce").get_cost_and_usage(
        TimePeriod={"Start": begin.isoformat(), "End": end.isoformat()},
        Granularity="MONTHLY",
        Metrics=["UnblendedCost"],
        GroupBy=[{"Type": "DIMENSION", "Key": "SERVICE"}],
        Filter={"Tags": {"Key": "stage", "Values": [context.stage.name]}},
    )
    counted = [
        (group["Keys"][0], float(group["Metrics"]["UnblendedCost"]["Amount"]))
        for result in answer["ResultsByTime"]
        for group in result["Groups"]
    ]
    context.console.table(
        [(name, f"${usd:,.2f}") for name, usd in sorted(counted, key=lambda each: -each[1])]
    )
    context.console.say(f"${sum(usd for _name, usd in counted):,.2f} so far")
    if not counted:
        context.console.say(
            "Nothing is counted by tag: activate the cost allocation tag `stage` in the Billing console (takes a day)"
        )

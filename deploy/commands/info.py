"""``make info STAGE=``: what there is of a stage, where it is, and how it does. Reads only."""

import urllib.error
import urllib.request

from deploy.commands import database, services
from deploy.commands.aws import PARTS
from deploy.commands.context import Context
from deploy.commands.outcome import Refused
from deploy.options import Stage

SHOWN = (
    ("url", "Url"),
    ("load balancer", "LoadBalancerDnsName"),
    ("user pool", "UserPoolId"),
    ("app client", "UserPoolClientId"),
    ("queue", "QueueUrl"),
    ("dead letters", "DeadLettersUrl"),
    ("database", "DatabaseHost"),
    ("log group", "LogGroup"),
    ("dashboard", "DashboardUrl"),
    ("alarms", "AlarmTopic"),
)
"""Labels, and the stacks' outputs beside them."""
TIMEOUT_SECONDS = 10


def rows(
    stage: Stage, *, account: str, statuses: dict[str, str], outputs: dict[str, str]
) -> list[tuple[str, str]]:
    """Return what the stacks tell, as names and values."""
    told = [("stage", stage.name), ("account", account), ("region", stage.region)]
    told += [(label, outputs[name]) for label, name in SHOWN if name in outputs]
    told += [("table", value) for name, value in sorted(outputs.items()) if name.endswith("TableName")]
    told += [(f"stack {stage.named(part)}", statuses.get(part, "not there")) for part in PARTS]
    return told


def health(url: str) -> str:
    """Return what the shop says of itself, in one line."""
    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 (https, from the stack)
            return f"{answer.status} {answer.read(500).decode(errors='replace').strip()}"
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read(500).decode(errors='replace').strip()}"
    except OSError as error:
        return f"does not answer: {error}"


def run(context: Context) -> None:
    """Print it.

    Raises:
        Refused: nothing of the stage is there.
    """
    account, stage = context.aws.account, context.stage
    stacks = context.aws.stacks()
    if not stacks:
        raise Refused(f"{stage.name} is not deployed in account {account}. Cure: {context.again('deploy')}")
    outputs = {
        each["OutputKey"]: each["OutputValue"]
        for stack in stacks.values()
        for each in stack.get("Outputs", [])
    }
    statuses = {part: stack["StackStatus"] for part, stack in stacks.items()}
    context.console.table(rows(stage, account=account, statuses=statuses, outputs=outputs))
    found = context.aws.if_allowed(lambda: database.state(context))
    context.console.table([("MySQL", found.status if found else "not there")])
    if "service" not in stacks:
        paused = "paused" if "cluster" in stacks else "never finished"
        context.console.say(
            f"No service: {stage.name} is {paused}. {context.again('resume')} or {context.again('deploy')}"
        )
        return
    told = [
        (
            f"service {each.name}",
            f"{each.in_words}, version {services.image_tag(context, each.task_definition)}",
        )
        for each in services.look(context).values()
    ]
    context.console.table([*told, ("health", health(outputs["Url"]))])

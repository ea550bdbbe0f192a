"""One-off tasks on the stage's cluster: the migration, in the network and with the rights that the stacks gave it."""

import json
from typing import Any

from deploy.commands.context import Context
from deploy.commands.outcome import Failed

LAST_LINES = 30
MINUTES = 20


def migrate(context: Context) -> None:
    """Check the settings, make the service's MySQL user and migrate, in one task; wait for it.

    Raises:
        Failed: it could not be started, or one of its steps did not end with 0; its last lines have been shown.
    """
    outputs = context.aws.outputs("network", "cluster")
    task = _start(context, outputs)
    context.console.say(f"    task {_id_of(task)}")
    _wait(context, outputs["ClusterName"], task)
    ended = _describe(context, outputs["ClusterName"], task)
    steps = {each["name"]: each.get("exitCode") for each in ended["containers"]}
    for name, code in steps.items():
        context.console.say(f"    {name}: {'did not run' if code is None else f'ended with {code}'}")
    if set(steps.values()) == {0}:
        return
    bad = [name for name, code in steps.items() if code] or list(steps)
    for name in bad:
        _show_log(context, outputs["LogGroup"], stream=f"{name}/{name}/{_id_of(task)}")
    raise Failed(
        f"the migration task did not succeed: {ended.get('stoppedReason', 'no reason given')}. "
        "The version before it still serves"
    )


def _start(context: Context, outputs: dict[str, str]) -> str:
    answer = context.aws.client("ecs").run_task(
        cluster=outputs["ClusterName"],
        taskDefinition=outputs["MigrationTask"],
        networkConfiguration=json.loads(outputs["RunTaskNetwork"]),
        launchType="FARGATE",
        startedBy="make deploy",
        count=1,
    )
    if answer["failures"] or not answer["tasks"]:
        reason = "; ".join(each.get("reason", "?") for each in answer["failures"]) or "no reason given"
        raise Failed(f"the migration task could not be started: {reason}. The version before it still serves")
    return str(answer["tasks"][0]["taskArn"])


def _wait(context: Context, cluster: str, task: str) -> None:
    def ended() -> bool:
        return bool(_describe(context, cluster, task)["lastStatus"] == "STOPPED")

    if not context.wait_until(ended, every=5, within=MINUTES * 60):
        raise Failed(
            f"the migration task {_id_of(task)} still runs after {MINUTES} minutes. Nothing was stopped: look at it with "
            f"{context.again('logs')}, and deploy again when it has ended"
        )


def _describe(context: Context, cluster: str, task: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = context.aws.client("ecs").describe_tasks(cluster=cluster, tasks=[task])[
        "tasks"
    ]
    if not found:
        raise Failed(f"ECS does not know the migration task {_id_of(task)} any more")
    return found[0]


def _show_log(context: Context, group: str, *, stream: str) -> None:
    events = context.aws.if_allowed(
        lambda: context.aws.client("logs").get_log_events(
            logGroupName=group, logStreamName=stream, limit=LAST_LINES, startFromHead=False
        )["events"]
    )
    for event in events or []:
        context.console.say(f"    | {event['message'].rstrip()}")


def _id_of(task: str) -> str:
    return task.rsplit("/", 1)[1]

"""The two ECS services: what runs, whether it has settled, and taking new secrets."""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from deploy.commands.aws import code_of
from deploy.commands.context import Context
from deploy.commands.outcome import Failed

NAMES = ("web", "background")
MINUTES = 15


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service as ECS tells of it."""

    name: str
    running: int
    wanted: int
    settled: bool
    failed: bool
    task_definition: str
    events: tuple[str, ...]

    @property
    def in_words(self) -> str:
        """Tell it in one line."""
        state = "settled" if self.settled else "FAILED" if self.failed else "changing"
        return f"{self.running} of {self.wanted} tasks, {state}, {self.task_definition.rsplit('/', 1)[1]}"


def look(context: Context) -> dict[str, Service]:
    """Return the stage's services that there are, by their short names."""
    try:
        answer = context.aws.client("ecs").describe_services(
            cluster=context.stage.prefix, services=[context.stage.named(name) for name in NAMES]
        )
    except ClientError as error:
        if code_of(error) == "ClusterNotFoundException":
            return {}
        raise
    found = [_read(each) for each in answer["services"] if each["status"] == "ACTIVE"]
    return {each.name.removeprefix(f"{context.stage.prefix}-"): each for each in found}


def _read(told: dict[str, Any]) -> Service:
    latest = next(each for each in told["deployments"] if each["status"] == "PRIMARY")
    state = latest.get("rolloutState", "COMPLETED")
    return Service(
        name=told["serviceName"],
        running=told["runningCount"],
        wanted=told["desiredCount"],
        settled=state == "COMPLETED"
        and len(told["deployments"]) == 1
        and told["runningCount"] == told["desiredCount"],
        failed=state == "FAILED",
        task_definition=told["taskDefinition"],
        events=tuple(each["message"] for each in told.get("events", [])[:5]),
    )


def wait_until_settled(context: Context) -> None:
    """Wait until every service runs what it should, and nothing else.

    Raises:
        Failed: one does not; its last events have been shown.
    """

    def done() -> bool:
        services = look(context).values()
        return any(each.failed for each in services) or all(each.settled for each in services)

    in_time = context.wait_until(done, every=5, within=MINUTES * 60)
    services = look(context)
    for each in services.values():
        context.console.say(f"    {each.name}: {each.in_words}")
    if in_time and all(each.settled for each in services.values()):
        return
    for each in services.values():
        for event in () if each.settled else each.events:
            context.console.say(f"    | {event}")
    raise Failed("the services have not settled (see above)")


def roll(context: Context) -> None:
    """Replace all tasks, one after the other, by new ones with the current secrets; wait for it.

    Raises:
        Failed: the new ones do not start. The old ones go on serving until they do.
    """
    for name in look(context):
        full = context.stage.named(name)
        context.console.doing(f"Replace the tasks of {full}", call="ecs UpdateService")
        context.aws.client("ecs").update_service(
            cluster=context.stage.prefix, service=full, forceNewDeployment=True
        )
    wait_until_settled(context)


def image_tag(context: Context, task_definition: str) -> str:
    """Return which version a task definition runs."""
    told = context.aws.client("ecs").describe_task_definition(taskDefinition=task_definition)
    containers = told["taskDefinition"]["containerDefinitions"]
    image = next(each["image"] for each in containers if "/app:" in each["image"])
    return str(image.rsplit(":", 1)[1])

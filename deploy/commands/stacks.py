"""Deleting stacks: by CloudFormation itself, which uses the role that the CDK gave each."""

from deploy.commands.context import Context
from deploy.commands.outcome import Failed

MINUTES = 60


def delete(context: Context, part: str) -> None:
    """Delete one of the stage's stacks, if it is there, and wait until it is gone.

    Raises:
        Failed: CloudFormation could not delete all of it.
    """
    name = context.stage.named(part)
    stack = context.aws.stack(name)
    if stack is None:
        context.console.say(f"    {name} is not there")
        return
    identifier = stack["StackId"]
    context.console.doing(f"Delete the stack {name}", call="cloudformation DeleteStack")
    context.aws.client("cloudformation").delete_stack(StackName=identifier)

    def status() -> str:
        # By its id: a stack that is gone is still told of that way.
        found = context.aws.client("cloudformation").describe_stacks(StackName=identifier)["Stacks"]
        return str(found[0]["StackStatus"]) if found else "DELETE_COMPLETE"

    ended = {"DELETE_COMPLETE", "DELETE_FAILED"}
    in_time = context.wait_until(lambda: status() in ended, every=10, within=MINUTES * 60)
    if not in_time or status() == "DELETE_FAILED":
        raise Failed(
            f"{name} is not deleted (its events in the CloudFormation console say why). What stood before it is gone, "
            "what stands after it is untouched; the same command goes on from here"
        )

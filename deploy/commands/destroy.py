"""``make destroy STAGE=``: delete a stage, all of it, after a last copy of the orders. Refuses a protected one."""

from typing import Any

from botocore.exceptions import ClientError

from deploy.commands import database
from deploy.commands.aws import PARTS, code_of
from deploy.commands.context import Context
from deploy.commands.outcome import Refused
from deploy.commands.stacks import delete


def check_unprotected(context: Context) -> None:
    """Refuse while anything of the stage is protected against deletion.

    Raises:
        Refused: says what, and the way on.
    """
    stage = context.stage
    protected = [
        stage.named(part)
        for part, stack in context.aws.stacks().items()
        if stack.get("EnableTerminationProtection")
    ]
    found = database.state(context)
    if found and found.protected:
        protected.append(f"the database {database.name(context)}")
    if stage.keep_data or stage.database.deletion_protection:
        protected.append("deploy/config.py (keep_data, Database.deletion_protection)")
    if protected:
        raise Refused(
            f"{stage.name} is protected: {', '.join(protected)}. Nothing was deleted. If it must go: set keep_data and "
            f"both deletion_protection to False in deploy/config.py, {context.again('deploy')}, take the protection off "
            "the stacks in the CloudFormation console, then this again"
        )


def run(context: Context) -> None:
    """Delete the stage, last things first.

    Raises:
        Refused: it is protected, not there, or the name was not typed; nothing was deleted.
        Failed: a stack could not be deleted.
    """
    stage, console = context.stage, context.console
    console.doing(f"Credentials for {stage.name}", call="sts GetCallerIdentity")
    console.say(f"    account {context.aws.account}, {stage.region}")
    there = context.aws.stacks()
    if not there:
        raise Refused(f"nothing of {stage.name} is there in account {context.aws.account}")
    check_unprotected(context)
    console.confirm_by_typing(
        stage.name,
        why=f"This deletes {', '.join(stage.named(part) for part in reversed(PARTS) if part in there)} in account "
        f"{context.aws.account}: accounts, catalogue, orders, logs.\nKept: a snapshot of the orders, DynamoDB's own backup "
        "of each table for 35 days, and the images. Accounts are not kept.",
    )
    copy = database.snapshot(context) if database.state(context) else ""
    for part in reversed(PARTS):
        if part == "network" and (stack := there.get("network")):
            _empty_logs(context, stack)
        delete(context, part)
    console.say(
        f"{stage.name} is gone."
        + (f" Its orders: snapshot {copy} (charged until you delete it)." if copy else "")
    )


def _empty_logs(context: Context, stack: dict[str, Any]) -> None:
    """Delete the access logs: CloudFormation deletes no bucket that holds something."""
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
    if not (bucket := outputs.get("LogsBucket")):
        return
    context.console.doing(f"Empty the bucket of access logs {bucket}", call="s3 DeleteObjects")
    client = context.aws.client("s3")
    try:
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            if keys := [{"Key": each["Key"]} for each in page.get("Contents", [])]:
                client.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
    except ClientError as error:
        if code_of(error) != "NoSuchBucket":
            raise

"""The stage's MySQL: its state, stopping and starting it, a last snapshot. RDS MySQL, or an Aurora cluster."""

from dataclasses import dataclass
from datetime import UTC, datetime

from botocore.exceptions import ClientError

from deploy.commands.aws import code_of
from deploy.commands.context import Context
from deploy.commands.outcome import Failed

GONE = {"DBInstanceNotFound", "DBInstanceNotFoundFault", "DBClusterNotFoundFault"}
START_MINUTES, SNAPSHOT_MINUTES = 30, 60


@dataclass(frozen=True, kw_only=True)
class State:
    """What RDS tells."""

    status: str
    protected: bool


def name(context: Context) -> str:
    """Return the instance's (Aurora: the cluster's) name."""
    return context.stage.named("orders")


def state(context: Context) -> State | None:
    """Return the database's state, or None where there is none."""
    client = context.aws.client("rds")
    try:
        if _aurora(context):
            told = client.describe_db_clusters(DBClusterIdentifier=name(context))["DBClusters"][0]
            return State(status=told["Status"], protected=told.get("DeletionProtection", False))
        told = client.describe_db_instances(DBInstanceIdentifier=name(context))["DBInstances"][0]
    except ClientError as error:
        if code_of(error) in GONE:
            return None
        raise
    return State(status=told["DBInstanceStatus"], protected=told.get("DeletionProtection", False))


def stop(context: Context) -> None:
    """Stop it, if it runs. RDS starts it again by itself after seven days."""
    found = state(context)
    if found is None or found.status in {"stopped", "stopping"}:
        context.console.say(f"    {name(context)} is {found.status if found else 'not there'}")
        return
    client = context.aws.client("rds")
    if _aurora(context):
        context.console.doing(f"Stop the database {name(context)}", call="rds StopDBCluster")
        client.stop_db_cluster(DBClusterIdentifier=name(context))
    else:
        context.console.doing(f"Stop the database {name(context)}", call="rds StopDBInstance")
        client.stop_db_instance(DBInstanceIdentifier=name(context))


def start(context: Context) -> None:
    """Start it, if it is stopped, and wait until it answers.

    Raises:
        Failed: it takes too long.
    """
    found = state(context)
    if found is None or found.status == "available":
        return
    if found.status == "stopping":
        context.console.say("    it is still being stopped: waiting for that first")
        _wait(context, "stopped", minutes=START_MINUTES)
        found = State(status="stopped", protected=found.protected)
    if found.status == "stopped":
        client = context.aws.client("rds")
        if _aurora(context):
            context.console.doing(f"Start the database {name(context)}", call="rds StartDBCluster")
            client.start_db_cluster(DBClusterIdentifier=name(context))
        else:
            context.console.doing(f"Start the database {name(context)}", call="rds StartDBInstance")
            client.start_db_instance(DBInstanceIdentifier=name(context))
    _wait(context, "available", minutes=START_MINUTES)


def snapshot(context: Context) -> str:
    """Keep a copy of all orders that outlives the database; return its name.

    Raises:
        Failed: it was not done in time; nothing may be deleted then.
    """
    start(context)
    copy = f"{name(context)}-final-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    client = context.aws.client("rds")
    if _aurora(context):
        context.console.doing(f"Snapshot {copy}", call="rds CreateDBClusterSnapshot")
        client.create_db_cluster_snapshot(DBClusterIdentifier=name(context), DBClusterSnapshotIdentifier=copy)
    else:
        context.console.doing(f"Snapshot {copy}", call="rds CreateDBSnapshot")
        client.create_db_snapshot(DBInstanceIdentifier=name(context), DBSnapshotIdentifier=copy)
    if not context.wait_until(
        lambda: _snapshot_status(context, copy) == "available", every=10, within=SNAPSHOT_MINUTES * 60
    ):
        raise Failed(f"the snapshot {copy} is not done after {SNAPSHOT_MINUTES} minutes; nothing was deleted")
    return copy


def _snapshot_status(context: Context, copy: str) -> str:
    client = context.aws.client("rds")
    if _aurora(context):
        found = client.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=copy)["DBClusterSnapshots"]
    else:
        found = client.describe_db_snapshots(DBSnapshotIdentifier=copy)["DBSnapshots"]
    return str(found[0]["Status"])


def _wait(context: Context, status: str, *, minutes: int) -> None:
    def there() -> bool:
        found = state(context)
        return found is not None and found.status == status

    if not context.wait_until(there, every=10, within=minutes * 60):
        raise Failed(
            f"the database {name(context)} is not {status} after {minutes} minutes; look at it in RDS"
        )


def _aurora(context: Context) -> bool:
    return context.stage.database.engine == "aurora"

"""What each kind of task may do: named actions on named resources. The lists are checked by deploy/tests/test_policies.py."""

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

from deploy.stacks.base import allow
from deploy.tables import TABLES

if TYPE_CHECKING:
    from deploy.stacks.runtime import Parts


def may(role: iam.IRole, service: str, calls: str, resources: list[str]) -> None:
    """Allow calls, given as words, on these resources."""
    role.add_to_principal_policy(
        allow(actions=[f"{service}:{call}" for call in calls.split()], resources=resources)
    )


def _tables(parts: "Parts", *settings: str) -> list[str]:
    return [parts.data.tables[setting].table_arn for setting in settings]


def _indexes(parts: "Parts", setting: str) -> list[str]:
    (table,) = _tables(parts, setting)
    return [
        f"{table}/index/{index.name}"
        for declared in TABLES
        if declared.setting == setting
        for index in declared.indexes
    ]


def grant_orders(role: iam.IRole, parts: "Parts") -> None:
    """Let a task settle and cancel orders: reservations, the stock they take from, and the count of declined ones."""
    tables = _tables(parts, "PRODUCTS_TABLE", "RESERVATIONS_TABLE")
    may(role, "dynamodb", "GetItem BatchGetItem PutItem UpdateItem", tables)
    may(role, "dynamodb", "UpdateItem", _tables(parts, "RATE_LIMITS_TABLE"))


def grant_shop(role: iam.IRole, parts: "Parts") -> None:
    """Let a task do all that the API offers, which is more than settling orders by these."""
    grant_orders(role, parts)
    # The table itself as well: a readiness check counts the items of one key.
    indexes = _indexes(parts, "PRODUCTS_TABLE") + _indexes(parts, "MOVEMENTS_TABLE")
    may(role, "dynamodb", "Query", [*_tables(parts, "PRODUCTS_TABLE"), *indexes])
    may(role, "dynamodb", "GetItem BatchGetItem PutItem Query", _tables(parts, "MOVEMENTS_TABLE"))
    may(role, "dynamodb", "GetItem", _tables(parts, "RATE_LIMITS_TABLE"))
    # Page by page, what is held without an order: the staff's list of them, which no key leads to.
    may(role, "dynamodb", "Scan", _tables(parts, "RESERVATIONS_TABLE"))
    may(role, "sqs", "SendMessage GetQueueAttributes", [parts.data.queue.queue_arn])
    # The staff's page of how things are counts both queues.
    may(role, "sqs", "GetQueueAttributes", [parts.data.dead_letters.queue_arn])


def grant_staff(role: iam.IRole, parts: "Parts") -> None:
    """Let the back office look accounts up, shut them out and let them in (users/directory.py), in this pool alone."""
    pool = parts.identity.format_arn(
        service="cognito-idp", resource="userpool", resource_name=parts.identity.pool_id
    )
    calls = "AdminGetUser AdminListGroupsForUser ListUsersInGroup AdminDisableUser AdminEnableUser"
    may(role, "cognito-idp", f"{calls} AdminUserGlobalSignOut", [pool])


def grant_queue(role: iam.IRole, parts: "Parts") -> None:
    """Let a task work off the queue, and see how long it and the dead letters are."""
    queue = [parts.data.queue.queue_arn]
    may(role, "sqs", "ReceiveMessage DeleteMessage ChangeMessageVisibility GetQueueAttributes", queue)
    may(role, "sqs", "GetQueueAttributes", [parts.data.dead_letters.queue_arn])


def grant_books(role: iam.IRole, parts: "Parts") -> None:
    """Let a task read whole tables, to verify that the books balance."""
    may(role, "dynamodb", "Scan", _tables(parts, "PRODUCTS_TABLE", "RESERVATIONS_TABLE", "MOVEMENTS_TABLE"))

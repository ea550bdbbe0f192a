"""MySQL for the orders: an instance of RDS, or Aurora's cluster; its settings, its logs, the secret of its administrator."""

from dataclasses import dataclass
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager

from deploy.stacks.base import ShopStack, explain, may_go
from deploy.stacks.network import MYSQL_PORT, NetworkStack

DATABASE = "shop"
MASTER = "shop_admin"
"""Who changes the schema."""
LOGS = ("error", "slowquery")
SERIES = "E3691"
"""cfn-lint's rule that wants one version of MySQL, where RDS takes a release series as well."""


@dataclass(frozen=True, kw_only=True)
class Database:
    """What was made.

    Attributes:
        host: its address.
        master: the secret of its administrator.
    """

    server: rds.DatabaseInstance | rds.DatabaseCluster
    host: str
    master: secretsmanager.ISecret


def make_instance(stack: ShopStack, *, network: NetworkStack) -> Database:
    """Make an instance of RDS MySQL."""
    options = stack.stage.database
    # The release series alone: RDS takes its newest at first and keeps up by itself, and CloudFormation compares no more
    # than what is written here (aws-cloudformation-resource-providers-rds, pull request 390).
    version = rds.MysqlEngineVersion.of(options.mysql_version, options.mysql_version)
    engine = rds.DatabaseInstanceEngine.mysql(version=version)
    instance = rds.DatabaseInstance(
        stack,
        "Database",
        instance_identifier=stack.stage.named("orders"),
        engine=engine,
        parameter_group=_parameters(stack, engine),
        instance_type=ec2.InstanceType(options.instance_class),
        credentials=_administrator(stack, "database-admin"),
        ca_certificate=rds.CaCertificate.RDS_CA_RSA2048_G1,
        database_name=DATABASE,
        port=MYSQL_PORT,
        vpc=network.vpc,
        vpc_subnets=ec2.SubnetSelection(subnet_group_name="database"),
        security_groups=[_group(stack, network)],
        publicly_accessible=False,
        multi_az=options.multi_az,
        storage_type=rds.StorageType.GP3,
        allocated_storage=options.storage_gb,
        max_allocated_storage=options.max_storage_gb,
        storage_encrypted=True,
        backup_retention=cdk.Duration.days(options.backup_days),
        preferred_backup_window="03:00-03:30",
        preferred_maintenance_window="sun:04:00-sun:04:30",
        copy_tags_to_snapshot=True,
        deletion_protection=options.deletion_protection and stack.stage.protect,
        auto_minor_version_upgrade=True,
        enable_performance_insights=options.performance_insights,
        cloudwatch_logs_exports=list(LOGS),
        removal_policy=_removal(stack),
    )
    explain(
        instance,
        "CloudFormation-Validate::E9006",
        reason="A release series instead of one version: RDS takes it, and keeps up by itself.",
    )
    written = cast("rds.CfnDBInstance", instance.node.default_child)
    written.add_metadata("cfn-lint", {"config": {"ignore_checks": [SERIES]}})
    _logs(stack, instance, kind="instance")
    return _finished(stack, instance, host=instance.db_instance_endpoint_address)


def make_cluster(stack: ShopStack, *, network: NetworkStack) -> Database:
    """Make a cluster of Aurora MySQL."""
    options = stack.stage.database
    engine = rds.DatabaseClusterEngine.aurora_mysql(
        version=rds.AuroraMysqlEngineVersion.of(options.aurora_version, "8.0")
    )
    member: dict[str, Any] = {
        "ca_certificate": rds.CaCertificate.RDS_CA_RSA2048_G1,
        "auto_minor_version_upgrade": True,
    }
    cluster = rds.DatabaseCluster(
        stack,
        "Aurora",  # a name of its own: CloudFormation cannot turn an instance into a cluster
        cluster_identifier=stack.stage.named("orders"),
        engine=engine,
        parameter_group=_parameters(stack, engine),
        credentials=_administrator(stack, "aurora-admin"),
        writer=rds.ClusterInstance.serverless_v2("Writer", **member),
        readers=[rds.ClusterInstance.serverless_v2("Reader", scale_with_writer=True, **member)]
        if options.multi_az
        else [],
        serverless_v2_min_capacity=options.aurora_capacity[0],
        serverless_v2_max_capacity=options.aurora_capacity[1],
        default_database_name=DATABASE,
        port=MYSQL_PORT,
        vpc=network.vpc,
        vpc_subnets=ec2.SubnetSelection(subnet_group_name="database"),
        security_groups=[_group(stack, network)],
        storage_encrypted=True,
        backup=rds.BackupProps(
            retention=cdk.Duration.days(options.backup_days), preferred_window="03:00-03:30"
        ),
        copy_tags_to_snapshot=True,
        deletion_protection=options.deletion_protection and stack.stage.protect,
        cloudwatch_logs_exports=list(LOGS),
        removal_policy=_removal(stack),
    )
    _logs(stack, cluster, kind="cluster")
    return _finished(stack, cluster, host=cluster.cluster_endpoint.hostname)


def _group(stack: ShopStack, network: NetworkStack) -> ec2.ISecurityGroup:
    return ec2.SecurityGroup.from_security_group_id(
        stack, "DatabaseGroup", network.groups["database"].security_group_id, mutable=False
    )


def _administrator(stack: ShopStack, name: str) -> rds.Credentials:
    """Return who migrates. Each kind has a secret of its own: when one takes the other's place, both stand for a while."""
    return rds.Credentials.from_generated_secret(MASTER, secret_name=f"{stack.stage.prefix}/{name}")


def _removal(stack: ShopStack) -> cdk.RemovalPolicy:
    return cdk.RemovalPolicy.SNAPSHOT if stack.stage.keep_data else cdk.RemovalPolicy.DESTROY


def _parameters(stack: ShopStack, engine: rds.IEngine) -> rds.ParameterGroup:
    """Settings of the server: nothing without TLS, UTC, and texts in utf8mb4 as in the tests."""
    return rds.ParameterGroup(
        stack,
        "Parameters",
        engine=engine,
        description=f"{stack.stage.prefix}: TLS only",
        parameters={
            "require_secure_transport": "ON" if stack.stage.database.engine == "aurora" else "1",
            "character_set_server": "utf8mb4",
            "collation_server": "utf8mb4_unicode_ci",
            "time_zone": "UTC",
            "slow_query_log": "1",
            "log_output": "FILE",
            "long_query_time": "0.5",
        },
    )


def _logs(stack: ShopStack, server: rds.DatabaseInstance | rds.DatabaseCluster, *, kind: str) -> None:
    """Make the log groups before the server, which would make them without an end."""
    for log in LOGS:
        group = stack.log_group(f"{kind}-{log}", at=f"/aws/rds/{kind}/{stack.stage.named('orders')}/{log}")
        server.node.add_dependency(group)


def _finished(stack: ShopStack, server: rds.DatabaseInstance | rds.DatabaseCluster, *, host: str) -> Database:
    secret = cast("rds.DatabaseSecret", server.node.find_child("Secret"))
    secret.apply_removal_policy(stack.removal)
    _explain(stack, server)
    may_go(server, secret, secret.node.find_child("Attachment"))
    return Database(server=server, host=host, master=cast("secretsmanager.ISecret", server.secret))


def _explain(stack: ShopStack, server: rds.DatabaseInstance | rds.DatabaseCluster) -> None:
    options = stack.stage.database
    explain(
        server,
        "AwsSolutions-RDS11",
        reason="Security groups decide who reaches MySQL; another port hides nothing.",
    )
    if options.engine == "aurora":
        explain(
            server,
            *("AwsSolutions-RDS6", "AwsSolutions-RDS14"),
            reason="Passwords rotate, so no IAM sign-in; point-in-time recovery, so no backtrack.",
        )
    if not options.multi_az:
        explain(
            server,
            "AwsSolutions-RDS3",
            reason="One zone in development: Database.multi_az turns it on.",
        )
    if not options.deletion_protection:
        explain(server, "AwsSolutions-RDS10", reason="Development is there to be deleted.")
    elif not stack.stage.protect:
        explain(
            server, "AwsSolutions-RDS10", reason="Protected by a second deployment, as soon as it stands."
        )
    if not options.rotation_days:
        explain(
            server.node.find_child("Secret"),
            "AwsSolutions-SMG4",
            reason="No rotation in development: its function needs a way out of the private subnets (NAT).",
        )

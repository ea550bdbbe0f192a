"""The ECS cluster and the one-off tasks: the migration, which runs before a new version serves, and tools.

A stack before the service's, so that a new version's migration can run while the earlier version still serves.
"""

from typing import Any

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from deploy.options import Stage
from deploy.stacks.base import ShopStack, explain
from deploy.stacks.grants import grant_books, grant_shop
from deploy.stacks.runtime import (
    Parts,
    app_container,
    environment,
    secrets,
    task_definition,
)

PATIENCE = {"DATABASE_READ_TIMEOUT_SECONDS": "900"}
"""A statement that changes a table takes as long as the table is large; the shop's own take milliseconds."""


class ClusterStack(ShopStack):
    """Cluster, log group, migration task, tools task.

    Attributes:
        cluster: where all tasks run.
        log_group_app: where all of the shop's lines go.
    """

    def __init__(self, scope: Construct, *, stage: Stage, parts: Parts) -> None:
        super().__init__(scope, "cluster", stage=stage, description="ECS cluster, migration and tools tasks")
        self._parts = parts
        self.cluster = ecs.Cluster(
            self,
            "Cluster",
            cluster_name=stage.prefix,
            vpc=parts.network.vpc,
            enable_fargate_capacity_providers=True,
            container_insights_v2=ecs.ContainerInsights.ENABLED
            if stage.service.container_insights
            else ecs.ContainerInsights.DISABLED,
        )
        if not stage.service.container_insights:
            explain(
                self.cluster,
                "AwsSolutions-ECS4",
                reason="Paid per task and metric; Service.container_insights turns them on.",
            )
        self.group = ec2.SecurityGroup.from_security_group_id(
            self, "BackgroundGroup", parts.network.groups["background"].security_group_id, mutable=False
        )
        self.log_group_app = self.log_group("app")
        self.migration = self._migration()
        self.tools = self._tools()
        self._outputs()

    def _migration(self) -> ecs.FargateTaskDefinition:
        """Check the settings, make the running shop's MySQL user, migrate: one after the other, or not at all."""
        definition = task_definition(self, "migration", cpu=256, memory=512)
        user = self._parts.data.user
        common: dict[str, Any] = {"image": self._parts.image(self, "app"), "group": self.log_group_app}
        variables = environment(self.stage, self._parts)
        master = secrets(self._parts, database=self._parts.data.master)
        service_user = {
            "SERVICE_DATABASE_USER": ecs.Secret.from_secrets_manager(user, "username"),
            "SERVICE_DATABASE_PASSWORD": ecs.Secret.from_secrets_manager(user, "password"),
        }
        steps: tuple[tuple[str, list[str], dict[str, ecs.Secret], dict[str, str]], ...] = (
            ("check", ["manage.py", "check", "--deploy"], master, {}),
            ("user", ["manage.py", "create_database_user"], master | service_user, {}),
            ("migrate", ["manage.py", "migrate", "--noinput"], master, PATIENCE),
        )
        before = None
        for name, command, injected, own in steps:
            container = app_container(
                definition,
                name,
                command=command,
                injected=injected,
                variables=variables | own,
                essential=name == "migrate",
                **common,
            )
            if before:
                container.add_container_dependencies(
                    ecs.ContainerDependency(
                        container=before, condition=ecs.ContainerDependencyCondition.SUCCESS
                    )
                )
            before = container
        return definition

    def _tools(self) -> ecs.FargateTaskDefinition:
        """Make a task for management commands; without an override it checks that the books balance."""
        definition = task_definition(self, "tools", cpu=256, memory=1024)
        app_container(
            definition,
            "tools",
            image=self._parts.image(self, "app"),
            group=self.log_group_app,
            variables=environment(self.stage, self._parts),
            injected=secrets(self._parts, database=self._parts.data.user),
            command=["manage.py", "verify_invariants"],
        )
        grant_shop(definition.task_role, self._parts)
        grant_books(definition.task_role, self._parts)
        return definition

    def _outputs(self) -> None:
        self.output("ClusterName", self.cluster.cluster_name, description="ECS cluster")
        self.output("LogGroup", self.log_group_app.log_group_name, description="All lines of the shop")
        self.output(
            "MigrationTask", self.migration.task_definition_arn, description="Runs before a new version"
        )
        self.output("ToolsTask", self.tools.task_definition_arn, description="Runs management commands")

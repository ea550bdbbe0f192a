"""How the shop's image is run: its environment, its secrets, what each role may do. One place for every task.

The secrets are read by ECS when a task starts; no template, environment listing or log holds their values.
"""

from dataclasses import dataclass
from typing import cast

from aws_cdk import Duration, Size
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager

from deploy.options import PROJECT, Stage
from deploy.stacks.base import ShopStack, explain
from deploy.stacks.data import DataStack
from deploy.stacks.grants import may
from deploy.stacks.identity import IdentityStack
from deploy.stacks.mysql import DATABASE
from deploy.stacks.network import FRONT_PORT, MYSQL_PORT, NetworkStack

RDS_CA = "/app/shop/certificates/rds-ca-bundle.pem"
"""In the image: Amazon RDS's root certificates. They are in the repository, so a build fetches nothing unverified."""
START_SECONDS = 120
"""A quarter of a processor takes its time to import Django; until then, failing checks do not count."""
STOP_SECONDS = 60
"""Between SIGTERM and SIGKILL: more than the load balancer's 30 s and gunicorn's 25 s."""
UID = "10001"
"""The user in both images."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a task needs: the stacks before its own, and which version of the images."""

    network: NetworkStack
    data: DataStack
    identity: IdentityStack
    image_tag: str

    def image(self, stack: ShopStack, name: str) -> ecs.ContainerImage:
        """Return one of the two images, ``app`` or ``front``, by its tag in this account's registry."""
        known = stack.node.try_find_child(f"{name.title()}Images")
        repository = known or ecr.Repository.from_repository_name(
            stack, f"{name.title()}Images", f"{PROJECT}/{name}"
        )
        return ecs.ContainerImage.from_ecr_repository(cast("ecr.IRepository", repository), self.image_tag)


def environment(stage: Stage, parts: Parts) -> dict[str, str]:
    """Return the plain variables of every task: docs/settings.md says what each means. None is secret."""
    variables = {
        **stage.service.settings,
        "DJANGO_ALLOWED_HOSTS": parts.network.host,
        "BEHIND_TLS_PROXY": "true",
        "TRUSTED_PROXY_HOPS": "1",
        "DATABASE_URL": f"mysql://{parts.data.host}:{MYSQL_PORT}/{DATABASE}",
        "DATABASE_SSL_CA": RDS_CA,
        "AWS_REGION": stage.region,
        **{setting: table.table_name for setting, table in parts.data.tables.items()},
        "COGNITO_USER_POOL_ID": parts.identity.pool_id,
        "COGNITO_CLIENT_ID": parts.identity.client_id,
        "COGNITO_ADMIN_GROUP": stage.identity.admin_group,
        "COGNITO_SUPPORT_GROUP": stage.identity.support_group,
        "REQUIRE_AUTH": "true",
        "CURRENCY": stage.service.currency,
        "ORDER_PROCESSING": stage.service.order_processing,
        "ORDER_QUEUE_URL": parts.data.queue.queue_url,
        "PAYMENT_GATEWAY": stage.service.payments,
        "LOG_FORMAT": "json",
        "METRICS_NAMESPACE": stage.prefix,
        "METRICS_BY_ROUTE": "true" if stage.watch.metrics_by_route else "false",
    }
    if stage.service.payments == "mock":
        variables["PAYMENTS_ARE_MOCK"] = "yes"
    if stage.watch.traces:
        variables |= {
            "TRACES": "xray",
            "TRACES_SAMPLE_RATE": f"{stage.watch.traces:g}",
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318",
        }
    return variables


def secrets(parts: Parts, *, database: secretsmanager.ISecret) -> dict[str, ecs.Secret]:
    """Return the variables whose values come from Secrets Manager; ``database`` is whoever signs in to MySQL."""
    injected = {
        "DJANGO_SECRET_KEY": ecs.Secret.from_secrets_manager(parts.identity.django_key),
        "COGNITO_CLIENT_SECRET": ecs.Secret.from_secrets_manager(parts.identity.client_secret),
        "DATABASE_USER": ecs.Secret.from_secrets_manager(database, "username"),
        "DATABASE_PASSWORD": ecs.Secret.from_secrets_manager(database, "password"),
    }
    if parts.identity.payments:
        for name in ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"):
            injected[name] = ecs.Secret.from_secrets_manager(parts.identity.payments, name)
    return injected


def task_definition(stack: ShopStack, name: str, *, cpu: int, memory: int) -> ecs.FargateTaskDefinition:
    """Make a task definition for ARM whose role may do nothing yet, with an empty ``/tmp`` for its containers."""
    tasks = iam.ServicePrincipal("ecs-tasks.amazonaws.com").with_conditions(
        {"StringEquals": {"aws:SourceAccount": stack.account}}
    )
    role = iam.Role(
        stack,
        f"{name.title()}Role",
        role_name=stack.stage.named(f"{name}-task"),
        description=f"What the shop's {name} tasks may do",
        assumed_by=tasks,
    )
    execution = iam.Role(
        stack,
        f"{name.title()}Execution",
        role_name=stack.stage.named(f"{name}-execution"),
        description=f"What ECS does to start the shop's {name} tasks: fetch images and secrets, write the log",
        assumed_by=tasks,
    )
    definition = ecs.FargateTaskDefinition(
        stack,
        f"{name.title()}Task",
        family=stack.stage.named(name),
        cpu=cpu,
        memory_limit_mib=memory,
        task_role=role,
        execution_role=execution,
        runtime_platform=ecs.RuntimePlatform(
            cpu_architecture=ecs.CpuArchitecture.ARM64,
            operating_system_family=ecs.OperatingSystemFamily.LINUX,
        ),
    )
    _explain_task(definition, execution)
    return definition


def _explain_task(definition: ecs.FargateTaskDefinition, execution: iam.Role) -> None:
    explain(
        definition,
        "AwsSolutions-ECS2",
        reason="Only what is not secret is plain; a test lists every name. Secrets are injected from Secrets Manager.",
    )
    explain(
        execution,
        "AwsSolutions-IAM5[Resource::*]",
        reason="ecr:GetAuthorizationToken knows no resources; all else of this role names its own.",
    )


def app_container(
    definition: ecs.FargateTaskDefinition,
    name: str,
    *,
    image: ecs.ContainerImage,
    group: logs.ILogGroup,
    variables: dict[str, str],
    injected: dict[str, ecs.Secret],
    command: list[str] | None = None,
    essential: bool = True,
    health: list[str] | None = None,
) -> ecs.ContainerDefinition:
    """Add a container of the shop's image: an ordinary user, a root that cannot be written to, a JSON log.

    Args:
        definition: the task it becomes part of.
        name: of the container; first part of its log streams' names.
        image: the shop's.
        group: where its lines go.
        variables: from :func:`environment`.
        injected: from :func:`secrets`.
        command: instead of gunicorn, such as ``["manage.py", "migrate"]``.
        essential: the task ends with it.
        health: a command that exits 0 while all is well.
    """
    container = definition.add_container(
        name,
        container_name=name,
        image=image,
        command=command,
        essential=essential,
        environment=variables,
        secrets=injected,
        user=UID,
        readonly_root_filesystem=True,
        linux_parameters=_no_privileges(definition, name),
        stop_timeout=Duration.seconds(STOP_SECONDS),
        logging=_log(name, group),
        health_check=_check(health, start_seconds=START_SECONDS) if health else None,
    )
    _temporary(definition, container, volume=f"{name}-tmp")
    return container


def front_container(
    definition: ecs.FargateTaskDefinition, *, image: ecs.ContainerImage, group: logs.ILogGroup, stage: Stage
) -> ecs.ContainerDefinition:
    """Add nginx: takes requests from the load balancer and hands them whole to gunicorn, in the same task."""
    # Without a domain it is the HTTP API that knows the client, and an internal balancer says "http" of what came by HTTPS.
    edge = {} if stage.domain else {"FRONT_CLIENT_HEADER": EDGE_CLIENT, "FRONT_SCHEME": "https"}
    container = definition.add_container(
        "front",
        container_name="front",
        image=image,
        essential=True,
        environment={
            "FRONT_LISTEN": str(FRONT_PORT),
            "FRONT_UPSTREAM": "127.0.0.1:8000",
            "FRONT_TRUSTED_CIDR": stage.network.cidr,
            **edge,
        },
        user=UID,
        readonly_root_filesystem=True,
        linux_parameters=_no_privileges(definition, "front"),
        stop_timeout=Duration.seconds(STOP_SECONDS),
        logging=_log("front", group),
        port_mappings=[ecs.PortMapping(container_port=FRONT_PORT, name="front")],
        health_check=_check(
            ["curl", "--fail", "--silent", "--max-time", "4", f"http://127.0.0.1:{FRONT_PORT}/health/live"],
            start_seconds=START_SECONDS,
        ),
    )
    _temporary(definition, container, volume="front-tmp")
    return container


def collector_container(
    definition: ecs.FargateTaskDefinition, *, group: logs.ILogGroup, stage: Stage
) -> None:
    """Add the collector of traces, where they are wanted: it hands them to X-Ray, and the task goes on without it."""
    if not stage.watch.traces:
        return
    definition.add_container(
        "collector",
        container_name="collector",
        image=_collector_image(definition, stage.watch.collector_image),
        command=["--config=/etc/ecs/ecs-default-config.yaml"],
        essential=False,
        user=UID,
        readonly_root_filesystem=True,
        linux_parameters=_no_privileges(definition, "collector"),
        logging=_log("collector", group),
    )
    role = definition.task_role
    may(role, "xray", "PutTraceSegments PutTelemetryRecords", ["*"])
    explain(role, "AwsSolutions-IAM5[Resource::*]", reason="X-Ray knows no resources to name.")


def _collector_image(definition: ecs.FargateTaskDefinition, name: str) -> ecs.ContainerImage:
    """Return an image of a public registry, or of this account's own, which the task must be allowed to read."""
    repository, _, tag = name.rpartition(":")
    if "." in repository.split("/")[0]:
        return ecs.ContainerImage.from_registry(name)
    own = ecr.Repository.from_repository_name(definition, "CollectorImages", repository)
    return ecs.ContainerImage.from_ecr_repository(own, tag)


EDGE_CLIENT = "X-Edge-Client"
"""A header that the HTTP API overwrites with the caller's address."""


def _no_privileges(definition: ecs.FargateTaskDefinition, name: str) -> ecs.LinuxParameters:
    parameters = ecs.LinuxParameters(definition, f"{name}Linux", init_process_enabled=False)
    parameters.drop_capabilities(ecs.Capability.ALL)
    return parameters


def _log(name: str, group: logs.ILogGroup) -> ecs.LogDriver:
    """Write to CloudWatch without ever making the shop wait for it."""
    return ecs.LogDriver.aws_logs(
        stream_prefix=name,
        log_group=group,
        mode=ecs.AwsLogDriverMode.NON_BLOCKING,
        max_buffer_size=Size.mebibytes(4),
    )


def _check(command: list[str], *, start_seconds: int) -> ecs.HealthCheck:
    return ecs.HealthCheck(
        command=["CMD", *command],
        interval=Duration.seconds(10),
        timeout=Duration.seconds(5),
        retries=3,
        start_period=Duration.seconds(start_seconds),
    )


def _temporary(
    definition: ecs.FargateTaskDefinition, container: ecs.ContainerDefinition, *, volume: str
) -> None:
    """Mount an empty ``/tmp``. Fargate has no tmpfs; the image's ``VOLUME /tmp`` says who may write to this."""
    definition.add_volume(name=volume)
    container.add_mount_points(ecs.MountPoint(container_path="/tmp", source_volume=volume, read_only=False))  # noqa: S108 (a volume of the container)

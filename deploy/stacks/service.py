"""The shop itself: web tasks behind the load balancer, one background service, their numbers, WAF.

Nothing in this stack keeps data: ``make pause`` deletes it, ``make resume`` makes it again.
"""

from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from deploy.options import Stage
from deploy.stacks.balancer import Balancer
from deploy.stacks.base import ShopStack, allow, schedule_role
from deploy.stacks.cluster import ClusterStack
from deploy.stacks.firewall import Firewall
from deploy.stacks.grants import grant_books, grant_orders, grant_queue, grant_shop, grant_staff
from deploy.stacks.runtime import (
    START_SECONDS,
    Parts,
    app_container,
    collector_container,
    environment,
    front_container,
    secrets,
    task_definition,
)


class ServiceStack(ShopStack):
    """Web and background services.

    Attributes:
        entrance: load balancer and target group.
        web, background: the ECS services.
    """

    def __init__(self, scope: Construct, *, stage: Stage, parts: Parts, cluster: ClusterStack) -> None:
        super().__init__(
            scope, "service", stage=stage, description="Web and background services, load balancer, WAF"
        )
        self._parts, self._cluster = parts, cluster
        self._variables = environment(stage, parts)
        self._injected = secrets(parts, database=parts.data.user)
        self.entrance = Balancer(self, network=parts.network)
        if stage.firewall.enabled:
            Firewall(self, balancer_arn=self.entrance.balancer.load_balancer_arn)
        self.web = self._web()
        self.background = self._background()
        self._scale_web()
        self._scale_background()
        self._renew()
        self._outputs()

    def _service(
        self, name: str, definition: ecs.FargateTaskDefinition, *, called: bool
    ) -> ecs.FargateService:
        network = self._parts.network
        group = ec2.SecurityGroup.from_security_group_id(
            self, f"{name.title()}Group", network.groups[name].security_group_id, mutable=False
        )
        # No desired count: it is the scaling's to decide, and every deployment would set it back.
        capacity = "FARGATE_SPOT" if self.stage.service.spot else "FARGATE"
        return ecs.FargateService(
            self,
            f"{name.title()}Service",
            service_name=self.stage.named(name),
            cluster=self._cluster.cluster,
            task_definition=definition,
            capacity_provider_strategies=[ecs.CapacityProviderStrategy(capacity_provider=capacity, weight=1)],
            vpc_subnets=network.task_subnets,
            assign_public_ip=not self.stage.network.private_tasks,
            security_groups=[group],
            min_healthy_percent=100,
            max_healthy_percent=200,
            health_check_grace_period=Duration.seconds(START_SECONDS) if called else None,
            circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            availability_zone_rebalancing=ecs.AvailabilityZoneRebalancing.ENABLED,
            enable_ecs_managed_tags=True,
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
        )

    def _web(self) -> ecs.FargateService:
        """Make the web service: nginx, which the load balancer calls, and gunicorn behind it in the same task."""
        options = self.stage.service
        definition = task_definition(self, "web", cpu=options.web.cpu, memory=options.web.memory)
        app = app_container(
            definition,
            "web",
            image=self._parts.image(self, "app"),
            group=self._cluster.log_group_app,
            variables=self._variables
            | {
                "BIND": "127.0.0.1",
                "WEB_CONCURRENCY": str(options.workers),
                "GUNICORN_THREADS": str(options.threads),
            },
            injected=self._injected,
            health=["python", "-m", "shop.probe", "/health/live"],
        )
        front = front_container(
            definition,
            image=self._parts.image(self, "front"),
            group=self._cluster.log_group_app,
            stage=self.stage,
        )
        # Started after gunicorn and stopped before it: what nginx has taken in is still answered.
        front.add_container_dependencies(
            ecs.ContainerDependency(container=app, condition=ecs.ContainerDependencyCondition.HEALTHY)
        )
        definition.default_container = front
        collector_container(definition, group=self._cluster.log_group_app, stage=self.stage)
        grant_shop(definition.task_role, self._parts)
        grant_staff(definition.task_role, self._parts)
        service = self._service("web", definition, called=True)
        self.entrance.targets.add_target(
            service.load_balancer_target(container_name="front", container_port=front.container_port)
        )
        return service

    def _background(self) -> ecs.FargateService:
        """Make the background service: it settles what the queue names and what was left open, and checks the books."""
        options = self.stage.service.background
        definition = task_definition(self, "background", cpu=options.cpu, memory=options.memory)
        app_container(
            definition,
            "background",
            image=self._parts.image(self, "app"),
            group=self._cluster.log_group_app,
            variables=self._variables | {"HEARTBEAT_DIR": "/tmp/heartbeats"},  # noqa: S108 (the container's own)
            injected=self._injected,
            command=["manage.py", "run_background"],
            health=["python", "-m", "shop.probe", "--heartbeat"],
        )
        collector_container(definition, group=self._cluster.log_group_app, stage=self.stage)
        grant_orders(definition.task_role, self._parts)
        grant_queue(definition.task_role, self._parts)
        grant_books(definition.task_role, self._parts)
        return self._service("background", definition, called=False)

    def _scale_web(self) -> None:
        options = self.stage.service
        target = self.web.auto_scale_task_count(min_capacity=options.web.least, max_capacity=options.web.most)
        pace: dict[str, Any] = {
            "scale_in_cooldown": Duration.minutes(5),
            "scale_out_cooldown": Duration.seconds(30),
        }
        target.scale_on_cpu_utilization("Cpu", target_utilization_percent=options.cpu_percent, **pace)
        target.scale_on_request_count(
            "Requests",
            requests_per_target=options.requests_per_task,
            target_group=self.entrance.targets,
            **pace,
        )

    def _scale_background(self) -> None:
        """Add a task while each has too many messages before it, or the oldest waits too long."""
        options = self.stage.service
        target = self.background.auto_scale_task_count(
            min_capacity=options.background.least, max_capacity=options.background.most
        )
        minute = Duration.minutes(1)
        queue = self._parts.data.queue
        # Fargate reports each task's CPU once a minute: how many reports there are is how many tasks run. No MAX([…, 1]):
        # CloudWatch refuses a list of a series and a number.
        running = self.background.metric_cpu_utilization(statistic="SampleCount", period=minute)
        backlog = cloudwatch.MathExpression(
            expression="visible / FILL(running, 1)",
            label="Messages per task",
            period=minute,
            using_metrics={
                "visible": queue.metric_approximate_number_of_messages_visible(
                    period=minute, statistic="Maximum"
                ),
                "running": running,
            },
        )
        per_task = options.backlog_per_task
        target.scale_on_metric(
            "Backlog",
            metric=backlog,
            adjustment_type=scaling.AdjustmentType.CHANGE_IN_CAPACITY,
            cooldown=Duration.minutes(2),
            scaling_steps=[
                scaling.ScalingInterval(upper=per_task // 5, change=-1),
                scaling.ScalingInterval(lower=per_task, change=+1),
                scaling.ScalingInterval(lower=4 * per_task, change=+2),
            ],
        )
        target.scale_on_metric(
            "Age",
            metric=queue.metric_approximate_age_of_oldest_message(period=minute, statistic="Maximum"),
            adjustment_type=scaling.AdjustmentType.CHANGE_IN_CAPACITY,
            cooldown=Duration.minutes(2),
            scaling_steps=[
                scaling.ScalingInterval(lower=60, change=+1),
                scaling.ScalingInterval(lower=300, change=+2),
            ],
        )

    def _renew(self) -> None:
        """Replace all tasks every few days: they get the current passwords, and Fargate's patched hosts."""
        role = schedule_role(self, "Renewal")
        services = [
            self.format_arn(
                service="ecs",
                resource="service",
                resource_name=f"{self.stage.prefix}/{self.stage.named(name)}",
            )
            for name in ("web", "background")
        ]
        role.add_to_policy(allow(actions=["ecs:UpdateService"], resources=services))
        for name, service in (("web", self.web), ("background", self.background)):
            schedule = scheduler.CfnSchedule(
                self,
                f"Renew{name.title()}",
                name=self.stage.named(f"renew-{name}"),
                description="New tasks, one after the other, with the current secrets",
                schedule_expression=f"rate({self.stage.service.renew_every_days} days)",
                flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(
                    mode="FLEXIBLE", maximum_window_in_minutes=60
                ),
                target=scheduler.CfnSchedule.TargetProperty(
                    arn="arn:aws:scheduler:::aws-sdk:ecs:updateService",
                    role_arn=role.role_arn,
                    input=Stack.of(self).to_json_string(
                        {
                            "Cluster": self.stage.prefix,
                            "Service": self.stage.named(name),
                            "ForceNewDeployment": True,
                        }
                    ),
                ),
            )
            schedule.node.add_dependency(service)

    def _outputs(self) -> None:
        self.output("WebService", self.web.service_name, description="ECS service")
        self.output("BackgroundService", self.background.service_name, description="ECS service")
        self.output(
            "LoadBalancerDnsName",
            self.entrance.balancer.load_balancer_dns_name,
            description="Where a domain whose DNS is elsewhere points (CNAME)",
        )

"""The canary: every few minutes, the read-only part of the smoke test against the public address."""

import shutil
import tempfile
from functools import cache
from pathlib import Path

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from deploy.stacks.base import ShopStack, allow, schedule_role

ROOT = Path(__file__).resolve().parents[2]
SOURCES = (ROOT / "deploy/canary/handler.py", ROOT / "tests/smoke.py")


class Canary(Construct):
    """A function outside the VPC, as a customer is, and its schedule.

    Attributes:
        failures: metric of walks that failed.
    """

    def __init__(self, stack: ShopStack, *, url: str) -> None:
        super().__init__(stack, "Canary")
        name = stack.stage.named("canary")
        log = stack.log_group("canary")
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.function = functions.Function(
            self,
            "Function",
            function_name=name,
            description="Walks through the shop, reading only",
            runtime=functions.Runtime.PYTHON_3_14,
            architecture=functions.Architecture.ARM_64,
            handler="handler.handle",
            code=functions.Code.from_asset(_package().name),
            memory_size=256,
            timeout=Duration.minutes(2),
            retry_attempts=0,  # the schedule walks again soon enough; a walk that failed counts once
            environment={"SHOP_URL": url},
            role=role,
            log_group=log,
        )
        log.grant_write(role)
        self._schedule(stack)
        self.failures = self.function.metric_errors(period=Duration.minutes(stack.stage.watch.canary_minutes))

    def _schedule(self, stack: ShopStack) -> None:
        role = schedule_role(stack, "CanarySchedule")
        role.add_to_policy(allow(actions=["lambda:InvokeFunction"], resources=[self.function.function_arn]))
        minutes = stack.stage.watch.canary_minutes
        scheduler.CfnSchedule(
            self,
            "Schedule",
            name=stack.stage.named("canary"),
            schedule_expression=f"rate({minutes} minutes)",
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=self.function.function_arn,
                role_arn=role.role_arn,
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(maximum_retry_attempts=0),
            ),
        )


@cache
def _package() -> "tempfile.TemporaryDirectory[str]":
    """Put the two files together, once for all stages, and nothing else; the directory goes when the process ends."""
    directory = tempfile.TemporaryDirectory(prefix="canary-")
    for source in SOURCES:
        shutil.copyfile(source, Path(directory.name, source.name))
    return directory

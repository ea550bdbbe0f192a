"""What every stack has in common: its name, zones, tags, outputs, and the reasons for rules it does not follow."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct, IConstruct

from deploy.options import PROJECT, Stage


@dataclass(frozen=True, kw_only=True)
class Explained:
    """A rule of cdk-nag's that a resource does not follow, and why that is right."""

    path: str
    rule: str
    reason: str


EXPLAINED: list[Explained] = []
"""All of them, as the stacks are made; the findings table is printed from it."""


def explain(resource: IConstruct, *rules: str, reason: str) -> None:
    """Acknowledge findings of cdk-nag on a resource, and on all that it is made of (context ``explain=no``: do not)."""
    if resource.node.try_get_context("explain") == "no":
        return
    for rule in rules:
        cdk.Validations.of(resource).acknowledge(cdk.Acknowledgment(id=rule, reason=reason))
        EXPLAINED.append(Explained(path=resource.node.path, rule=rule, reason=reason))


def may_go(*resources: IConstruct) -> None:
    """Let what other stacks read of these change or go with a choice: they read an output, and hold no export.

    Only for values that end where a change is harmless (a task definition, a policy, an alarm): in a property that must
    not change, CloudFormation would plan to make the resource anew, because it reads the output only while it updates
    (https://github.com/aws/aws-cdk/issues/38829).
    """
    for resource in resources:
        cdk.CrossStackReferences.of(resource).produce(cdk.ReferenceStrength.WEAK)


class ShopStack(cdk.Stack):
    """One of a stage's stacks, named ``shop-<stage>-<part>``."""

    def __init__(self, scope: Construct, part: str, *, stage: Stage, description: str) -> None:
        self.stage = stage
        self._outputs_scope: Construct | None = None
        super().__init__(
            scope,
            stage.named(part),
            description=f"{description} ({PROJECT}, {stage.name})",
            env=cdk.Environment(account=stage.account or None, region=stage.region),
            termination_protection=stage.keep_data and stage.protect,
            analytics_reporting=False,
        )
        cdk.Tags.of(self).add("project", PROJECT)
        cdk.Tags.of(self).add("stage", stage.name)

    @property
    def availability_zones(self) -> list[str]:
        """The configured ones: asking AWS would make a template depend on who made it, and need credentials."""
        return list(self.stage.network.availability_zones)

    @property
    def removal(self) -> cdk.RemovalPolicy:
        """What becomes of data whose stack is deleted. What a failed creation leaves goes, or its name would be taken."""
        keep = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        return keep if self.stage.keep_data else cdk.RemovalPolicy.DESTROY

    def output(self, name: str, value: str, *, description: str) -> None:
        """Publish a value for the commands (``make info``) and for people."""
        self._outputs_scope = self._outputs_scope or Construct(self, "Outputs")
        cdk.CfnOutput(self._outputs_scope, name, value=value, description=description).override_logical_id(
            name
        )

    def log_group(self, name: str, *, at: str = "") -> logs.LogGroup:
        """Make a log group that forgets after the configured number of days.

        Args:
            name: of the construct and, as ``/shop/<stage>/<name>``, of the group.
            at: the group's own name, where AWS decides it.
        """
        return logs.LogGroup(
            self,
            f"{name.title().replace('-', '')}Logs",
            log_group_name=at or f"/{PROJECT}/{self.stage.name}/{name}",
            retention=retention(self.stage.watch.log_days),
            removal_policy=self.removal,
        )


def retention(days: int) -> logs.RetentionDays:
    """Return CloudWatch's constant for a number of days.

    Raises:
        ValueError: CloudWatch has no such retention.
    """
    known = {
        1: "ONE_DAY",
        3: "THREE_DAYS",
        7: "ONE_WEEK",
        14: "TWO_WEEKS",
        30: "ONE_MONTH",
        90: "THREE_MONTHS",
    }
    known |= {180: "SIX_MONTHS", 365: "ONE_YEAR", 400: "THIRTEEN_MONTHS"}
    if days not in known:
        raise ValueError(f"watch.log_days must be one of {', '.join(map(str, known))}; it is {days}")
    return logs.RetentionDays[known[days]]


def allow(*, actions: list[str], resources: list[str]) -> iam.PolicyStatement:
    """Return a statement that allows these actions on these resources and nothing else."""
    return iam.PolicyStatement(actions=actions, resources=resources)


def schedule_role(stack: ShopStack, name: str) -> iam.Role:
    """Make a role that EventBridge Scheduler takes on, for schedules of this account only."""
    return iam.Role(
        stack,
        f"{name}Role",
        assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com").with_conditions(
            {"StringEquals": {"aws:SourceAccount": stack.account}}
        ),
    )

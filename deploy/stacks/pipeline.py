"""Where images are kept, and how GitHub Actions may deploy: by a short-lived identity, without a stored key.

One stack per account, not per stage: an account knows GitHub's identity provider once.
"""

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from deploy.config import STAGES
from deploy.options import PROJECT, Pipeline, Stage
from deploy.stacks.base import allow, explain

GITHUB = "token.actions.githubusercontent.com"
PUSHING = """
    BatchCheckLayerAvailability BatchGetImage CompleteLayerUpload DescribeImages DescribeImageScanFindings
    GetDownloadUrlForLayer InitiateLayerUpload PutImage UploadLayerPart
"""
"""What one may do with a repository who builds images for it."""
READING = "BatchCheckLayerAvailability BatchGetImage DescribeImages GetDownloadUrlForLayer"
"""What one may do with another account's repository who copies images from it."""
IMAGES = ("app", "front")
"""Targets of the Dockerfile; repositories ``shop/app`` and ``shop/front``."""


def repository_name(image: str) -> str:
    """Return an image's repository: ``shop/app``."""
    return f"{PROJECT}/{image}"


class PipelineStack(cdk.Stack):
    """Repositories, identity provider, one role per stage.

    Args:
        scope: the app.
        pipeline: what is chosen.
        stages: those in this account.
        accounts: of the other stages. They may read images here, and stages here may read theirs: a version that was
            tried in one account is copied to the next, digest by digest.
    """

    def __init__(
        self, scope: Construct, *, pipeline: Pipeline, stages: list[Stage], accounts: list[str]
    ) -> None:
        super().__init__(
            scope,
            f"{PROJECT}-pipeline",
            description=f"Image repositories, GitHub's roles ({PROJECT})",
            env=cdk.Environment(account=stages[0].account or None, region=stages[0].region),
            termination_protection=any(stage.keep_data for stage in stages),
            analytics_reporting=False,
        )
        cdk.Tags.of(self).add("project", PROJECT)
        self._stages, self._accounts = stages, accounts
        self._repositories = [self._repository(image, pipeline) for image in IMAGES]
        if pipeline.repository:
            provider = self._provider(pipeline)
            for stage in stages:
                self._role(stage, provider, pipeline)

    def _repository(self, image: str, pipeline: Pipeline) -> ecr.Repository:
        repository = ecr.Repository(
            self,
            image.title(),
            repository_name=repository_name(image),
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            image_scan_on_push=True,
            encryption=ecr.RepositoryEncryption.AES_256,
            lifecycle_rules=self._lifecycle(pipeline),
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        if self._accounts:
            repository.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.AccountPrincipal(account) for account in self._accounts],
                    actions=[f"ecr:{action}" for action in READING.split()],
                )
            )
        cdk.CfnOutput(
            self, f"{image.title()}Repository", value=repository.repository_uri, description="Images"
        )
        return repository

    def _lifecycle(self, pipeline: Pipeline) -> list[ecr.LifecycleRule]:
        """Keep what a stage has run (``prod-…``, deploy/commands/images.py), whatever else is pushed.

        An image that an earlier rule speaks of is no later rule's: https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
        Production's come first, so that what both stages have run is kept as production's.
        """
        names = sorted((stage.name for stage in STAGES.values()), key=lambda name: name != "prod")
        kept = [
            ecr.LifecycleRule(
                rule_priority=priority,
                description=f"the newest that {name} has run",
                tag_status=ecr.TagStatus.TAGGED,
                tag_prefix_list=[f"{name}-"],
                max_image_count=pipeline.images_kept,
            )
            for priority, name in enumerate(names, start=1)
        ]
        unused = ecr.LifecycleRule(
            rule_priority=len(kept) + 1,
            description="what no stage has run",
            tag_status=ecr.TagStatus.ANY,
            max_image_age=cdk.Duration.days(pipeline.days_unused),
        )
        return [*kept, unused]

    def _provider(self, pipeline: Pipeline) -> str:
        if pipeline.provider_exists:
            return self.format_arn(service="iam", region="", resource="oidc-provider", resource_name=GITHUB)
        return iam.CfnOIDCProvider(
            self, "GitHub", url=f"https://{GITHUB}", client_id_list=["sts.amazonaws.com"]
        ).attr_arn

    def _role(self, stage: Stage, provider: str, pipeline: Pipeline) -> None:
        """Make the role of one stage's jobs: they run in the GitHub environment of the stage's name, or not at all."""
        role = iam.Role(
            self,
            f"{stage.name.title()}Role",
            role_name=stage.named("github"),
            description=f"GitHub Actions deploys {stage.name}",
            max_session_duration=cdk.Duration.hours(1),
            assumed_by=iam.WebIdentityPrincipal(
                provider,
                {
                    "StringEquals": {
                        f"{GITHUB}:aud": "sts.amazonaws.com",
                        f"{GITHUB}:sub": f"repo:{pipeline.repository}:environment:{stage.name}",
                    }
                },
            ),
        )
        self._explain(role, stage)
        for statement in self._rights(stage):
            role.add_to_policy(statement)
        cdk.CfnOutput(
            self,
            f"{stage.name.title()}RoleArn",
            value=role.role_arn,
            description=f"For the environment {stage.name}",
        )

    def _explain(self, role: iam.Role, stage: Stage) -> None:
        here = f"{self.region}:{stage.account or '<AWS::AccountId>'}"
        for resource, reason in (
            ("*", "ecr:GetAuthorizationToken and ecs:DescribeTaskDefinition know no resources."),
            (
                f"arn:<AWS::Partition>:cloudformation:{here}:stack/{PROJECT}-*",
                "Reads outputs of the shop's stacks.",
            ),
            (
                f"arn:<AWS::Partition>:ecs:{here}:task-definition/{stage.named('migration')}:*",
                "Each version has a new revision of the migration task.",
            ),
            (
                f"arn:<AWS::Partition>:ecs:{here}:service/{stage.prefix}/*",
                "Reads services of the stage's cluster.",
            ),
            (
                f"arn:<AWS::Partition>:ecs:{here}:task/{stage.prefix}/*",
                "Reads tasks, whose names ECS makes up.",
            ),
            (
                f"arn:<AWS::Partition>:logs:{here}:log-group:/{PROJECT}/{stage.name}/app:*",
                "Log streams, one per task.",
            ),
        ):
            explain(role, f"AwsSolutions-IAM5[Resource::{resource}]", reason=reason)

    def _rights(self, stage: Stage) -> list[iam.PolicyStatement]:
        """Return what a deployment does: images, the roles of ``cdk bootstrap``, the migration task, looking on."""
        images = [repository.repository_arn for repository in self._repositories]
        others = [
            self.format_arn(
                service="ecr", account=account, resource="repository", resource_name=repository_name(image)
            )
            for account in self._accounts
            for image in IMAGES
        ]
        database = [
            self.format_arn(
                service="rds",
                resource=kind,
                resource_name=stage.named("orders"),
                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            )
            for kind in ("db", "cluster")
        ]
        toolkit = [
            self.format_arn(
                service="iam",
                region="",
                resource="role",
                resource_name=f"cdk-hnb659fds-{kind}-role-{self.account}-{self.region}",
            )
            for kind in ("deploy", "file-publishing", "lookup")
        ]
        family = stage.named("migration")
        migration = [self.format_arn(service="ecs", resource="task-definition", resource_name=f"{family}:*")]
        in_cluster = {"ArnEquals": {"ecs:cluster": self._ecs("cluster", stage.prefix)}}
        stacks = self.format_arn(service="cloudformation", resource="stack", resource_name=f"{PROJECT}-*")
        roles = [
            self.format_arn(service="iam", region="", resource="role", resource_name=stage.named(name))
            for name in ("migration-task", "migration-execution")
        ]
        return [
            allow(actions=["ecr:GetAuthorizationToken", "ecs:DescribeTaskDefinition"], resources=["*"]),
            allow(actions=[f"ecr:{action}" for action in PUSHING.split()], resources=images),
            *(
                [allow(actions=[f"ecr:{each}" for each in READING.split()], resources=others)]
                if others
                else []
            ),
            allow(actions=["sts:AssumeRole"], resources=toolkit),
            allow(actions=["cloudformation:DescribeStacks"], resources=[stacks]),
            # Whether the stage is paused.
            allow(actions=["rds:DescribeDBInstances", "rds:DescribeDBClusters"], resources=database),
            iam.PolicyStatement(actions=["ecs:RunTask"], resources=migration, conditions=in_cluster),
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=roles,
                conditions={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
            ),
            allow(
                actions=["ecs:DescribeTasks", "ecs:DescribeServices"],
                resources=[self._ecs("task", f"{stage.prefix}/*"), self._ecs("service", f"{stage.prefix}/*")],
            ),
            allow(
                actions=["logs:GetLogEvents", "logs:FilterLogEvents"],
                resources=[
                    self.format_arn(
                        service="logs",
                        resource="log-group",
                        resource_name=f"/{PROJECT}/{stage.name}/app:*",
                        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
                    )
                ],
            ),
        ]

    def _ecs(self, kind: str, name: str) -> str:
        return self.format_arn(service="ecs", resource=kind, resource_name=name)

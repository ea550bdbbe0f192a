"""Where images are kept, and how GitHub Actions may deploy: by a short-lived identity, without a stored key.

One stack per account, not per stage: an account knows GitHub's identity provider once.
"""

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from deploy.config import PROJECT, Pipeline, Stage
from deploy.stacks.base import allow, explain

GITHUB = "token.actions.githubusercontent.com"
PUSHING = """
    BatchCheckLayerAvailability BatchGetImage CompleteLayerUpload DescribeImages DescribeImageScanFindings
    GetDownloadUrlForLayer InitiateLayerUpload PutImage UploadLayerPart
"""
"""What one may do with a repository who builds images for it."""
IMAGES = ("app", "front")
"""Targets of the Dockerfile; repositories ``shop/app`` and ``shop/front``."""


def repository_name(image: str) -> str:
    """Return an image's repository: ``shop/app``."""
    return f"{PROJECT}/{image}"


class PipelineStack(cdk.Stack):
    """Repositories, identity provider, one role per stage."""

    def __init__(self, scope: Construct, *, pipeline: Pipeline, stages: list[Stage]) -> None:
        super().__init__(
            scope,
            f"{PROJECT}-pipeline",
            description=f"Image repositories, GitHub's roles ({PROJECT})",
            env=cdk.Environment(account=stages[0].account or None, region=stages[0].region),
            termination_protection=any(stage.keep_data for stage in stages),
            analytics_reporting=False,
        )
        cdk.Tags.of(self).add("project", PROJECT)
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
            lifecycle_rules=[
                ecr.LifecycleRule(description="the newest", max_image_count=pipeline.images_kept)
            ],
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        cdk.CfnOutput(
            self, f"{image.title()}Repository", value=repository.repository_uri, description="Images"
        )
        return repository

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
            allow(actions=["sts:AssumeRole"], resources=toolkit),
            allow(actions=["cloudformation:DescribeStacks"], resources=[stacks]),
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

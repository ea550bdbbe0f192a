"""What there is of a stage before it is deployed, and whether a deployment may begin. Reads only."""

from dataclasses import dataclass

from botocore.exceptions import ClientError

from deploy.commands import database, images
from deploy.commands.aws import PIPELINE_STACK, code_of
from deploy.commands.context import Context
from deploy.commands.outcome import Refused


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What there is.

    Attributes:
        statuses: CloudFormation's word for each of the stage's stacks that there are, by part.
        half_made: names of stacks whose creation failed, and which are protected against being deleted all the same.
        bootstrapped: account and region are prepared for the CDK.
        images_there: the registry has both images of this version.
        database: RDS's word for the database's state; empty where there is none, or one may not ask.
        images_from: the account of another stage, whose registry has both.
        secrets_by_hand: some secrets come from elsewhere.
        protected: what keeps the stage's data is protected against deletion.
    """

    statuses: dict[str, str]
    bootstrapped: bool
    images_there: bool
    secrets_by_hand: bool
    database: str = ""
    images_from: str = ""
    protected: bool = False
    half_made: frozenset[str] = frozenset()

    @property
    def first(self) -> bool:
        """Tell whether the stage never served."""
        return "cluster" not in self.statuses

    def stands(self, part: str) -> bool:
        """Tell whether a stack was made to its end, at any time."""
        return self.statuses.get(part, "") not in {"", "REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"}


def check_ready(context: Context, situation: Situation) -> None:
    """Refuse to begin where another deployment is under way, CloudFormation is stuck, or the stage is paused.

    Raises:
        Refused: it is so.
    """
    for part, status in situation.statuses.items():
        if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
            raise Refused(
                f"the {part} stack is being changed right now ({status}). Cure: wait until that has ended"
            )
        if status in {"UPDATE_ROLLBACK_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"}:
            raise Refused(
                f"the {part} stack is stuck in {status}. Cure: its events in the CloudFormation console say why; mend "
                "that, then continue the roll-back (or deletion) there, then deploy again"
            )
    if situation.database in {"stopped", "stopping", "starting"}:
        raise Refused(
            f"{context.stage.name} is paused (its database is {situation.database}). Cure: {context.again('resume')}, "
            "then this again"
        )


def look(context: Context, tag: str) -> Situation:
    """Find out what there is."""
    stage, aws = context.stage, context.aws
    found = aws.if_allowed(lambda: database.state(context))
    stacks = aws.stacks()
    every = [*stacks.values(), *filter(None, [aws.stack(PIPELINE_STACK)])]
    return Situation(
        statuses={part: told["StackStatus"] for part, told in stacks.items()},
        half_made=frozenset(
            str(told["StackName"])
            for told in every
            if told["StackStatus"] == "ROLLBACK_COMPLETE" and told.get("EnableTerminationProtection")
        ),
        bootstrapped=aws.if_allowed(lambda: _bootstrapped(context)) is not False,
        images_there=len(images.digests(context, tag)) == len(images.TARGETS),
        images_from=images.source(context, tag),
        database=found.status if found else "",
        protected=stage.protected,
        secrets_by_hand=stage.identity.existing is not None or stage.service.payments == "stripe",
    )


def _bootstrapped(context: Context) -> bool:
    try:
        context.aws.client("ssm").get_parameter(Name="/cdk-bootstrap/hnb659fds/version")
    except ClientError as error:
        if code_of(error) == "ParameterNotFound":
            return False
        raise
    return True

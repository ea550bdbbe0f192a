"""``make deploy STAGE=``: from nothing, or from an earlier version, to this one. Safe to run again at any point.

What is done is decided first (:func:`plan`, from facts alone) and shown with its price and its minutes; then one step
follows the other, and the first that fails ends it with a word about what stands and what serves.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from deploy import prices
from deploy.commands import database, images, services, tasks
from deploy.commands.aws import DENIED, PARTS, PIPELINE_STACK, code_of, in_words
from deploy.commands.config_values import check_filled_in
from deploy.commands.context import Context
from deploy.commands.outcome import Failed, Refused
from deploy.commands.smoke import walk
from deploy.commands.tools import Cdk, check_docker, install_cdk
from deploy.config import filled_in
from deploy.validation import check

MINUTES = {
    "roles": (0, 0),
    "bootstrap": (2, 0),
    "pipeline": (1, 0),
    "network": (4, 0),
    "data": (12, 1),
    "identity": (1, 0),
    "wake": (8, 8),
    "secrets": (0, 0),
    "images": (8, 6),
    "cluster": (2, 1),
    "migrate": (2, 2),
    "service": (8, 5),
    "settle": (1, 1),
    "observability": (3, 1),
    "smoke": (1, 1),
}
"""About how long each step takes: when it makes something, and when it changes little. Estimates, not measured."""

WHAT = {
    "roles": ("Let ECS act in this account (it never has)", "iam CreateServiceLinkedRole"),
    "bootstrap": ("Prepare account and region for the CDK", "cdk bootstrap: stack CDKToolkit"),
    "wake": ("Start the database, which is stopped", "rds StartDBInstance"),
    "secrets": ("See that no secret is left to be filled in", "secretsmanager GetSecretValue"),
    "images": ("Images of this version", "ecr DescribeImages"),
    "migrate": ("Check the settings and migrate, before the new version serves", "ecs RunTask"),
    "settle": ("Wait until only the new version runs", "ecs DescribeServices"),
    "smoke": ("Walk through the shop, reading only", "tests/smoke.py --read-only"),
}
"""Of the steps that are not simply a stack's deployment."""


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What there is.

    Attributes:
        statuses: CloudFormation's word for each of the stage's stacks that there are, by part.
        bootstrapped: account and region are prepared for the CDK.
        images_there: the registry has both images of this version.
        database_stopped: the stage was paused.
        secrets_by_hand: some secrets come from elsewhere.
    """

    statuses: dict[str, str]
    bootstrapped: bool
    images_there: bool
    database_stopped: bool
    secrets_by_hand: bool

    @property
    def first(self) -> bool:
        """Tell whether the stage never served."""
        return "cluster" not in self.statuses


def plan(situation: Situation) -> list[str]:
    """Return the steps, in order. A version's migration stands between its images and its service."""
    steps = ["pipeline", "network", "data", "identity"]
    if not situation.bootstrapped:
        steps.insert(0, "bootstrap")
    if situation.first:
        steps.insert(0, "roles")
    if situation.secrets_by_hand:
        steps.append("secrets")
    if situation.database_stopped:
        steps.append("wake")
    return [*steps, "images", "cluster", "migrate", "service", "settle", "observability", "smoke"]


def minutes(situation: Situation) -> int:
    """Return about how many minutes the steps take."""
    total = 0
    for step in plan(situation):
        made, changed = MINUTES[step]
        if step == "images" and situation.images_there:
            continue
        total += changed if step in situation.statuses or not situation.first else made
    return total


def check_statuses(statuses: dict[str, str]) -> None:
    """Refuse to begin where another deployment is under way, or CloudFormation is stuck.

    Raises:
        Refused: it is so.
    """
    for part, status in statuses.items():
        if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
            raise Refused(
                f"the {part} stack is being changed right now ({status}). Cure: wait until that has ended"
            )
        if status in {"UPDATE_ROLLBACK_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"}:
            raise Refused(
                f"the {part} stack is stuck in {status}. Cure: its events in the CloudFormation console say why; mend "
                "that, then continue the roll-back (or deletion) there, then deploy again"
            )


class Deployment:
    """One run of ``make deploy``."""

    def __init__(self, context: Context, *, cdk: Cdk, tag: str, situation: Situation) -> None:
        self._context, self._cdk, self._tag, self._situation = context, cdk, tag, situation
        self._done: list[str] = []

    def run(self) -> None:
        """Do every step.

        Raises:
            Failed: one did not succeed; says which, what was done before it, and what serves now.
        """
        for step in plan(self._situation):
            what, call = WHAT.get(
                step, (f"Stack {self._stack(step)}", "cdk deploy: CloudFormation change set")
            )
            self._context.console.doing(what, call=call)
            try:
                self._do(step)
            except (BotoCoreError, ClientError) as error:
                raise Failed(self._where(step, str(in_words(error)))) from error
            except (Failed, Refused) as error:
                raise Failed(self._where(step, str(error))) from error
            self._done.append(step)

    def _do(self, step: str) -> None:
        own: dict[str, Callable[[], object]] = {
            "roles": lambda: _let_ecs_act(self._context),
            "bootstrap": self._cdk.bootstrap,
            "secrets": lambda: check_filled_in(self._context),
            "wake": lambda: database.start(self._context),
            "images": lambda: images.build_and_push(self._context, self._tag),
            "migrate": lambda: tasks.migrate(self._context),
            "settle": lambda: services.wait_until_settled(self._context),
            "smoke": lambda: walk(self._context),
        }
        if step in own:
            own[step]()
        else:
            self._cdk.deploy(self._stack(step))

    def _stack(self, step: str) -> str:
        return PIPELINE_STACK if step == "pipeline" else self._context.stage.named(step)

    def _where(self, step: str, why: str) -> str:
        """Tell what went wrong, and what state things are in."""
        if "service" in self._done:
            serves = f"version {self._tag} serves"
        elif self._situation.first or "service" not in self._situation.statuses:
            serves = "nothing serves yet"
        else:
            serves = "the version before it still serves"
        wanted = " TAG=" + self._tag if "TAG" in self._context.words else ""
        lines = [
            f"step {step}: {why}",
            f"done before it: {', '.join(self._done) or 'nothing'}; {serves}.",
            f"{self._context.again('deploy')}{wanted} goes on from here: what is done is not done twice.",
        ]
        if "service" in self._done and not self._situation.first:
            lines.append(
                f"To go back: {self._context.again('deploy')} TAG=<version before> (make info names it)."
            )
        return "\n".join(lines)


def _let_ecs_act(context: Context) -> None:
    """Make the role that ECS needs in an account: CloudFormation may make a cluster faster than ECS makes its role."""
    try:
        context.aws.client("iam").create_service_linked_role(AWSServiceName="ecs.amazonaws.com")
    except ClientError as error:
        # It is there already; or whoever deploys may not make it, as GitHub's role may not: an operator has made it then.
        if code_of(error) not in {"InvalidInput", *DENIED}:
            raise


def look(context: Context, tag: str) -> Situation:
    """Find out what there is."""
    stage, aws = context.stage, context.aws
    found = aws.if_allowed(lambda: database.state(context))
    return Situation(
        statuses={part: stack["StackStatus"] for part, stack in aws.stacks().items()},
        bootstrapped=aws.if_allowed(lambda: _bootstrapped(context)) is not False,
        images_there=len(images.digests(context, tag)) == len(images.TARGETS),
        database_stopped=found is not None and found.status in {"stopped", "stopping"},
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


def show(context: Context, *, situation: Situation, tag: str) -> None:
    """Print what will be done, what it costs, and how long it takes."""
    console, stage = context.console, context.stage
    console.table(
        [
            ("stage", stage.name),
            (
                "account",
                context.aws.account + ("" if stage.account else "  (Stage.account is unset: any will do)"),
            ),
            ("region", stage.region),
            ("version", tag + ("" if situation.images_there else "  (to be built)")),
            ("steps", ", ".join(plan(situation))),
        ]
    )
    console.say()
    console.say(str(prices.monthly(filled_in(stage))))
    console.say(f"Idle, and computed from public prices; {context.again('cost')} has the other loads.")
    console.say(f"\nThis takes about {minutes(situation)} minutes.")


def run(context: Context, *, cdk_program: Path | None = None) -> None:
    """Deploy.

    Raises:
        Refused: something is missing, or the answer was no; nothing was done.
        Failed: a step did not succeed.
    """
    context.console.doing(f"Credentials for {context.stage.name}", call="sts GetCallerIdentity")
    check(context.stage)
    account = context.aws.account
    context.console.say(f"    account {account}, {context.stage.region}")
    wanted = context.words.get("TAG", "")
    tag = wanted or images.tag_of(context)
    situation = look(context, tag)
    check_statuses(situation.statuses)
    if not situation.images_there:
        if wanted:
            raise Refused(
                f"the registry has no images {wanted}. Cure: make info names those that were deployed"
            )
        check_docker(context.programs)
    cdk = Cdk(context, program=cdk_program or install_cdk(context.programs), image_tag=tag)
    context.console.doing("Templates", call="cdk synth: no call to AWS")
    cdk.synthesise()
    if situation.statuses:
        context.console.doing("What would change", call="cdk diff: reads CloudFormation")
        cdk.diff(PIPELINE_STACK, *(context.stage.named(part) for part in PARTS if part in situation.statuses))
    show(context, situation=situation, tag=tag)
    context.console.confirm(f"Deploy {context.stage.name} to account {account}?")
    began = context.clock()
    Deployment(context, cdk=cdk, tag=tag, situation=situation).run()
    url = context.aws.outputs("network")["Url"]
    context.console.say(
        f"{context.stage.name} serves {tag} at {url} ({(context.clock() - began) / 60:.0f} minutes)"
    )
    if situation.first:
        context.console.say(f"Next: {context.again('admin')} EMAIL=you@example.com")

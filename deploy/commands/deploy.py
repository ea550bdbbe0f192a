"""``make deploy STAGE=``: from nothing, or from an earlier version, to this one. Safe to run again at any point.

What is done is decided first (:func:`plan`, from facts alone) and shown with its price and its minutes; then one step
follows the other, and the first that fails ends it with a word about what stands and what serves.
"""

from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from deploy import prices
from deploy.commands import images, services, tasks
from deploy.commands.aws import DENIED, PARTS, PIPELINE_STACK, code_of, in_words
from deploy.commands.config_values import check_filled_in
from deploy.commands.context import Context
from deploy.commands.outcome import Failed, Refused
from deploy.commands.situation import Situation, check_ready, look
from deploy.commands.smoke import walk
from deploy.commands.tools import Cdk, check_docker, install_cdk
from deploy.commands.zones import check_zones
from deploy.config import filled_in
from deploy.validation import check

MINUTES = {
    "roles": (0, 0),
    "bootstrap": (2, 0),
    "pipeline": (1, 0),
    "network": (4, 0),
    "data": (12, 1),
    "identity": (1, 0),
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
    "secrets": ("See that no secret is left to be filled in", "secretsmanager GetSecretValue"),
    "images": ("Images of this version", "ecr DescribeImages"),
    "migrate": ("Check the settings and migrate, before the new version serves", "ecs RunTask"),
    "settle": ("Wait until only the new version runs", "ecs DescribeServices"),
    "smoke": ("Walk through the shop, reading only", "tests/smoke.py --read-only"),
}
"""Of the steps that are not simply a stack's deployment."""


def plan(situation: Situation) -> list[str]:
    """Return the steps, in order. A version's migration stands between its images and its service."""
    steps = ["pipeline", "network", "data", "identity"]
    if not situation.bootstrapped:
        steps.insert(0, "bootstrap")
    if situation.first:
        steps.insert(0, "roles")
    if situation.secrets_by_hand:
        steps.append("secrets")
    return [*steps, "images", "cluster", "migrate", "service", "settle", "observability", "smoke"]


def minutes(situation: Situation) -> int:
    """Return about how many minutes the steps take."""
    total = 0
    for step in plan(situation):
        made, changed = MINUTES[step]
        if step == "images" and situation.images_there:
            continue
        total += changed if step in situation.statuses or not situation.first else made
        total += bool(situation.protected and step in PARTS and not situation.stands(step))
    return total


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
            "images": lambda: images.provide(self._context, self._tag, source=self._situation.images_from),
            "migrate": lambda: tasks.migrate(self._context),
            "settle": lambda: services.wait_until_settled(self._context),
            "smoke": lambda: walk(self._context),
        }
        if step in own:
            own[step]()
        else:
            self._deploy(step)

    def _deploy(self, step: str) -> None:
        """Deploy a stack. One that is not there yet is protected when it stands: before, it could not be taken back."""
        stack = self._stack(step)
        if stack in self._situation.half_made:
            _let_go(self._context, stack)
        if step in PARTS and self._situation.protected and not self._situation.stands(step):
            self._cdk.deploy(stack, protect=False)
            self._context.console.doing(
                f"Protect {stack}, which stands now", call="cdk deploy: CloudFormation change set"
            )
        self._cdk.deploy(stack)

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


def _let_go(context: Context, stack: str) -> None:
    """Take the protection off a stack whose creation failed: the CDK deletes it, and makes it anew."""
    context.console.doing(f"Let go of {stack}, which never came to be", call="UpdateTerminationProtection")
    client = context.aws.client("cloudformation")
    client.update_termination_protection(StackName=stack, EnableTerminationProtection=False)


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
    check_ready(context, situation)
    check_zones(context)
    if not situation.images_there:
        if wanted and not situation.images_from:
            raise Refused(
                f"the registry has no images {wanted}. Cure: make info names those that were deployed"
            )
        check_docker(context.programs, build=not situation.images_from)
    cdk = Cdk(context, program=cdk_program or install_cdk(context.programs), image_tag=tag)
    context.console.doing("Templates", call="cdk synth: no call to AWS")
    cdk.synthesise()
    if situation.protected and not all(situation.stands(part) for part in PARTS):
        cdk.synthesise(protect=False)
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

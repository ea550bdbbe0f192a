"""``make pause`` and ``make resume``: a development stage that costs next to nothing overnight, and keeps its data.

Nothing in the service and observability stacks keeps data, so pausing deletes them: services, load balancer and WAF
cost money even while nobody calls. The database is stopped. The address stays the same.
"""

from pathlib import Path

from deploy import prices
from deploy.commands import database, images, services
from deploy.commands.context import Context
from deploy.commands.outcome import Refused
from deploy.commands.smoke import walk
from deploy.commands.stacks import delete
from deploy.commands.tools import Cdk, install_cdk
from deploy.config import filled_in
from deploy.quantities import PAUSED

DELETED = ("observability", "service")
"""In this order: the first refers to the second."""


def pause(context: Context) -> None:
    """Stop all that costs by the hour.

    Raises:
        Refused: this stage keeps its data and its customers; nothing was done.
    """
    stage, console = context.stage, context.console
    if stage.keep_data:
        raise Refused(
            f"{stage.name} is not paused: customers use it, and its stacks are protected. For less of it: "
            "Service.web.least in deploy/config.py, then make deploy"
        )
    console.doing(f"Credentials for {stage.name}", call="sts GetCallerIdentity")
    console.say(f"    account {context.aws.account}, {stage.region}")
    context.aws.outputs("cluster")
    console.say(
        "No tasks, load balancer, WAF, alarms or canary until make resume. Orders and catalogue stay."
    )
    console.confirm(f"Pause {stage.name}?")
    for part in DELETED:
        delete(context, part)
    database.stop(context)
    left = prices.monthly(filled_in(stage), PAUSED).total
    console.say(
        f"{stage.name} is paused: about ${left:.2f} a month. RDS starts a stopped database by itself after 7 days, and "
        f"charges for it from then on: {context.again('pause')} again stops it. Back: {context.again('resume')}"
    )


def resume(context: Context, *, cdk_program: Path | None = None) -> None:
    """Start the database and make the services again, in the version that was deployed last.

    Raises:
        Refused: the stage was never deployed, or that version's images are gone.
    """
    stage, console = context.stage, context.console
    console.doing(f"Credentials for {stage.name}", call="sts GetCallerIdentity")
    console.say(f"    account {context.aws.account}, {stage.region}")
    tag = services.image_tag(context, context.aws.outputs("cluster")["MigrationTask"])
    if len(images.digests(context, tag)) < len(images.TARGETS):
        raise Refused(
            f"the images of {tag} are not in the registry any more. Cure: {context.again('deploy')}"
        )
    cdk = Cdk(context, program=cdk_program or install_cdk(context.programs), image_tag=tag)
    console.doing(f"Templates of {tag}", call="cdk synth: no call to AWS")
    cdk.synthesise()
    database.start(context)
    for part in reversed(DELETED):
        console.doing(f"Stack {stage.named(part)}", call="cdk deploy: CloudFormation change set")
        cdk.deploy(stage.named(part))
    console.doing("Wait until it runs", call="ecs DescribeServices")
    services.wait_until_settled(context)
    console.doing("Walk through the shop, reading only", call="tests/smoke.py --read-only")
    walk(context)
    console.say(f"{stage.name} serves {tag} again at {context.aws.outputs('network')['Url']}")

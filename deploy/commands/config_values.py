"""``make update-config NAME STAGE=``: a new value for one of the stage's secrets, and new tasks that have it.

The value comes from the keyboard, unseen, or from standard input. It is never an argument or a make variable: shells
remember those and every process of the machine may read them, so a value given that way is refused, unprinted.
What is not secret stands in deploy/config.py, where a change can be reviewed, and is sent back there.
"""

import json
import re
from dataclasses import dataclass
from functools import partial

from botocore.exceptions import ClientError

from deploy.commands import services
from deploy.commands.aws import code_of
from deploy.commands.context import Context
from deploy.commands.outcome import Failed, Refused


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A secret that an operator may set.

    Attributes:
        output: of the identity stack; has the secret's name.
        member: where one secret holds several values, as JSON.
        shape: what every good value looks like.
        advice: about that shape, without the value.
    """

    output: str
    member: str = ""
    shape: str
    advice: str


SECRETS = {
    "CLIENT_SECRET": Secret(
        output="ClientSecretName",
        shape=r"[\w+]{20,128}",
        advice="a Cognito client secret is 20 to 128 letters and digits",
    ),
    "DJANGO_SECRET_KEY": Secret(
        output="DjangoKeySecret", shape=r"\S{50,}", advice="DJANGO_SECRET_KEY needs 50 characters or more"
    ),
    "STRIPE_SECRET_KEY": Secret(
        output="PaymentsSecret",
        member="STRIPE_SECRET_KEY",
        shape=r"(sk|rk)_(live|test)_\w{10,}",
        advice="Stripe's secret keys begin with sk_ or rk_",
    ),
    "STRIPE_WEBHOOK_SECRET": Secret(
        output="PaymentsSecret",
        member="STRIPE_WEBHOOK_SECRET",
        shape=r"whsec_\S{10,}",
        advice="Stripe's webhook secrets begin with whsec_",
    ),
}
"""By the name that is typed. MySQL's passwords are not here: they change by themselves (Database.rotation_days)."""

SOUNDS_SECRET = re.compile("SECRET|PASSWORD|TOKEN|KEY|CREDENTIAL")
OWN_WORDS = {"STAGE", "YES", "GIVEN", "NAME"}
UNSET = {"", "unset"}


def check_name(name: str, *, given: list[str]) -> None:
    """Refuse all but the safe way of naming one known secret.

    Args:
        name: what was typed after ``update-config``.
        given: names of all variables that stand on make's command line with a value.

    Raises:
        Refused: says the safe line; never a value.
    """
    for each in given:
        if each in SECRETS or (each not in OWN_WORDS and SOUNDS_SECRET.search(each.upper())):
            raise Refused(
                f"{each}=… puts the secret into the shell's history and every process list: it was not read. "
                "Take that value for known to others, and have a new one made.\n"
                f"Safe, it asks and shows nothing: make update-config {each} STAGE=…\n"
                f"Or from another program:         … | make update-config {each} STAGE=…"
            )
    plain = name or next((each for each in given if each not in OWN_WORDS), "")
    if not plain:
        raise Refused(f"which? make update-config NAME STAGE=…, NAME being one of {', '.join(SECRETS)}")
    if plain in SECRETS:
        return
    if SOUNDS_SECRET.search(plain.upper()):
        raise Refused(f"{plain} is no secret of this shop's: NAME is one of {', '.join(SECRETS)}")
    raise Refused(
        f"{plain} is not secret: it stands in deploy/config.py (Service.settings, unless it has a field of its own). "
        "Cure: change it there, then make deploy STAGE=…"
    )


def run(context: Context) -> None:
    """Change one secret and roll the services.

    Raises:
        Refused: nothing was changed.
        Failed: it was changed, and the new tasks do not settle.
    """
    name, console = context.words["NAME"], context.console
    secret, stage = SECRETS[name], context.stage
    console.doing(f"Credentials for {stage.name}", call="sts GetCallerIdentity")
    console.say(f"    account {context.aws.account}, {stage.region}")
    secret_id = context.aws.outputs("identity").get(secret.output)
    if not secret_id:
        raise Refused(f"{stage.name} has no {name}: its payments are play money (Service.payments)")
    value = console.secret(name)
    if not re.fullmatch(secret.shape, value):
        raise Refused(f"that cannot be right: {secret.advice}. Nothing was changed")
    earlier = _read(context, secret_id)
    if _value_in(earlier, secret) == value:
        console.say(f"{name} has this value already; nothing was changed")
        return
    console.doing(f"New version of the secret {secret_id}", call="secretsmanager PutSecretValue")
    context.aws.client("secretsmanager").put_secret_value(
        SecretId=secret_id, SecretString=_with(earlier, secret, value)
    )
    if not services.look(context):
        console.say(f"No service runs; the next tasks have it ({context.again('resume')})")
        return
    try:
        services.roll(context)
    except Failed as error:
        raise Failed(
            f"{name} is changed, and {error}. The tasks that run have the earlier value; Secrets Manager keeps it as "
            f"AWSPREVIOUS of {secret_id}. Put the right one in: {context.again(f'update-config {name}')}"
        ) from error
    console.say(f"{name} is changed, and every task has it")


def check_filled_in(context: Context) -> None:
    """Refuse to go on while a secret that comes from elsewhere is still empty.

    Raises:
        Refused: names each and the line that fills it in.
    """
    outputs, stage = context.aws.outputs("identity"), context.stage
    by_hand = ["CLIENT_SECRET"] if stage.identity.existing else []
    by_hand += ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"] if stage.service.payments == "stripe" else []
    empty = []
    for name in by_hand:
        read = partial(_read, context, outputs[SECRETS[name].output])
        found = context.aws.if_allowed(read)
        if found is not None and _value_in(found, SECRETS[name]) in UNSET:
            empty.append(name)
    if empty:
        lines = "; ".join(context.again(f"update-config {name}") for name in empty)
        raise Refused(f"{', '.join(empty)} must be filled in first: {lines}")


def _read(context: Context, secret_id: str) -> str:
    try:
        found = context.aws.client("secretsmanager").get_secret_value(SecretId=secret_id)
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":  # made, and without any value yet
            return ""
        raise
    return str(found.get("SecretString", ""))


def _value_in(content: str, secret: Secret) -> str:
    return str(json.loads(content or "{}").get(secret.member, "")) if secret.member else content


def _with(content: str, secret: Secret, value: str) -> str:
    return json.dumps(json.loads(content or "{}") | {secret.member: value}) if secret.member else value

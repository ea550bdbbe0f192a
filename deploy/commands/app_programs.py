"""``make admin`` and ``make import-products``: the shop's own commands, run here against the stage's pool and tables.

They need an operator's rights, which no task has, so they run where the operator's credentials are, in the shop's own
environment (.venv), and touch neither MySQL nor payments. What they need to know is read from the stacks.
"""

import os
import secrets
from pathlib import Path

from deploy.commands.aws import child_environment
from deploy.commands.context import ROOT, Context
from deploy.commands.outcome import Failed, Refused
from deploy.options import Stage
from deploy.tables import TABLES

SHOP_PYTHON = ROOT / ".venv/bin/python"
KEPT = frozenset(
    [
        "PATH",
        "HOME",
        "LANG",
        "LC_ALL",
        "TMPDIR",
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
    ]
)


def make_admin(context: Context) -> None:
    """Make the owner of an e-mail address an administrator.

    Raises:
        Refused: there is no address, or no such stage.
        Failed: the shop's command has said why.
    """
    email = context.words.get("EMAIL", "")
    if "@" not in email or email.startswith("-"):
        raise Refused(f"whom? {context.again('admin')} EMAIL=you@example.com")
    outputs = _begin(context)
    client_secret = context.aws.client("secretsmanager").get_secret_value(
        SecretId=outputs["ClientSecretName"]
    )
    what = (
        "cognito-idp AdminGetUser, AdminCreateUser, AdminSetUserPassword, AdminAddUserToGroup, ForgotPassword"
    )
    context.console.doing(f"{email} becomes an administrator of {outputs['UserPoolId']}", call=what)
    _run(context, "make_admin", email, outputs=outputs, client_secret=client_secret["SecretString"])


def import_products(context: Context) -> None:
    """Bring a catalogue in from CSV.

    Raises:
        Refused: there is no such file, or no such stage.
        Failed: the shop's command has said why.
    """
    file = Path(context.words.get("FILE") or "-").expanduser().resolve()
    if not context.words.get("FILE") or not file.is_file():
        raise Refused(
            f"which file? {context.again('import-products')} FILE=catalogue.csv (DRY_RUN=1 only tells)"
        )
    outputs = _begin(context)
    options = ["--dry-run"] if context.words.get("DRY_RUN") else []
    context.console.doing(
        f"Products of {file.name} into {outputs['ProductsTableName']}",
        call="dynamodb GetItem, PutItem, UpdateItem, TransactWriteItems",
    )
    _run(context, "import_products", str(file), *options, outputs=outputs)


def _begin(context: Context) -> dict[str, str]:
    context.console.doing(f"Credentials for {context.stage.name}", call="sts GetCallerIdentity")
    context.console.say(f"    account {context.aws.account}, {context.stage.region}")
    return context.aws.outputs("data", "identity")


def _run(
    context: Context, command: str, *arguments: str, outputs: dict[str, str], client_secret: str = ""
) -> None:
    ended = context.programs.run(
        [SHOP_PYTHON, "manage.py", command, *arguments],
        directory=ROOT,
        environment=environment(context.stage, outputs) | {"COGNITO_CLIENT_SECRET": client_secret},
    )
    if ended.code:
        raise Failed(f"{command} did not succeed (see above); it may be run again")


def environment(stage: Stage, outputs: dict[str, str]) -> dict[str, str]:
    """Return the settings (docs/settings.md) with which the shop's commands reach a stage's pool and tables.

    Of the operator's own environment only what AWS's credentials and the network need: a developer's settings must not
    find their way to a stage.
    """
    around = child_environment(stage)
    kept = {name: around[name] for name in around if name in KEPT or name.startswith("AWS_")}
    tables = {each.setting: outputs[f"{each.setting.title().replace('_', '')}Name"] for each in TABLES}
    return {
        **kept,
        **tables,
        "ENV_FILE": os.devnull,
        "AWS_REGION": stage.region,
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(50),
        "DATABASE_URL": "sqlite://:memory:",
        "COGNITO_USER_POOL_ID": outputs["UserPoolId"],
        "COGNITO_CLIENT_ID": outputs["UserPoolClientId"],
        "COGNITO_ADMIN_GROUP": stage.identity.admin_group,
        "PAYMENT_GATEWAY": "mock",
        "PAYMENTS_ARE_MOCK": "yes",
        "CURRENCY": stage.service.currency,
        "LOG_FORMAT": "console",
        "LOG_LEVEL": "WARNING",
    }

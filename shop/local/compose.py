"""Prepare the compose stack: ``python -m shop.local.compose``, run once before the web server at every ``up``.

Makes what is missing and leaves the rest alone: the key and the user pool (kept in the file named by ``ENV_FILE``,
on a volume that the others read), tables, queues, sample catalogue, the accounts, which it prints. Nothing here is for
production, where the deployment makes the pool and the tables.

``python -m shop.local.compose --token customer|admin`` prints an access token instead.
"""

import argparse
import json
import os
import secrets
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import django
from django.core.management import call_command

from shop.local import cognito

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient


def _write(path: Path, text: str) -> None:
    """Replace a file in one step: an interrupted run must not leave half of it."""
    new = path.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def _kept(env_file: Path) -> dict[str, str]:
    if not env_file.is_file():
        return {}
    return dict(line.split("=", 1) for line in env_file.read_text(encoding="utf-8").splitlines())


def _accounts(file: Path) -> list[cognito.Account]:
    """Return the accounts of earlier runs, and those that an earlier version did not make."""
    if not file.is_file():
        _write(file, "[]")
    known = [cognito.Account(**account) for account in json.loads(file.read_text(encoding="utf-8"))]
    roles = {account.role for account in known}
    made = [*cognito.new_accounts(), cognito.new_superuser()]
    if new := [account for account in made if account.role not in roles]:
        known += new
        _write(file, json.dumps([asdict(account) for account in known]))
    return known


def _pool(client: "CognitoIdentityProviderClient", kept: dict[str, str]) -> dict[str, str]:
    """Return the settings of the pool of an earlier run if it is still there, else of a new one.

    The stand-in writes its state when it is stopped: after a crash the pool is gone.
    """
    if "COGNITO_USER_POOL_ID" in kept:
        try:
            client.describe_user_pool_client(
                UserPoolId=kept["COGNITO_USER_POOL_ID"], ClientId=kept["COGNITO_CLIENT_ID"]
            )
        except client.exceptions.ResourceNotFoundException:
            print("The user pool is gone: making a new one. Accounts that signed up are lost.")
            print("If the shop was running meanwhile: docker compose restart web")
        else:
            cognito.create_groups(client, pool_id=kept["COGNITO_USER_POOL_ID"])
            return {name: value for name, value in kept.items() if name.startswith("COGNITO_")}
    return cognito.create_pool(client).environment()


def _pool_from(client: "CognitoIdentityProviderClient", variables: dict[str, str]) -> cognito.Pool:
    return cognito.Pool(
        endpoint=client.meta.endpoint_url,
        pool_id=variables["COGNITO_USER_POOL_ID"],
        client_id=variables["COGNITO_CLIENT_ID"],
        client_secret=variables["COGNITO_CLIENT_SECRET"],
    )


def _sign_up(
    client: "CognitoIdentityProviderClient", accounts: list[cognito.Account], variables: dict[str, str]
) -> None:
    pool = _pool_from(client, variables)
    for account in accounts:
        if account.role == "superuser":
            continue
        try:
            cognito.create_account(client, pool=pool, account=account)
        except client.exceptions.UsernameExistsException:
            continue


def _fill_stores(superuser: cognito.Account) -> None:
    """Run the management commands; each leaves alone what exists."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    django.setup()
    from django.contrib.auth import get_user_model  # needs the app registry

    call_command("migrate", verbosity=0)
    users = get_user_model().objects
    if not users.filter(username=superuser.email).exists():
        users.create_superuser(superuser.email, "", superuser.password)
    call_command("create_tables")
    call_command("load_sample_catalogue")
    call_command("create_queues")


def _announce(accounts: list[cognito.Account]) -> None:
    url = f"http://localhost:{os.environ.get('PUBLISHED_PORT', '8000')}"
    print(f"\nThe stores are ready. The shop will be at {url} (API docs: /docs, admin: /admin/)")
    for account in accounts:
        print(f"  {account.role:<10} {account.email}  {account.password}")
    print("  a token    docker compose exec web python -m shop.local.compose --token customer")
    print("  codes      123456 after a sign-up, 654321 to reset a password")
    print("One order in twenty is declined on purpose.", flush=True)


def _prepare(env_file: Path, client: "CognitoIdentityProviderClient") -> None:
    accounts = _accounts(env_file.with_name("accounts.json"))
    kept = _kept(env_file)
    variables = {
        "DJANGO_SECRET_KEY": kept.get("DJANGO_SECRET_KEY") or secrets.token_urlsafe(48),
        **_pool(client, kept),
    }
    _write(env_file, "".join(f"{name}={value}\n" for name, value in sorted(variables.items())))
    _sign_up(client, accounts, variables)
    _fill_stores(next(account for account in accounts if account.role == "superuser"))
    _announce(accounts)


def main() -> None:
    """Prepare everything, or print a token; any error ends the process, and the web server does not start."""
    parser = argparse.ArgumentParser(prog="python -m shop.local.compose", description=__doc__)
    parser.add_argument("--token", choices=("customer", "admin"))
    role = parser.parse_args().token
    env_file = Path(os.environ["ENV_FILE"])
    client = cognito.cognito(os.environ["AWS_ENDPOINT_URL"], region=os.environ["AWS_REGION"])
    if role is None:
        _prepare(env_file, client)
        return
    account = next(a for a in _accounts(env_file.with_name("accounts.json")) if a.role == role)
    print(cognito.access_token(client, pool=_pool_from(client, _kept(env_file)), account=account))


if __name__ == "__main__":
    main()

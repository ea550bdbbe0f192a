"""``make token [AS=admin]``: sign in at the running shop's Cognito and print the access token."""

import argparse
import sys

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from shop.local import cognito, environment, places


def main() -> int:
    """Print the token alone, so that it can be used as ``$(make -s token)``."""
    parser = argparse.ArgumentParser(prog="python -m shop.local.token", description=__doc__)
    parser.add_argument("--as", dest="role", choices=("customer", "admin"), default="customer")
    role = parser.parse_args().role
    environment.isolate()
    try:
        accounts = [cognito.Account(**account) for account in orjson.loads(places.ACCOUNTS.read_bytes())]
        pool = environment.pool_from(environment.read_stack())
    except FileNotFoundError:
        print("shop: no shop runs here. Cure: make run in another terminal", file=sys.stderr)
        return 1
    client = cognito.cognito(pool.endpoint, region=environment.REGION)
    account = next(account for account in accounts if account.role == role)
    try:
        print(cognito.access_token(client, pool=pool, account=account))
    except (BotoCoreError, ClientError) as error:
        print(f"shop: could not sign {account.email} in: {error}. Cure: make run again", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

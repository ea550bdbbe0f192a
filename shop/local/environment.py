"""The variables of a local stack: what the shop gets from the embedded parts, and what a person may override."""

import os
import re
from collections.abc import Mapping

from shop.local import cognito, places

REGION = "us-east-1"

LOCAL_SETTINGS = {
    "REQUIRE_AUTH": "false",
    "BEHIND_TLS_PROXY": "false",
    "TRUSTED_PROXY_HOPS": "0",
    "DJANGO_ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
    "CORS_ALLOW_LOCAL_ORIGINS": "true",
    "PAYMENT_GATEWAY": "mock",
    "PAYMENTS_ARE_MOCK": "yes",
    "LOG_FORMAT": "console",
    "SERVE_STATIC_FROM_SOURCE": "true",
    "STAFF_LOCAL_ACCOUNTS": "true",
}
"""Settings of every local stack; the environment's own values win."""

_WHERE_THE_PARTS_ARE = ("AWS_", "COGNITO_", "DATABASE_", "ENV_FILE", "ORDER_QUEUE_URL")
_TUNING = ("AWS_MAX_POOL_CONNECTIONS", "DATABASE_CONN_MAX_AGE_SECONDS")


def _is_free(name: str) -> bool:
    """Tell whether a person may set this variable: all but those that say where the parts are, and their keys."""
    return name in _TUNING or not name.startswith(_WHERE_THE_PARTS_ARE)


def inherited() -> dict[str, str]:
    """Return this process's environment without the person's own databases, AWS account, profile and proxies.

    A real key or address in the shell must not lead a local stack there.
    """
    kept = {name: value for name, value in os.environ.items() if _is_free(name)}
    return kept | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Nothing leaves this machine; and macOS's proxy look-up crashes forked workers.
        "no_proxy": "*",
        "NO_PROXY": "*",
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "shop.settings",
    }


def isolate() -> None:
    """Take the person's own addresses and keys out of this process too, before it makes an AWS client."""
    cleaned = inherited()
    os.environ.clear()
    os.environ.update(cleaned)


def aws(endpoint: str) -> dict[str, str]:
    """Return the variables that point botocore at a stand-in."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


def queue_url(endpoint: str) -> str:
    """Return the address of the queue of orders on a stand-in, which calls every account so."""
    return f"{endpoint}/000000000000/orders"


def local_settings() -> dict[str, str]:
    """Return :data:`LOCAL_SETTINGS`, limits that no demo meets, and an empty folder for collected static files.

    (Whitenoise warns without the folder.)
    """
    static = places.LOCAL / "static"
    static.mkdir(parents=True, exist_ok=True)
    return LOCAL_SETTINGS | limits(10_000) | {"STATIC_ROOT": str(static)}


def limits(units: int) -> dict[str, str]:
    """Return the settings that set every rate limit to so many units; 0 switches them off."""
    return {name: str(units) for name in setting_names() if name.startswith("LIMIT_")}


def setting_names() -> set[str]:
    """Return the names of all variables that the settings read."""
    text = (places.ROOT / "shop" / "settings.py").read_text(encoding="utf-8")
    return set(re.findall(r'\(\s*"([A-Z][A-Z0-9_]+)"', text))


def settings_from(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the local settings, and over them those that this environment names."""
    given = {name: environ[name] for name in setting_names() if name in environ and _is_free(name)}
    return local_settings() | given


def write_stack(variables: Mapping[str, str]) -> None:
    """Write the running stack's variables for :func:`read_stack` and ``ENV_FILE``."""
    lines = [f"{name}={value}\n" for name, value in sorted(variables.items())]
    places.write_private(places.STACK_ENV, "".join(lines))


def read_stack() -> dict[str, str]:
    """Return the running stack's variables."""
    lines = places.STACK_ENV.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def pool_from(variables: Mapping[str, str]) -> cognito.Pool:
    """Return the user pool that a stack's variables describe."""
    return cognito.Pool(
        endpoint=variables["AWS_ENDPOINT_URL"],
        pool_id=variables["COGNITO_USER_POOL_ID"],
        client_id=variables["COGNITO_CLIENT_ID"],
        client_secret=variables["COGNITO_CLIENT_SECRET"],
    )

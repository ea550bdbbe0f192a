"""``make check``: everything that can be said about the code without running the shop; each step prints its name.

All steps run, so that one look shows all that is wrong; the exit code is 1 if any failed.
"""

import importlib.util
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shop.local import environment, places

OFFLINE_SETTINGS = {
    "DATABASE_URL": "sqlite://:memory:",
    "AWS_REGION": environment.REGION,
    "COGNITO_USER_POOL_ID": f"{environment.REGION}_checks",
    "COGNITO_CLIENT_ID": "checks",
    "PAYMENT_GATEWAY": "mock",
    "PAYMENTS_ARE_MOCK": "yes",
}
PRODUCTION_SETTINGS = {
    **OFFLINE_SETTINGS,
    "DATABASE_URL": "mysql://shop:not-used@database.invalid/shop",
    "DATABASE_SSL_CA": "/etc/ssl/rds-bundle.pem",
    "DJANGO_ALLOWED_HOSTS": "shop.example.com",
}
"""As in production, but for the secrets; nothing is connected to."""


@dataclass(frozen=True)
class Step:
    """One check: a program of the virtual environment and the settings that it runs under."""

    name: str
    argv: Sequence[str]
    settings: Mapping[str, str]


def _manage(*arguments: str) -> list[str]:
    return [sys.executable, "manage.py", *arguments]


def _module(name: str) -> list[str]:
    return [sys.executable, "-m", name]


def _tool(name: str, *arguments: str) -> list[str]:
    return [str(Path(sys.executable).parent / name), *arguments]


def schema_command(target: Path) -> list[str]:
    """Return the command that writes the OpenAPI schema, failing on any warning."""
    return _manage("spectacular", "--validate", "--fail-on-warn", "--file", str(target))


def _with_a_way_out() -> dict[str, str]:
    """Return the settings of the one step that asks a server elsewhere: the person's own proxies count."""
    proxies = {name: os.environ.get(name, "") for name in ("no_proxy", "NO_PROXY")}
    return {**OFFLINE_SETTINGS, **proxies}


def _steps(fresh_schema: Path) -> list[Step]:
    deploy = _manage("check", "--deploy", "--fail-level", "WARNING")
    return [
        Step("ruff: lint", _tool("ruff", "check", "."), OFFLINE_SETTINGS),
        Step("ruff: format", _tool("ruff", "format", "--check", "."), OFFLINE_SETTINGS),
        Step("mypy: types", _tool("mypy", "."), OFFLINE_SETTINGS),
        Step("import-linter: which room may import which", _tool("lint-imports"), OFFLINE_SETTINGS),
        Step(
            "migrations match the models", _manage("makemigrations", "--check", "--dry-run"), OFFLINE_SETTINGS
        ),
        Step("fit for production", deploy, PRODUCTION_SETTINGS),
        Step("OpenAPI: valid, without warnings", schema_command(fresh_schema), OFFLINE_SETTINGS),
        Step(
            "OpenAPI: equal to openapi.yaml (else: make schema)",
            ["diff", "-u", "openapi.yaml", str(fresh_schema)],
            OFFLINE_SETTINGS,
        ),
        Step("detect-secrets: no keys in the files", _module("shop.local.secret_scan"), OFFLINE_SETTINGS),
        Step("pip-audit: no known vulnerability", _module("shop.local.audit"), _with_a_way_out()),
    ]


def child_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which only the given settings, and defaults, hold."""
    names = environment.setting_names()
    inherited = {name: value for name, value in environment.inherited().items() if name not in names}
    return {**inherited, "ENV_FILE": os.devnull, "DJANGO_SECRET_KEY": secrets.token_urlsafe(48), **settings}


def _passes(step: Step) -> bool:
    print(f"== {step.name}", flush=True)
    if step.settings is PRODUCTION_SETTINGS and importlib.util.find_spec("MySQLdb") is None:
        print("skipped: mysqlclient could not be installed here (see above)")
        return os.environ.get("REQUIRE_REAL_SERVICES") != "1"
    began = time.monotonic()
    code = subprocess.run(
        step.argv, cwd=places.ROOT, env=child_environment(step.settings), check=False
    ).returncode
    print(f"   {'ok' if code == 0 else 'FAILED'} in {time.monotonic() - began:.1f} s", flush=True)
    return code == 0


def main() -> int:
    """Run every step and return the exit code."""
    with tempfile.TemporaryDirectory() as scratch:
        failed = [step.name for step in _steps(Path(scratch, "openapi.yaml")) if not _passes(step)]
    if failed:
        print("make check: FAILED:", *failed, sep="\n  ")
        return 1
    print("make check: all is well")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""``make schema``: write the OpenAPI schema to openapi.yaml, which is committed."""

import subprocess
import sys

from shop.local import check, places


def main() -> int:
    """Write it; the exit code says whether it is valid and without warnings."""
    return subprocess.run(
        check.schema_command(places.ROOT / "openapi.yaml"),
        cwd=places.ROOT,
        env=check.child_environment(check.OFFLINE_SETTINGS),
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())

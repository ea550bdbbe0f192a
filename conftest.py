"""What every test shares: which servers this run has, and skips that name the one that is missing."""

import os

import pytest

# Set by `make test` (shop/local/test.py); each is "real" or says what stands in its place.
MYSQL = os.environ.get("SHOP_TEST_MYSQL", "none")
DYNAMODB = os.environ.get("SHOP_TEST_DYNAMODB", "none")
NGINX = os.environ.get("SHOP_TEST_NGINX", "none")  # or the path of the program
CHROMIUM = os.environ.get("SHOP_TEST_CHROMIUM", "none")  # or the path of the program

SKIPS = {
    "mysql": (MYSQL != "real", "needs a real MySQL or MariaDB: `make test` starts one"),
    "real_dynamodb": (DYNAMODB != "real", "needs the official DynamoDB Local: `make test` starts one"),
    "dynamodb": (DYNAMODB == "none", "needs DynamoDB: `make test` starts one"),
    "cognito": (DYNAMODB == "none", "needs a Cognito user pool: `make test` makes one"),
    "browser": (CHROMIUM == "none", "needs Chromium: `make test` installs one"),
    "nginx": (NGINX == "none", "needs nginx: `make test` fetches one"),
    "journey": (DYNAMODB == "none", "needs the servers that `make test` starts"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, by name, what this run has no server for; run the fast tests first."""
    for item in items:
        for marker, (missing, reason) in SKIPS.items():
            if missing and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))
    items.sort(key=_slowness)


def _slowness(item: pytest.Item) -> int:
    order = ("tests/unit", "tests/model", "tests/integration", "tests/journeys", "tests/browser")
    return next((rank for rank, folder in enumerate(order) if folder in item.nodeid), len(order))

"""Commands as they are typed, against a stand-in for AWS: its CloudFormation, Cognito, DynamoDB, Secrets Manager, STS."""

import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from deploy.commands.context import ROOT
from deploy.tables import TABLES, Table

PYTHON = ROOT / ".local/ministack-venv/bin/python"
CSV = "productId,name,price,stock,category\nprod_mug,Mug,9.50,7,kitchen\nprod_cup,Cup,4.00,3,kitchen\n"
NEW_SECRET = "1a2b3c4d5e6f7g8h9i0j"  # pragma: allowlist secret
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the stand-in, and stop it at the end."""
    assert PYTHON.exists(), "needs the stand-in for AWS: sh shop/local/bootstrap.sh run"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = str(tmp_path_factory.mktemp("ministack"))
    environment = {"PATH": os.environ["PATH"], "HOME": home, "TMPDIR": home, "no_proxy": "*", "AUTH": "true"}
    environment |= {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "MINISTACK_HOST": "127.0.0.1"}
    environment |= {"IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0", "PERSIST_STATE": "0"}
    environment |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    with (Path(home) / "log").open("wb") as log:
        child = subprocess.Popen(
            [PYTHON, "-m", "ministack"], env=environment, stdout=log, stderr=log, cwd=home
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/_ministack/health", child)
            yield f"http://127.0.0.1:{port}"
        finally:
            child.terminate()
            child.wait(timeout=20)


def wait_for(url: str, child: subprocess.Popen[bytes]) -> None:
    for _ in range(120):
        assert child.poll() is None, "the stand-in ended at once"
        try:
            with _direct.open(url, timeout=1):
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError("the stand-in does not answer")


@pytest.fixture(scope="module")
def client(endpoint: str) -> Callable[[str], Any]:
    session = boto3.session.Session("test", "test", region_name="us-east-1")
    return lambda service: session.client(service, endpoint_url=endpoint)


@pytest.fixture(scope="module")
def stage(client: Callable[[str], Any]) -> dict[str, str]:
    """Make the parts of ``dev`` that these commands reach, by CloudFormation, with the stacks' own outputs."""
    data = {each.setting.title().replace("_", ""): described(each) for each in TABLES}
    make(client, "data", data, {f"{name}Name": {"Ref": name} for name in data})
    identity = {
        "Pool": {
            "Type": "AWS::Cognito::UserPool",
            "Properties": {
                "UserPoolName": "shop-dev",
                "UsernameAttributes": ["email"],
                "AutoVerifiedAttributes": ["email"],
            },
        },
        "Client": {
            "Type": "AWS::Cognito::UserPoolClient",
            "Properties": {
                "UserPoolId": {"Ref": "Pool"},
                "ClientName": "shop",
                "GenerateSecret": True,
                "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            },
        },
        "Admins": {
            "Type": "AWS::Cognito::UserPoolGroup",
            "Properties": {"UserPoolId": {"Ref": "Pool"}, "GroupName": "admin"},
        },
    }
    named = {"UserPoolId": {"Ref": "Pool"}, "UserPoolClientId": {"Ref": "Client"}}
    outputs = make(client, "identity", identity, named | {"ClientSecretName": "shop-dev/cognito-client"})
    told = client("cognito-idp").describe_user_pool_client(
        UserPoolId=outputs["UserPoolId"], ClientId=outputs["UserPoolClientId"]
    )
    client("secretsmanager").create_secret(
        Name="shop-dev/cognito-client", SecretString=told["UserPoolClient"]["ClientSecret"]
    )
    return outputs


def described(table: Table) -> dict[str, Any]:
    names = [table.key, table.sort, *(key for index in table.indexes for key in (index.key, index.sort))]
    properties: dict[str, Any] = {
        "TableName": f"shop-dev-{table.name}",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": each, "AttributeType": "S"} for each in sorted({*names} - {""})
        ],
        "KeySchema": keys(table.key, table.sort),
    }
    indexes = [
        {
            "IndexName": index.name,
            "KeySchema": keys(index.key, index.sort),
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
        for index in table.indexes
    ]
    properties |= {"GlobalSecondaryIndexes": indexes} if indexes else {}
    return {"Type": "AWS::DynamoDB::Table", "Properties": properties}


def keys(key: str, sort: str) -> list[dict[str, str]]:
    both = [{"AttributeName": key, "KeyType": "HASH"}]
    return both + ([{"AttributeName": sort, "KeyType": "RANGE"}] if sort else [])


def make(
    client: Callable[[str], Any], part: str, resources: dict[str, Any], outputs: dict[str, Any]
) -> dict[str, str]:
    template = {
        "Resources": resources,
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }
    name, cloudformation = f"shop-dev-{part}", client("cloudformation")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    told = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
    return {each["OutputKey"]: each["OutputValue"] for each in told}


@pytest.fixture
def type_in(endpoint: str, stage: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Type a make command line; AWS is the stand-in."""
    assert stage
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "no_proxy": "*"}
    environment |= {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    # Neither of these may find its way to a stage.
    environment |= {"AWS_REGION": "eu-central-1", "PRODUCTS_TABLE": "MyOwnTable"}

    def run(*words: str, standard_input: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", *words],
            cwd=ROOT,
            env=environment,
            input=standard_input,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


Type = Callable[..., subprocess.CompletedProcess[str]]


def admins(client: Callable[[str], Any], stage: dict[str, str]) -> list[str]:
    found = client("cognito-idp").list_users_in_group(UserPoolId=stage["UserPoolId"], GroupName="admin")[
        "Users"
    ]
    return sorted(each["Value"] for user in found for each in user["Attributes"] if each["Name"] == "email")


def test_the_first_administrator_is_made_and_making_it_twice_is_harmless(
    type_in: Type, client: Callable[[str], Any], stage: dict[str, str]
) -> None:
    first = type_in("admin", "STAGE=dev", "EMAIL=boss@example.com")
    second = type_in("admin", "STAGE=dev", "EMAIL=boss@example.com")

    assert (first.returncode, first.stderr) == (0, "")
    assert "boss@example.com: the account is new; a code was sent to the address" in first.stdout
    assert "boss@example.com: the account is an administrator's now" in second.stdout
    assert admins(client, stage) == ["boss@example.com"]
    secret = client("secretsmanager").get_secret_value(SecretId="shop-dev/cognito-client")["SecretString"]
    assert secret not in first.stdout + first.stderr


def test_an_address_that_is_none_is_refused(type_in: Type) -> None:
    for words in (["EMAIL=nobody"], []):
        ended = type_in("admin", "STAGE=dev", *words)
        assert ended.returncode == 2
        assert "shop: whom? make admin STAGE=dev EMAIL=you@example.com" in ended.stderr


def test_a_catalogue_is_imported_into_the_stage_s_own_table(
    type_in: Type, client: Callable[[str], Any], tmp_path: Path
) -> None:
    file = tmp_path / "my catalogue.csv"
    file.write_text(CSV)
    table = "shop-dev-products"

    tried = type_in("import-products", "STAGE=dev", f"FILE={file}", "DRY_RUN=1")
    before = client("dynamodb").scan(TableName=table)["Count"]
    done = type_in("import-products", "STAGE=dev", f"FILE={file}")
    again = type_in("import-products", "STAGE=dev", f"FILE={file}")

    assert (tried.returncode, before) == (0, 0)
    assert "would be: 2 created, 0 changed, 0 unchanged" in tried.stdout
    assert "2 created, 0 changed, 0 unchanged" in done.stdout
    assert "0 created, 0 changed, 2 unchanged" in again.stdout
    found = client("dynamodb").scan(TableName=table)["Items"]
    assert sorted(each["productId"]["S"] for each in found) == ["prod_cup", "prod_mug"]


def test_a_file_that_is_not_there_is_refused(type_in: Type, tmp_path: Path) -> None:
    for words in ([f"FILE={tmp_path}/none.csv"], [f"FILE={tmp_path}"], []):
        ended = type_in("import-products", "STAGE=dev", *words)
        assert ended.returncode == 2
        assert "shop: which file?" in ended.stderr


def test_a_secret_is_changed_from_standard_input(type_in: Type, client: Callable[[str], Any]) -> None:
    secrets = client("secretsmanager")
    before = secrets.get_secret_value(SecretId="shop-dev/cognito-client")

    ended = type_in("update-config", "CLIENT_SECRET", "STAGE=dev", standard_input=f"{NEW_SECRET}\n")

    assert ended.returncode == 0, ended.stderr
    now = secrets.get_secret_value(SecretId="shop-dev/cognito-client")["SecretString"]
    earlier = secrets.get_secret_value(SecretId="shop-dev/cognito-client", VersionStage="AWSPREVIOUS")
    assert now == NEW_SECRET
    assert earlier["SecretString"] == before["SecretString"]
    assert NEW_SECRET not in ended.stdout + ended.stderr
    secrets.put_secret_value(SecretId="shop-dev/cognito-client", SecretString=before["SecretString"])


def test_another_stage_of_the_same_account_is_not_touched(type_in: Type) -> None:
    ended = type_in("admin", "STAGE=prod", "EMAIL=boss@example.com")

    assert ended.returncode == 2
    assert "shop: prod is not deployed. Cure: make deploy STAGE=prod" in ended.stderr

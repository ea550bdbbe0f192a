"""The database, the tables and the queue."""

import json
from typing import Any

import pytest

from deploy.config import DEV, PROD
from deploy.tables import TABLES
from deploy.tests.templates import referred, template

STAGES = {"dev": DEV, "prod": PROD}


def test_production_mysql_survives_a_zone_and_a_mistake() -> None:
    database = template("prod", "data").the("RDS::DBInstance")
    assert database["Engine"] == "mysql"
    assert (database["EngineVersion"], database["AutoMinorVersionUpgrade"]) == ("8.4", True)
    assert database["MultiAZ"] is True
    assert database["DeletionProtection"] is True
    assert database["BackupRetentionPeriod"] == 14
    resource = next(iter(template("prod", "data").of("RDS::DBInstance").values()))
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Snapshot", "Snapshot")


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_mysql_is_encrypted_private_and_takes_nothing_without_tls(stage: str) -> None:
    data = template(stage, "data")
    database = data.the("RDS::DBInstance")
    assert database["StorageEncrypted"] is True
    assert database["PubliclyAccessible"] is False
    assert database["CACertificateIdentifier"] == "rds-ca-rsa2048-g1"
    assert data.the("RDS::DBParameterGroup")["Parameters"]["require_secure_transport"] == "1"
    (group,) = database["VPCSecurityGroups"]
    assert "DatabaseGroup" in referred(group)


@pytest.mark.parametrize(
    ("stage", "group"), [("prod", "RDS::DBParameterGroup"), ("other", "RDS::DBClusterParameterGroup")]
)
def test_slow_queries_are_written_where_cloudwatch_gets_them_from(stage: str, group: str) -> None:
    """Only files are published; RDS writes to a table of MySQL's unless it is told otherwise."""
    parameters = template(stage, "data").the(group)["Parameters"]
    assert (parameters["slow_query_log"], parameters["log_output"]) == ("1", "FILE")


@pytest.mark.parametrize(
    ("stage", "kind", "server"),
    [
        ("dev", "instance", "DBInstance"),
        ("prod", "instance", "DBInstance"),
        ("other", "cluster", "DBCluster"),
    ],
)
def test_mysqls_logs_are_there_before_it_writes_them_and_forget(stage: str, kind: str, server: str) -> None:
    """RDS would make the groups itself, and they would be kept for ever."""
    data, prefix = template(stage, "data"), "shop-dev" if stage == "dev" else "shop-prod"
    groups = {each["Properties"]["LogGroupName"]: name for name, each in data.of("Logs::LogGroup").items()}
    (database,) = data.of(f"RDS::{server}").values()
    exported = database["Properties"]["EnableCloudwatchLogsExports"]
    assert sorted(groups) == [f"/aws/rds/{kind}/{prefix}-orders/{log}" for log in sorted(exported)]
    assert set(groups.values()) <= set(database["DependsOn"])
    assert {each["RetentionInDays"] for each in data.properties("Logs::LogGroup")} == {
        7 if stage == "dev" else 90
    }


def test_point_in_time_recovery_is_on_in_development_too() -> None:
    assert template("dev", "data").the("RDS::DBInstance")["BackupRetentionPeriod"] == 1


def test_both_passwords_change_every_30_days_in_production() -> None:
    rotations = template("prod", "data").properties("SecretsManager::RotationSchedule")
    assert [each["RotationRules"] for each in rotations] == [{"ScheduleExpression": "rate(30 days)"}] * 2
    assert template("dev", "data").of("SecretsManager::RotationSchedule") == {}


def test_no_password_is_rotated_before_the_migration_has_made_its_user() -> None:
    """Secrets Manager would try at once, fail for want of the user, and be left with a half-made version."""
    rotations = template("prod", "data").properties("SecretsManager::RotationSchedule")
    assert [each["RotateImmediatelyOnUpdate"] for each in rotations] == [False, False]


def test_the_running_shops_users_take_turns_so_that_none_is_changed_under_a_task() -> None:
    functions = template("prod", "data").properties("Serverless::Application")
    takes_turns = [each for each in functions if "masterSecretArn" in each["Parameters"]]
    assert len(functions) == 2
    assert len(takes_turns) == 1


@pytest.mark.parametrize("stage", ["dev", "prod", "other"])
def test_no_password_is_in_a_template(stage: str) -> None:
    secrets = template(stage, "data").properties("SecretsManager::Secret")
    assert len(secrets) == 2
    for secret in secrets:
        assert "SecretString" not in secret
        assert secret["GenerateSecretString"]["GenerateStringKey"] == "password"


def test_aurora_can_be_chosen_with_the_same_promises() -> None:
    data = template("other", "data")
    cluster = data.the("RDS::DBCluster")
    assert cluster["Engine"] == "aurora-mysql"
    assert cluster["ServerlessV2ScalingConfiguration"] == {"MinCapacity": 2, "MaxCapacity": 8}
    assert (cluster["StorageEncrypted"], cluster["DeletionProtection"]) == (True, True)
    assert cluster["BackupRetentionPeriod"] == 14
    assert [each["PubliclyAccessible"] for each in data.properties("RDS::DBInstance")] == [False, False]
    assert data.the("RDS::DBClusterParameterGroup")["Parameters"]["require_secure_transport"] == "ON"


def key_schema(key: str, sort: str) -> list[dict[str, str]]:
    keys = [{"AttributeName": key, "KeyType": "HASH"}]
    return [*keys, {"AttributeName": sort, "KeyType": "RANGE"}] if sort else keys


@pytest.mark.parametrize("stage", ["dev", "prod", "other"])
def test_the_tables_are_those_that_are_declared(stage: str) -> None:
    """tests/unit/test_deployment.py compares the declaration with the shop's models."""
    tables = {each["TableName"]: each for each in template(stage, "data").properties("DynamoDB::Table")}
    prefix = "shop-dev" if stage == "dev" else "shop-prod"
    assert sorted(tables) == sorted(f"{prefix}-{declared.name}" for declared in TABLES)
    for declared in TABLES:
        table = tables[f"{prefix}-{declared.name}"]
        assert table["KeySchema"] == key_schema(declared.key, declared.sort)
        assert table.get("GlobalSecondaryIndexes", []) == [
            {
                "IndexName": index.name,
                "KeySchema": key_schema(index.key, index.sort),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
            for index in declared.indexes
        ]
        assert {each["AttributeType"] for each in table["AttributeDefinitions"]} == {"S"}
        expected = {"AttributeName": declared.expires, "Enabled": True} if declared.expires else None
        assert table.get("TimeToLiveSpecification") == expected


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_tables_are_paid_by_request_and_can_be_taken_back_in_time(stage: str) -> None:
    for resource in template(stage, "data").of("DynamoDB::Table").values():
        table: dict[str, Any] = resource["Properties"]
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert table.get("DeletionProtectionEnabled", False) is (stage == "prod")
        assert table.get("SSESpecification", {}).get("SSEEnabled", False) is (stage == "prod")
        assert resource["DeletionPolicy"] == ("RetainExceptOnCreate" if stage == "prod" else "Delete")


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_queue_is_encrypted_and_gives_up_on_a_message_after_five_tries(stage: str) -> None:
    queues = {each["QueueName"]: each for each in template(stage, "data").properties("SQS::Queue")}
    orders, dead_letters = queues[f"shop-{stage}-orders"], queues[f"shop-{stage}-orders-dead-letters"]
    assert len(queues) == 2
    assert orders["RedrivePolicy"]["maxReceiveCount"] == 5
    assert "DeadLetters" in json.dumps(orders["RedrivePolicy"]["deadLetterTargetArn"])
    assert (orders["SqsManagedSseEnabled"], dead_letters["SqsManagedSseEnabled"]) == (True, True)
    assert dead_letters["MessageRetentionPeriod"] == 14 * 86_400


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_both_queues_refuse_calls_without_tls(stage: str) -> None:
    policies = template(stage, "data").properties("SQS::QueuePolicy")
    assert len(policies) == 2
    for policy in policies:
        (statement,) = policy["PolicyDocument"]["Statement"]
        assert (statement["Effect"], statement["Action"]) == ("Deny", "sqs:*")
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}

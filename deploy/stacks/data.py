"""What the shop keeps: orders in MySQL, catalogue and stock in DynamoDB, the queue between web and workers."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from deploy.options import Stage
from deploy.stacks.base import ShopStack, explain
from deploy.stacks.mysql import DATABASE, make_cluster, make_instance
from deploy.stacks.network import MYSQL_PORT, NetworkStack
from deploy.tables import TABLES, Table

SERVICE_USER = "shop"
"""Who the running shop is in MySQL: it may read and write rows, and nothing else."""
MAX_RECEIVES = 5
"""As in the shop's own queue: a message received so often goes to the dead letters."""
STRING = dynamodb.AttributeType.STRING


def _construct_name(setting: str) -> str:
    """``RATE_LIMITS_TABLE`` → ``RateLimitsTable``."""
    return setting.title().replace("_", "")


class DataStack(ShopStack):
    """Database, tables, queue.

    Attributes:
        tables: by the shop's setting that names each.
        queue, dead_letters: of orders that are worth a look.
        database: the instance, or Aurora's cluster.
        master, user: the secrets of the one who migrates and of the running shop.
        host: the database's address.
    """

    def __init__(self, scope: Construct, *, stage: Stage, network: NetworkStack) -> None:
        super().__init__(scope, "data", stage=stage, description="MySQL, DynamoDB tables, queue")
        self._network = network
        aurora = stage.database.engine == "aurora"
        found = make_cluster(self, network=network) if aurora else make_instance(self, network=network)
        self.database, self.host, self.master = found.server, found.host, found.master
        self.user = self._user()
        self._rotate()
        self.tables = {declared.setting: self._table(declared) for declared in TABLES}
        self.dead_letters, self.queue = self._queues()
        self._outputs()

    def _user(self) -> secretsmanager.Secret:
        """Make the secret of the shop's own MySQL user; the migration task makes the user itself."""
        content = {"engine": "mysql", "host": self.host, "port": MYSQL_PORT, "dbname": DATABASE}
        content |= {"username": SERVICE_USER, "masterarn": self.master.secret_arn}
        secret = secretsmanager.Secret(
            self,
            "DatabaseUser",
            secret_name=f"{self.stage.prefix}/database-user",
            description="The running shop's sign-in to MySQL",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=self.to_json_string(content),
                generate_string_key="password",
                password_length=40,
                exclude_punctuation=True,
            ),
            removal_policy=self.removal,
        )
        if not self.stage.database.rotation_days:
            explain(
                secret,
                "AwsSolutions-SMG4",
                reason="No rotation in development: its function needs a way out of the private subnets (NAT).",
            )
        return secret

    def _rotate(self) -> None:
        """Change the passwords every so often; two users take turns, so that the one in use is never changed."""
        days = self.stage.database.rotation_days
        if not days:
            return
        group = ec2.SecurityGroup.from_security_group_id(
            self, "RotationGroup", self._network.groups["rotation"].security_group_id, mutable=False
        )
        options: dict[str, Any] = {
            "automatically_after": cdk.Duration.days(days),
            "vpc_subnets": self._network.task_subnets,
            "security_group": group,
            "exclude_characters": "\"@/\\'%:?#&=+ $`",
            # The service's user is made by the first migration; before it, rotating would fail and leave its traces.
            "rotate_immediately_on_update": False,
        }
        self.database.add_rotation_single_user(**options)
        self.database.add_rotation_multi_user("DatabaseUser", secret=self.user, **options)

    # ---- DynamoDB ------------------------------------------------------------------------------------------

    def _table(self, declared: Table) -> dynamodb.Table:
        table = dynamodb.Table(
            self,
            _construct_name(declared.setting),
            table_name=self.stage.named(declared.name),
            partition_key=dynamodb.Attribute(name=declared.key, type=STRING),
            sort_key=dynamodb.Attribute(name=declared.sort, type=STRING) if declared.sort else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            # Always encrypted: with AWS's own key, or with this account's, whose use is recorded.
            encryption=dynamodb.TableEncryption.AWS_MANAGED if self.stage.keep_data else None,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=self.stage.keep_data and self.stage.protect,
            time_to_live_attribute=declared.expires or None,
            removal_policy=self.removal,
        )
        for index in declared.indexes:
            table.add_global_secondary_index(
                index_name=index.name,
                partition_key=dynamodb.Attribute(name=index.key, type=STRING),
                sort_key=dynamodb.Attribute(name=index.sort, type=STRING),
                projection_type=dynamodb.ProjectionType.KEYS_ONLY,
            )
        return table

    # ---- SQS -----------------------------------------------------------------------------------------------

    def _queues(self) -> tuple[sqs.Queue, sqs.Queue]:
        common: dict[str, Any] = {"encryption": sqs.QueueEncryption.SQS_MANAGED, "enforce_ssl": True}
        dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            queue_name=self.stage.named("orders-dead-letters"),
            retention_period=cdk.Duration.days(14),
            **common,
        )
        orders = sqs.Queue(
            self,
            "Orders",
            queue_name=self.stage.named("orders"),
            visibility_timeout=cdk.Duration.seconds(60),
            receive_message_wait_time=cdk.Duration.seconds(20),
            retention_period=cdk.Duration.days(4),
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=MAX_RECEIVES),
            **common,
        )
        return dead_letters, orders

    def _outputs(self) -> None:
        for setting, table in self.tables.items():
            self.output(
                f"{_construct_name(setting)}Name", table.table_name, description=f"DynamoDB: {setting}"
            )
        self.output("QueueUrl", self.queue.queue_url, description="Orders worth a look")
        self.output(
            "DeadLettersUrl", self.dead_letters.queue_url, description="Messages that failed too often"
        )
        self.output("DatabaseHost", self.host, description="MySQL")
        self.output(
            "DatabaseName", self.stage.named("orders"), description="The instance (Aurora: the cluster)"
        )
        self.output("DatabaseAdminSecret", self.master.secret_name, description="Who changes the schema")
        self.output("DatabaseUserSecret", self.user.secret_name, description="The running shop's MySQL user")

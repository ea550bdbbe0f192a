"""What the shop keeps: orders in MySQL, catalogue and stock in DynamoDB, the queue between web and workers."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from deploy.config import Stage
from deploy.stacks.base import ShopStack, explain
from deploy.stacks.network import MYSQL_PORT, NetworkStack
from deploy.tables import TABLES, Table

DATABASE = "shop"
MASTER, SERVICE_USER = "shop_admin", "shop"
"""Who changes the schema, and who the running shop is: it may read and write rows, and nothing else."""
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
        self._database_group = ec2.SecurityGroup.from_security_group_id(
            self, "DatabaseGroup", network.groups["database"].security_group_id, mutable=False
        )
        if stage.database.engine == "aurora":
            self.database = self._aurora()
            self.host = self.database.cluster_endpoint.hostname
        else:
            self.database = self._mysql()
            self.host = self.database.db_instance_endpoint_address
        self.master = self.database.secret
        self.database.node.find_child("Secret").apply_removal_policy(self.removal)
        self.user = self._user()
        self._rotate()
        self.tables = {declared.setting: self._table(declared) for declared in TABLES}
        self.dead_letters, self.queue = self._queues()
        self._outputs()

    # ---- MySQL ---------------------------------------------------------------------------------------------

    def _parameters(self, engine: rds.IEngine) -> rds.ParameterGroup:
        """Settings of the server: nothing without TLS, UTC, and texts in utf8mb4 as in the tests."""
        return rds.ParameterGroup(
            self,
            "Parameters",
            engine=engine,
            description=f"{self.stage.prefix}: TLS only",
            parameters={
                "require_secure_transport": "ON" if self.stage.database.engine == "aurora" else "1",
                "character_set_server": "utf8mb4",
                "collation_server": "utf8mb4_unicode_ci",
                "time_zone": "UTC",
                "slow_query_log": "1",
                "long_query_time": "0.5",
            },
        )

    def _mysql(self) -> rds.DatabaseInstance:
        options = self.stage.database
        version = rds.MysqlEngineVersion.of(
            options.mysql_version, ".".join(options.mysql_version.split(".")[:2])
        )
        engine = rds.DatabaseInstanceEngine.mysql(version=version)
        database = rds.DatabaseInstance(
            self,
            "Database",
            instance_identifier=self.stage.named("orders"),
            engine=engine,
            parameter_group=self._parameters(engine),
            instance_type=ec2.InstanceType(options.instance_class),
            credentials=rds.Credentials.from_generated_secret(
                MASTER, secret_name=f"{self.stage.prefix}/database-admin"
            ),
            ca_certificate=rds.CaCertificate.RDS_CA_RSA2048_G1,
            database_name=DATABASE,
            port=MYSQL_PORT,
            vpc=self._network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_group_name="database"),
            security_groups=[self._database_group],
            publicly_accessible=False,
            multi_az=options.multi_az,
            storage_type=rds.StorageType.GP3,
            allocated_storage=options.storage_gb,
            max_allocated_storage=options.max_storage_gb,
            storage_encrypted=True,
            backup_retention=cdk.Duration.days(options.backup_days),
            preferred_backup_window="03:00-03:30",
            preferred_maintenance_window="sun:04:00-sun:04:30",
            copy_tags_to_snapshot=True,
            deletion_protection=options.deletion_protection,
            auto_minor_version_upgrade=True,
            enable_performance_insights=options.performance_insights,
            cloudwatch_logs_exports=["error", "slowquery"],
            removal_policy=cdk.RemovalPolicy.SNAPSHOT if self.stage.keep_data else cdk.RemovalPolicy.DESTROY,
        )
        self._explain_database(database)
        return database

    def _aurora(self) -> rds.DatabaseCluster:
        options = self.stage.database
        engine = rds.DatabaseClusterEngine.aurora_mysql(
            version=rds.AuroraMysqlEngineVersion.of(options.aurora_version, "8.0")
        )
        member = {"ca_certificate": rds.CaCertificate.RDS_CA_RSA2048_G1, "auto_minor_version_upgrade": True}
        cluster = rds.DatabaseCluster(
            self,
            "Aurora",  # a name of its own: CloudFormation cannot turn an instance into a cluster
            cluster_identifier=self.stage.named("orders"),
            engine=engine,
            parameter_group=self._parameters(engine),
            credentials=rds.Credentials.from_generated_secret(
                MASTER, secret_name=f"{self.stage.prefix}/database-admin"
            ),
            writer=rds.ClusterInstance.serverless_v2("Writer", **member),
            readers=[rds.ClusterInstance.serverless_v2("Reader", scale_with_writer=True, **member)]
            if options.multi_az
            else [],
            serverless_v2_min_capacity=options.aurora_capacity[0],
            serverless_v2_max_capacity=options.aurora_capacity[1],
            default_database_name=DATABASE,
            port=MYSQL_PORT,
            vpc=self._network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_group_name="database"),
            security_groups=[self._database_group],
            storage_encrypted=True,
            backup=rds.BackupProps(
                retention=cdk.Duration.days(options.backup_days), preferred_window="03:00-03:30"
            ),
            copy_tags_to_snapshot=True,
            deletion_protection=options.deletion_protection,
            cloudwatch_logs_exports=["error", "slowquery"],
            removal_policy=cdk.RemovalPolicy.SNAPSHOT if self.stage.keep_data else cdk.RemovalPolicy.DESTROY,
        )
        self._explain_database(cluster)
        return cluster

    def _explain_database(self, database: Construct) -> None:
        options = self.stage.database
        explain(
            database,
            "AwsSolutions-RDS11",
            reason="Security groups decide who reaches MySQL; another port hides nothing.",
        )
        if options.engine == "aurora":
            explain(
                database,
                *("AwsSolutions-RDS6", "AwsSolutions-RDS14"),
                reason="Passwords rotate, so no IAM sign-in; point-in-time recovery, so no backtrack.",
            )
        if not options.multi_az:
            explain(
                database,
                "AwsSolutions-RDS3",
                reason="One zone in development: Database.multi_az turns it on.",
            )
        if not options.deletion_protection:
            explain(database, "AwsSolutions-RDS10", reason="Development is there to be deleted.")
        if not options.rotation_days:
            explain(
                database.node.find_child("Secret"),
                "AwsSolutions-SMG4",
                reason="No rotation in development: its function needs a way out of the private subnets (NAT).",
            )

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
        options = {
            "automatically_after": cdk.Duration.days(days),
            "vpc_subnets": self._network.task_subnets,
            "security_group": group,
            "exclude_characters": "\"@/\\'%:?#&=+ $`",
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
            deletion_protection=self.stage.keep_data,
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
        common = {"encryption": sqs.QueueEncryption.SQS_MANAGED, "enforce_ssl": True}
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

"""Everything that can be chosen about a deployment: names, sizes, options; one frozen dataclass per part, one stage each.

Edit :data:`DEV` and :data:`PROD` at the end. deploy/validation.py refuses what cannot work, before any template is
made. Prices: docs/deploy.md. Standard library only, so that every program of the deployment can read it.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

PROJECT = "shop"
"""First part of every name."""

WITHOUT_A_WAY_OUT = ("cognito-idp", "ecr.api", "ecr.dkr", "logs", "secretsmanager", "sqs")
"""What private tasks call beside DynamoDB and S3: an interface endpoint for each would replace the NAT gateway."""

MEMORY_GB = {
    "t4g.micro": 1,
    "t4g.small": 2,
    "t4g.medium": 4,
    "t4g.large": 8,
    "m7g.large": 8,
    "m7g.xlarge": 16,
}
"""Instance classes of the database that are known here, for the budget of connections."""

FARGATE_MEMORY = {256: (512, 2048), 512: (1024, 4096), 1024: (2048, 8192), 2048: (4096, 16384)}
"""Units of CPU (1024 = one processor): least and most MiB of memory that Fargate allows with them."""


class ConfigError(ValueError):
    """The configuration cannot work; the message says why and what to change."""


@dataclass(frozen=True, kw_only=True)
class Domain:
    """The shop's own name on the internet.

    Attributes:
        name: such as ``shop.example.com``.
        hosted_zone_id: the Route 53 zone: certificate and address record are made in it.
        hosted_zone_name: that zone's name, such as ``example.com``.
        certificate_arn: where DNS is elsewhere: a certificate of ACM in the stage's region. The record is then yours
            to make, a CNAME to the output ``LoadBalancerDnsName``.
    """

    name: str
    hosted_zone_id: str = ""
    hosted_zone_name: str = ""
    certificate_arn: str = ""


@dataclass(frozen=True, kw_only=True)
class Network:
    """The VPC. Gateway endpoints (DynamoDB, S3) are always there: they cost nothing.

    Attributes:
        private_tasks: tasks without public addresses; they need ``nat_gateways`` or every interface endpoint.
        nat_gateways: as many as availability zones, and the loss of one zone takes no other's way out.
        interface_endpoints: services whose calls stay inside the VPC, such as ``("ecr.api", "ecr.dkr", "logs")``.
        flow_logs: who talked to whom, in the bucket of logs.
    """

    cidr: str = "10.20.0.0/16"
    availability_zones: tuple[str, ...]
    private_tasks: bool
    nat_gateways: int
    interface_endpoints: tuple[str, ...] = ()
    flow_logs: bool


@dataclass(frozen=True, kw_only=True)
class Database:
    """MySQL for the orders.

    Attributes:
        engine: ``mysql`` (RDS MySQL 8.4), or ``aurora`` (Aurora MySQL 3, which speaks MySQL 8.0, Serverless v2).
        instance_class: for ``mysql``; one of :data:`MEMORY_GB`.
        aurora_capacity: for ``aurora``: least and most capacity units (0 lets it pause).
        storage_gb: at first; grows by itself up to ``max_storage_gb``.
        backup_days: how far back it can be restored, to the second.
        rotation_days: every so often the passwords change, by a function that needs a way out of private subnets.
            0: never. The service's users take turns, so that a running task's password stays good until the next
            rotation, and tasks are renewed every week (``Service.renew_every_days``).
    """

    engine: Literal["mysql", "aurora"] = "mysql"
    mysql_version: str = "8.4.8"
    instance_class: str = "t4g.micro"
    aurora_version: str = "8.0.mysql_aurora.3.10.0"
    aurora_capacity: tuple[float, float] = (0.5, 4)
    storage_gb: int = 20
    max_storage_gb: int = 100
    multi_az: bool
    backup_days: int
    deletion_protection: bool
    rotation_days: int
    performance_insights: bool = False

    @property
    def max_connections(self) -> int:
        """About as many as MySQL's default for the instance's memory allows (Aurora: for the least capacity)."""
        if self.engine == "aurora":
            return max(90, int(self.aurora_capacity[0] * 180))
        return MEMORY_GB[self.instance_class] * 1024**3 * 9 // 10 // 12_582_880


@dataclass(frozen=True, kw_only=True)
class ExistingPool:
    """A Cognito user pool that is there already, instead of a new one; its client's secret: ``make update-config``."""

    user_pool_id: str
    client_id: str


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who may sign in.

    Attributes:
        existing: a pool to use instead of making one.
        ses_identity: a domain or address that is verified at SES in the stage's region; empty: Cognito's own mail,
            50 messages a day.
        ses_from: sender of the mails, such as ``Shop <no-reply@example.com>``.
        refresh_days: how long someone stays signed in.
        tier: Cognito's price list. ``LITE`` is cheaper beyond 10,000 users a month; whether it renews tokens the way the
            shop does (GetTokensFromRefreshToken) must be tried first.
    """

    existing: ExistingPool | None = None
    ses_identity: str = ""
    ses_from: str = ""
    access_token_minutes: int = 15
    refresh_days: int = 30
    tier: Literal["LITE", "ESSENTIALS", "PLUS"] = "ESSENTIALS"
    admin_group: str = "admin"
    support_group: str = "support"
    deletion_protection: bool


@dataclass(frozen=True, kw_only=True)
class Tasks:
    """Size and number of one service's tasks.

    Attributes:
        cpu: 1024 units are one processor.
        memory: MiB.
        least, most: number of tasks, between which the load decides.
    """

    cpu: int
    memory: int
    least: int
    most: int


@dataclass(frozen=True, kw_only=True)
class Service:
    """The shop's own processes.

    Attributes:
        workers, threads: gunicorn's, of each web task.
        spot: spare capacity for a third of the price, which AWS may take back with two minutes' notice.
        requests_per_task: a minute; more of them add a task.
        backlog_per_task: messages that one background task may have before it; more add a task.
        payments: ``mock`` takes no money and says so.
        settings: further variables of the shop (docs/settings.md), none of them secret.
    """

    web: Tasks
    background: Tasks
    workers: int
    threads: int = 8
    spot: bool
    container_insights: bool
    cpu_percent: int = 60
    requests_per_task: int = 1000
    backlog_per_task: int = 50
    renew_every_days: int = 7
    payments: Literal["mock", "stripe"]
    currency: str = "USD"
    order_processing: Literal["sync", "async"] = "sync"
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def most_connections(self) -> int:
        """Connections to MySQL while a new version starts beside the old one: tasks double, and each thread keeps one."""
        return 2 * (self.web.most * self.workers * self.threads + self.background.most * BACKGROUND_THREADS)


BACKGROUND_THREADS = 8 + 4 + 4
"""Of a background task: orders that the queue names, orders left open, and its other loops."""


@dataclass(frozen=True, kw_only=True)
class Firewall:
    """AWS WAF in front of the shop.

    Attributes:
        requests_per_5_minutes: of one client address; beyond, it is refused.
        admin_from: networks from which ``/admin`` is served. Empty: from nowhere.
        managed: AWS's own groups of rules, by their names without ``AWSManagedRules``; a dollar a month each.
    """

    enabled: bool = True
    managed: tuple[str, ...] = (
        "CommonRuleSet",
        "KnownBadInputsRuleSet",
        "SQLiRuleSet",
        "AmazonIpReputationList",
    )
    requests_per_5_minutes: int = 2000
    admin_from: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Logs, alarms and the canary.

    Attributes:
        email: gets the alarms, after its owner has confirmed the subscription. Empty: nobody does.
        monthly_budget_usd: a forecast beyond it is mailed to ``email``.
        p99_ms: the slowest hundredth of a route's requests may take so long; by ``METHOD /path/template`` as in the
            metric ``RequestMilliseconds``. Needs ``metrics_by_route``.
        p99_all_ms: the same for all requests together, as the load balancer sees them.
        metrics_by_route: a paid metric for each route.
        canary_minutes: how often the read-only walk through the contract is made.
        traces: the share of requests that is traced (0 to 1), through a collector in each task to X-Ray; needs an
            image with requirements/traces.txt. 0: no collector.
        collector_image: AWS's build of the OpenTelemetry collector.
    """

    log_days: int
    email: str = ""
    monthly_budget_usd: int
    p99_ms: dict[str, int] = field(default_factory=dict)
    p99_all_ms: int = 5000
    metrics_by_route: bool
    canary_minutes: int
    traces: float = 0
    collector_image: str = "public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3"


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """GitHub Actions, which deploys without stored keys.

    Attributes:
        repository: ``owner/name``. Empty: no role is made for it.
        provider_exists: the account knows GitHub's identity provider already (it can be there only once).
    """

    repository: str = ""
    provider_exists: bool = False
    images_kept: int = 30


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One deployment of the shop.

    Attributes:
        account: the only AWS account it may go to. Empty: that of whoever deploys.
        keep_data: a deleted stack leaves tables, database (as a snapshot), pool and logs behind.
    """

    name: Literal["dev", "prod"]
    account: str = ""
    region: str = "us-east-1"
    keep_data: bool
    domain: Domain | None = None
    network: Network
    database: Database
    identity: Identity
    service: Service
    firewall: Firewall
    watch: Watch

    @property
    def prefix(self) -> str:
        """First part of the stage's names: ``shop-dev``."""
        return f"{PROJECT}-{self.name}"

    def named(self, what: str) -> str:
        """Return the name of one of the stage's parts: ``shop-dev-orders``."""
        return f"{self.prefix}-{what}"


# ---- The two stages ----------------------------------------------------------------------------------------

DEV = Stage(
    name="dev",
    keep_data=False,
    network=Network(
        availability_zones=("us-east-1a", "us-east-1b"),
        private_tasks=False,
        nat_gateways=0,
        flow_logs=False,
    ),
    database=Database(multi_az=False, backup_days=1, deletion_protection=False, rotation_days=0),
    identity=Identity(deletion_protection=False),
    service=Service(
        web=Tasks(cpu=256, memory=512, least=1, most=2),
        background=Tasks(cpu=256, memory=512, least=1, most=1),
        workers=1,
        spot=True,
        container_insights=False,
        payments="mock",
    ),
    firewall=Firewall(managed=("CommonRuleSet", "AmazonIpReputationList")),
    watch=Watch(log_days=7, monthly_budget_usd=60, metrics_by_route=False, canary_minutes=60),
)

PROD = Stage(
    name="prod",
    keep_data=True,
    domain=None,  # Domain(name="shop.example.com", hosted_zone_id="Z…", hosted_zone_name="example.com")
    network=Network(
        cidr="10.30.0.0/16",
        availability_zones=("us-east-1a", "us-east-1b", "us-east-1c"),
        private_tasks=True,
        nat_gateways=2,
        flow_logs=True,
    ),
    database=Database(
        instance_class="t4g.medium",
        storage_gb=50,
        max_storage_gb=500,
        multi_az=True,
        backup_days=14,
        deletion_protection=True,
        rotation_days=30,
        performance_insights=True,
    ),
    identity=Identity(deletion_protection=True),
    service=Service(
        web=Tasks(cpu=512, memory=1024, least=2, most=6),
        background=Tasks(cpu=256, memory=512, least=2, most=4),
        workers=1,
        spot=False,
        container_insights=True,
        payments="stripe",
    ),
    firewall=Firewall(),
    watch=Watch(
        log_days=90,
        monthly_budget_usd=400,
        metrics_by_route=True,
        p99_ms={
            "POST /orders": 9000,
            "GET /orders": 1500,
            "GET /products": 1000,
            "POST /users/login": 4000,
        },
        canary_minutes=5,
    ),
)

PIPELINE = Pipeline()

STAGES = {stage.name: stage for stage in (DEV, PROD)}


def stage_named(name: str) -> Stage:
    """Return a stage.

    Raises:
        ConfigError: there is none of this name.
    """
    if name not in STAGES:
        raise ConfigError(f"there is no stage {name!r}: STAGE is one of {', '.join(STAGES)}")
    return STAGES[name]


def filled_in(stage: Stage) -> Stage:
    """Return the stage with examples for what only its owner knows, so that all of it can be checked without."""
    example = Domain(name="shop.example.com", hosted_zone_id="Z0EXAMPLE", hosted_zone_name="example.com")
    domain = stage.domain or (example if stage.name == "prod" else None)
    watch = replace(stage.watch, email=stage.watch.email or "alarms@example.com")
    return replace(stage, domain=domain, watch=watch)

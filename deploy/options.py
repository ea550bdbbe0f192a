"""What can be chosen about a deployment: one frozen dataclass for each part. What is chosen: deploy/config.py.

Standard library only, so that every program of the deployment can read it.
"""

from dataclasses import dataclass, field
from typing import Literal

from deploy.sizes import BACKGROUND_THREADS, MEMORY_GB, mysql_connections

PROJECT = "shop"
"""First part of every name."""


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
        mysql_version: for ``mysql``: the release series. RDS installs its newest at first, and later ones by itself.
        instance_class: for ``mysql``; one of :data:`MEMORY_GB`.
        aurora_capacity: for ``aurora``: least and most capacity units (0 lets it pause).
        storage_gb: at first; grows by itself up to ``max_storage_gb``.
        backup_days: how far back it can be restored, to the second.
        rotation_days: every so often the passwords change, by a function that needs a way out of private subnets.
            0: never. The service's users take turns, so that a running task's password stays good until the next
            rotation, and tasks are renewed every week (``Service.renew_every_days``).
    """

    engine: Literal["mysql", "aurora"] = "mysql"
    mysql_version: str = "8.4"
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
        """As many connections as it takes at least (Aurora: with its least capacity)."""
        if self.engine == "aurora":
            return max(90, int(self.aurora_capacity[0] * 180))
        return mysql_connections(gib=MEMORY_GB[self.instance_class])


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
        """Connections to MySQL while a new version starts beside the old one.

        Tasks double, each thread keeps one, and the migration and a management command have one each.
        """
        return (
            2 * (self.web.most * self.workers * self.threads + self.background.most * BACKGROUND_THREADS) + 2
        )


@dataclass(frozen=True, kw_only=True)
class Firewall:
    """AWS WAF in front of the shop.

    Attributes:
        requests_per_5_minutes: of one client address; beyond, it is refused.
        admin_from: networks from which ``/admin`` is served. Empty: from nowhere.
        managed: AWS's own groups of rules, by their names without ``AWSManagedRules``; a dollar a month each. Which of
            their rules refuse: deploy/waf.py.
        managed_refuse: False: these groups refuse nothing and only log what they would have; for the first week.
    """

    enabled: bool = True
    managed: tuple[str, ...] = (
        "CommonRuleSet",
        "KnownBadInputsRuleSet",
        "SQLiRuleSet",
        "AmazonIpReputationList",
    )
    managed_refuse: bool = True
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
        collector_image: AWS's build of the OpenTelemetry collector. Where tasks have no way out: a copy in this account's
            registry, by its name there, such as ``shop/collector:v0.43.3``.
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
        images_kept: in each registry, the newest that a stage has run, for every stage by itself: so many versions one
            can go back to. What another stage runs, or has never run, takes none of these places.
        days_unused: so long an image stays that no stage has run.
    """

    repository: str = ""
    provider_exists: bool = False
    images_kept: int = 100
    days_unused: int = 30


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One deployment of the shop.

    Attributes:
        account: the only AWS account it may go to. Empty: that of whoever deploys.
        keep_data: a deleted stack leaves tables, database (as a snapshot), pool and logs behind.
        protect: what keeps data is protected against deletion. False only while stacks are made that are not there yet
            (``make deploy``): CloudFormation could not take back what it made before something failed.
    """

    name: Literal["dev", "prod"]
    account: str = ""
    region: str = "us-east-1"
    keep_data: bool
    protect: bool = True
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

    @property
    def protected(self) -> bool:
        """Whether anything of it is protected against deletion, once it stands."""
        return self.keep_data or self.database.deletion_protection or self.identity.deletion_protection

    @property
    def requirements(self) -> Literal["mysql", "traces"]:
        """Which lock file the stage's image is built from (``requirements/``)."""
        return "traces" if self.watch.traces else "mysql"

    @property
    def variant(self) -> str:
        """End of its images' tags: traces take an image with more libraries."""
        return "-traces" if self.watch.traces else ""

    def named(self, what: str) -> str:
        """Return the name of one of the stage's parts: ``shop-dev-orders``."""
        return f"{self.prefix}-{what}"

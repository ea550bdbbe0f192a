"""What is chosen for each stage: names, sizes, options. Edit :data:`DEV` and :data:`PROD`; deploy/options.py explains each.

deploy/validation.py refuses what cannot work, before any template is made. Prices: docs/costs.md. Standard library only.
"""

from dataclasses import replace

from deploy.options import (
    ConfigError,
    Database,
    Domain,
    Firewall,
    Identity,
    Network,
    Pipeline,
    Service,
    Stage,
    Tasks,
    Watch,
)

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
        threads=4,
        spot=True,
        container_insights=False,
        payments="mock",
    ),
    # Not AmazonIpReputationList: behind the HTTP API every request has an address of the VPC.
    firewall=Firewall(managed=("CommonRuleSet",)),
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
        # The smallest that Fargate has holds 100,000 requests a day with its peaks (docs/performance.md).
        web=Tasks(cpu=256, memory=512, least=2, most=6),
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

STAGES: dict[str, Stage] = {stage.name: stage for stage in (DEV, PROD)}


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

"""What a stage costs a month, line by line, from its configuration and a load. ``python -m deploy.prices`` prints it.

    python -m deploy.prices              all scenarios, as in docs/costs.md
    python -m deploy.prices dev          one stage: idle, in use, and paused
    python -m deploy.prices --write      docs/costs.md and its chart anew

Computed, not measured: deploy/price_list.py has the prices and where each comes from, deploy/quantities.py what is
counted and what is assumed about customers. Standard library only.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass

from deploy.config import filled_in, stage_named
from deploy.options import Stage
from deploy.price_list import PRICES, SPOT_SHARE
from deploy.quantities import (
    HOURS,
    IDLE,
    IN_USE,
    MILLION,
    PAUSED,
    WAF_RULES_OF_OURS,
    Load,
    alarm_metrics,
    log_gb,
    metric_series,
    secrets_of,
    web_tasks,
)


@dataclass(frozen=True)
class Line:
    """One line of the bill: the service, what is counted, dollars a month."""

    service: str
    basis: str
    usd: float

    @property
    def what(self) -> str:
        """Service and basis, in one line."""
        return f"{self.service}: {self.basis}"


@dataclass(frozen=True)
class PriceTable:
    """A month's bill."""

    lines: tuple[Line, ...]

    @property
    def total(self) -> float:
        """All lines, in dollars."""
        return sum(line.usd for line in self.lines)

    def of(self, service: str) -> float:
        """Return the sum of a service's lines."""
        return sum(line.usd for line in self.lines if line.service == service)

    def __str__(self) -> str:
        rows = [f"{line.service:<22} {line.usd:>9.2f}  {line.basis}" for line in self.lines]
        return "\n".join([*rows, f"{'total':<22} {self.total:>9.2f}  US dollars a month"])


# ---- Lines -----------------------------------------------------------------------------------------------------


def _fargate(stage: Stage, load: Load) -> list[Line]:
    if load.paused:
        return []
    service = stage.service
    share = SPOT_SHARE if service.spot else 1
    lines = []
    for name, tasks, count in (
        ("web", service.web, web_tasks(stage, load)),
        ("background", service.background, float(service.background.least)),
    ):
        vcpu, gb = tasks.cpu / 1024, tasks.memory / 1024
        hourly = PRICES["fargate_vcpu"].of(vcpu) + PRICES["fargate_gb"].of(gb)
        basis = f"{name}: {count:.4g} × {vcpu:g} vCPU, {gb:g} GB, ARM{', Spot' if service.spot else ''}"
        lines.append(Line("Fargate", basis, count * hourly * share * HOURS))
    return lines


def _entrance(stage: Stage, load: Load) -> list[Line]:
    if load.paused:
        return []
    gb_per_hour = load.requests * load.answer_kb / MILLION / HOURS
    lcu = max(load.per_second / 25, gb_per_hour)
    usd = PRICES["alb_hour"].of(HOURS) + PRICES["alb_lcu"].of(lcu * HOURS)
    lines = [Line("Load balancer", f"one ALB, {lcu:.2f} LCU on average", usd)]
    if not stage.domain:
        millions = load.requests / MILLION
        lines.append(
            Line("API Gateway", f"{millions:.2f} million requests", PRICES["api_million"].of(millions))
        )
    elif stage.domain.hosted_zone_id:
        lines.append(Line("Route 53", "one hosted zone", PRICES["zone"].of(1)))
    return lines


def _database(stage: Stage, load: Load) -> list[Line]:
    options = stage.database
    copies = 2 if options.multi_az else 1
    if options.engine == "aurora":
        return _aurora(stage, load, members=copies)
    storage = PRICES["rds_storage"].of(options.storage_gb) * copies
    lines = [
        Line("RDS", f"{copies} × {options.storage_gb} GB gp3; backups of that size are included", storage)
    ]
    if not load.paused:
        hours = PRICES[f"rds_{options.instance_class}"].of(HOURS) * copies
        zones = "two zones" if options.multi_az else "one zone"
        lines.insert(0, Line("RDS", f"MySQL, {copies} × db.{options.instance_class}, {zones}", hours))
    return lines


def _aurora(stage: Stage, load: Load, *, members: int) -> list[Line]:
    least, most = stage.database.aurora_capacity
    lines = [Line("RDS", "Aurora: 10 GB", PRICES["aurora_storage"].of(10))]
    if not load.paused:
        acu = min(most, max(least, load.per_second / 10))
        millions = (load.requests * 5 + load.orders * 100) / MILLION
        basis = f"Aurora Serverless v2, {members} × {acu:.2g} ACU on average"
        lines.insert(0, Line("RDS", basis, PRICES["aurora_acu"].of(acu * members * HOURS)))
        lines.append(Line("RDS", f"Aurora: {millions:.1f} million I/Os", PRICES["aurora_io"].of(millions)))
    return lines


def _dynamodb(_stage: Stage, load: Load) -> list[Line]:
    # An order: three writes in one transaction, which count twice, and some four units of rate limits.
    writes = load.orders * (3 * 2 + 4) + load.requests * 0.05
    # Every hour the background process reads what it needs to verify the books.
    reads = load.requests * load.read_units + (0 if load.paused else HOURS * 1_500)
    gb = 0.1 + load.orders * 12 * 0.4 / MILLION
    usd = PRICES["dynamodb_write"].of(writes / MILLION) + PRICES["dynamodb_read"].of(reads / MILLION)
    usd += PRICES["dynamodb_storage"].of(gb) + PRICES["dynamodb_pitr"].of(gb)
    basis = f"{writes / MILLION:.2f} M writes, {reads / MILLION:.1f} M reads, {gb:.1f} GB with PITR"
    return [Line("DynamoDB", basis, usd)]


def _cognito(stage: Stage, load: Load) -> list[Line]:
    tier = "essentials" if stage.keep_data else "lite"
    basis = f"{load.users:,} monthly users, {tier.title()}"
    return [Line("Cognito", basis, PRICES[f"cognito_{tier}"].of(load.users))]


def _way_out(stage: Stage, load: Load) -> list[Line]:
    network, lines = stage.network, []
    gb = log_gb(stage, load) + load.orders * 20 / MILLION + 2
    if count := network.nat_gateways:
        through = 0.3 * gb if network.interface_endpoints else gb
        usd = PRICES["nat_hour"].of(count * HOURS) + PRICES["nat_gb"].of(through)
        lines.append(Line("NAT", f"{count} gateways, {through:.1f} GB", usd))
    if count := len(network.interface_endpoints) * len(network.availability_zones):
        usd = PRICES["endpoint_hour"].of(count * HOURS) + PRICES["endpoint_gb"].of(gb)
        basis = f"{len(network.interface_endpoints)} in {len(network.availability_zones)} zones each"
        lines.append(Line("Interface endpoints", basis, usd))
    tasks = 0.0 if network.private_tasks else web_tasks(stage, load) + stage.service.background.least
    balancer = len(network.availability_zones) if stage.domain else 0
    addresses = network.nat_gateways + (0 if load.paused else tasks + balancer)
    basis = f"{addresses:.4g}: tasks, load balancer, NAT"
    return [*lines, Line("Public IPv4", basis, PRICES["ipv4"].of(addresses * HOURS))]


def _firewall(stage: Stage, load: Load) -> list[Line]:
    if load.paused or not stage.firewall.enabled:
        return []
    rules = WAF_RULES_OF_OURS + len(stage.firewall.managed)
    usd = PRICES["waf_acl"].of(1) + PRICES["waf_rule"].of(rules)
    usd += PRICES["waf_million"].of(load.requests / MILLION)
    return [Line("WAF", f"one ACL, {rules} rules, {load.requests / MILLION:.2f} M requests", usd)]


def _cloudwatch(stage: Stage, load: Load) -> list[Line]:
    if load.paused:
        return [Line("CloudWatch", "logs kept", 0.02)]
    gb, series, watched = log_gb(stage, load), metric_series(stage, load), alarm_metrics(stage)
    kept = gb * 0.15 * max(1, stage.watch.log_days / 30)
    logs = PRICES["logs_gb"].of(gb) + PRICES["logs_stored"].of(kept)
    lines = [
        Line("CloudWatch", f"logs: {gb:.1f} GB, kept {stage.watch.log_days} days", logs),
        Line("CloudWatch", f"metrics: {series} series", PRICES["metric"].of(series)),
        Line("CloudWatch", f"alarms: {watched} metrics watched", PRICES["alarm"].of(watched)),
    ]
    if series > 50:
        lines.append(Line("CloudWatch", "dashboard", PRICES["dashboard"].of(1)))
    if stage.service.container_insights:
        web, background = web_tasks(stage, load), stage.service.background.least
        insights = round(20 + 2 * 40 + (web + background) * 15 + (2 * web + background) * 12)
        basis = f"Container Insights: about {insights} series"
        lines.append(Line("CloudWatch", basis, PRICES["insights_metric"].of(insights)))
    return lines


def _rest(stage: Stage, load: Load) -> list[Line]:
    count = secrets_of(stage)
    lines = [Line("Secrets Manager", f"{count} secrets", PRICES["secret"].of(count))]
    images = PRICES["ecr_gb"].of(1.5)
    flows = (0.5 + load.requests * 0.3 / MILLION) if stage.network.flow_logs else 0.0
    bucket = PRICES["s3_gb"].of(flows + load.requests * 0.1 / MILLION + 0.1)
    lines.append(Line("ECR", "about 1.5 GB of images", images))
    lines.append(Line("S3", "access and flow logs", bucket + PRICES["flow_logs_gb"].of(flows)))
    if load.paused:
        return lines
    polls = (stage.service.background.least * HOURS * 3600 / 20 + load.orders * 4) / MILLION
    lines.append(Line("SQS", f"{polls:.2f} million calls", PRICES["sqs_million"].of(polls)))
    lines.append(Line("KMS", "one key, for alarms", PRICES["key"].of(1)))
    runs = HOURS * 60 / stage.watch.canary_minutes
    seconds = runs * 0.25 * 5
    lines.append(Line("Lambda", f"canary: {runs:,.0f} walks", PRICES["lambda_gb_s"].of(seconds)))
    out = load.requests * load.answer_kb / MILLION
    between = load.requests * 5 * 2 / MILLION * 2 / 3
    usd = PRICES["out_gb"].of(out) + PRICES["zones_gb"].of(between)
    lines.append(Line("Data transfer", f"{out:.0f} GB out, {between:.0f} GB between zones", usd))
    return lines


LINES: tuple[Callable[[Stage, Load], list[Line]], ...] = (
    _fargate,
    _entrance,
    _database,
    _dynamodb,
    _cognito,
    _way_out,
    _firewall,
    _cloudwatch,
    _rest,
)


def monthly(stage: Stage, load: Load = IDLE) -> PriceTable:
    """Return what a stage costs in a month under a load, in US dollars without taxes.

    Free allowances of the account are counted as if the stage were alone in it. The payment provider's fees, support
    plans and mails beyond the free ones are not in it.
    """
    return PriceTable(tuple(line for lines in LINES for line in lines(stage, load)))


def main(arguments: list[str]) -> int:
    """Print, or write the page."""
    from deploy.cost_page import page, write

    if arguments == ["--write"]:
        write()
    elif arguments:
        stage = filled_in(stage_named(arguments[0]))
        for title, load in (("idle", IDLE), ("in use", IN_USE), ("paused", PAUSED)):
            print(f"{stage.name}, {title}\n{monthly(stage, load)}\n")
        print("Computed from deploy/price_list.py, not verified at AWS: docs/costs.md")
    else:
        print(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

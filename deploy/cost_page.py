"""Writes docs/costs.md and its chart from the prices: scenarios, choices, and what others promised."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

from deploy.config import DEV, PROD, filled_in
from deploy.options import Network, Stage, Tasks
from deploy.price_list import DATE, FREE_SEEN, PRICES, REGION, SPOT_SHARE
from deploy.prices import PriceTable, monthly
from deploy.quantities import HOURS, IDLE, IN_USE, PAUSED, TEN_THOUSAND, TEN_TIMES
from deploy.sizes import WITHOUT_A_WAY_OUT

PAGE = Path(__file__).resolve().parents[1] / "docs/costs.md"
CHART = PAGE.with_suffix(".svg")
BEGIN, END = "<!-- generated: {} -->\n", "<!-- end -->"
HEADINGS = ("dev, idle", "dev, in use", "dev, paused", "prod, 10 K users", "prod, 10 times that")
GROUPS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "tasks": ("#2b6cb0", ("Fargate",)),
    "database": ("#2f855a", ("RDS",)),
    "way in, firewall": ("#b7791f", ("Load balancer", "API Gateway", "Route 53", "WAF")),
    "way out, addresses": ("#c53030", ("NAT", "Interface endpoints", "Public IPv4", "Data transfer")),
    "watching": ("#6b46c1", ("CloudWatch",)),
    "DynamoDB and the rest": (
        "#718096",
        ("DynamoDB", "Secrets Manager", "ECR", "S3", "SQS", "KMS", "Lambda"),
    ),
}


def scenarios() -> list[PriceTable]:
    """Return the bills under :data:`HEADINGS`."""
    prod = filled_in(PROD)
    bills = [monthly(DEV, load) for load in (IDLE, IN_USE, PAUSED)]
    return [*bills, monthly(prod, TEN_THOUSAND), monthly(prod, TEN_TIMES)]


# ---- Tables ----------------------------------------------------------------------------------------------------


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def _dollars(usd: float) -> str:
    return f"{usd:,.2f}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]], *, left: int = 1) -> str:
    rule = ["---"] * left + ["---:"] * (len(head) - left)
    return _row(*head) + f"|{'|'.join(rule)}|\n" + "".join(_row(*row) for row in rows)


def _scenario_table() -> str:
    bills = scenarios()
    services = list(dict.fromkeys(line.service for bill in reversed(bills) for line in bill.lines))
    services.sort(key=lambda name: -bills[3].of(name))
    rows = [(name, *(_dollars(bill.of(name)) for bill in bills)) for name in services]
    rows.append(("**all**", *(f"**{_dollars(bill.total)}**" for bill in bills)))
    return _table(("US dollars a month", *HEADINGS), rows)


def _basis_table() -> str:
    bill = monthly(filled_in(PROD), TEN_THOUSAND)
    rows = [(line.service, line.basis, _dollars(line.usd)) for line in bill.lines]
    return _table(("Line", "What is counted", "US dollars a month"), rows, left=2)


def _with_network(stage: Stage, **changed: Any) -> Stage:
    return replace(stage, network=replace(stage.network, **changed))


def _network_table() -> str:
    prod = filled_in(PROD)
    reach = {"NAT", "Interface endpoints", "Public IPv4"}
    choices: tuple[tuple[str, Stage, str], ...] = (
        ("two NAT gateways (as configured)", prod, "everything, also the payment provider"),
        ("one NAT gateway", _with_network(prod, nat_gateways=1), "the same, until its zone fails"),
        (
            f"{len(WITHOUT_A_WAY_OUT)} interface endpoints, no NAT",
            _with_network(prod, nat_gateways=0, interface_endpoints=WITHOUT_A_WAY_OUT),
            "AWS only: refused with Stripe, possible with the mock",
        ),
        (
            "both",
            _with_network(prod, interface_endpoints=WITHOUT_A_WAY_OUT),
            "everything; calls to AWS stay inside",
        ),
        (
            "public addresses, no NAT (as in dev)",
            _with_network(prod, private_tasks=False, nat_gateways=0),
            "everything; only security groups keep strangers out",
        ),
    )
    rows = []
    for name, stage, what in choices:
        bill = monthly(stage, TEN_THOUSAND)
        own = sum(line.usd for line in bill.lines if line.service in reach)
        rows.append((name, what, _dollars(own), _dollars(bill.total)))
    return _table(("Way out", "What it reaches", "its lines", "all of prod"), rows, left=2)


def _database_table() -> str:
    prod = filled_in(PROD)
    choices: dict[str, dict[str, Any]] = {
        "RDS MySQL db.t4g.medium, two zones (as configured)": {},
        "the same, one zone": {"multi_az": False},
        "RDS MySQL db.m7g.large, two zones": {"instance_class": "m7g.large"},
        "Aurora Serverless v2, writer and reader, from 0.5 ACU": {
            "engine": "aurora",
            "aurora_capacity": (0.5, 8),
        },
        "Aurora Serverless v2, writer and reader, from 2 ACU": {
            "engine": "aurora",
            "aurora_capacity": (2, 8),
        },
    }
    rows = []
    for name, changed in choices.items():
        stage = replace(prod, database=replace(prod.database, **changed))
        rows.append((name, *(_dollars(monthly(stage, load).of("RDS")) for load in (TEN_THOUSAND, TEN_TIMES))))
    return _table(("Database of prod", "10 K users", "10 times that"), rows)


# ---- Beside others ---------------------------------------------------------------------------------------------


def lean() -> Stage:
    """Return the cheapest production that deploy/validation.py lets through: what a failure of a zone stops, it stops."""
    prod = filled_in(PROD)
    zones = prod.network.availability_zones[:2]
    return replace(
        prod,
        network=Network(availability_zones=zones, private_tasks=False, nat_gateways=0, flow_logs=False),
        database=replace(
            prod.database, instance_class="t4g.small", storage_gb=20, multi_az=False, rotation_days=0
        ),
        service=replace(
            prod.service,
            web=Tasks(cpu=256, memory=512, least=1, most=3),
            background=Tasks(cpu=256, memory=512, least=1, most=1),
            container_insights=False,
        ),
        firewall=replace(prod.firewall, enabled=False),
        watch=replace(prod.watch, metrics_by_route=False, p99_ms={}),
    )


def _instances(kind: str, *, count: int) -> float:
    """Return what EC2 instances with 20 GB disks cost."""
    return count * (PRICES[f"ec2_{kind}"].of(HOURS) + PRICES["ebs_gb"].of(20))


def on_ec2() -> float:
    """Return prod's bill with EC2 instances in the place of Fargate: two, so that either carries all tasks."""
    bill = monthly(filled_in(PROD), TEN_THOUSAND)
    return bill.total - bill.of("Fargate") + _instances("t4g.medium", count=2)


def one_instance() -> float:
    """Return the bill of one instance with a public address, MySQL in one zone, and nothing that watches or guards it."""
    database = PRICES["rds_t4g.micro"].of(HOURS) + PRICES["rds_storage"].of(20)
    return _instances("t4g.small", count=1) + PRICES["ipv4"].of(HOURS) + database


def _others_table() -> str:
    running = monthly(DEV, IDLE).total
    paused = monthly(DEV, PAUSED).total
    prod = monthly(filled_in(PROD), TEN_THOUSAND).total
    rows = [
        ("development, the earlier design's promise", "5–25"),
        ("development here: idle; paused", f"{running:.0f}; {paused:.0f}"),
        ("production, the earlier design's promise", "36–61"),
        ("production here, 10 K users, as configured", f"{prod:.0f}"),
        (
            "the cheapest production here: one task of each kind, one zone's database, no NAT, no WAF",
            f"{monthly(lean(), TEN_THOUSAND).total:.0f}",
        ),
        ("EC2, as the earlier design put it", "200–300"),
        ("production here with two EC2 instances in the place of Fargate", f"{on_ec2():.0f}"),
        ("one EC2 instance, one database, nothing else", f"{one_instance():.0f}"),
    ]
    return _table(("What", "US dollars a month"), rows)


def _saving() -> str:
    prod = monthly(filled_in(PROD), TEN_THOUSAND)
    share = 100 * (1 - prod.total / on_ec2())
    least = 100 * (1 - monthly(lean(), TEN_THOUSAND).total / 300)
    return (
        f"Like with like, Fargate saves **{share:.0f} %** of this production's bill against EC2: tasks are "
        f"${prod.of('Fargate'):.0f} of ${prod.total:.0f}, and everything else is the same. Against $300, the cheapest "
        f"production here saves {least:.0f} %.\n"
    )


def _price_table() -> str:
    rows = []
    for name, price in PRICES.items():
        free = f"{price.free:,.4g}" if price.free else "–"
        if price.free and name in FREE_SEEN:
            free += " ✓"
        usd = f"{price.usd:.10f}".rstrip("0")
        usd += "0" * max(0, 2 - len(usd.partition(".")[2]))
        seen = "yes" if price.verified else "no"
        rows.append((f"`{name}`", price.unit, usd, free, price.source, seen, f"`{price.service}`"))
    head = ("Price", "For each", "US dollars", "Free", "Source", "Verified", "Service code")
    return _table(head, rows, left=2).replace("---:|---:|---:|\n", "---|---|---|\n", 1)


# ---- Chart -----------------------------------------------------------------------------------------------------

WIDTH, LEFT, ROW, TOP = 900, 150, 34, 70


def chart() -> str:
    """Draw a bar for each scenario, cut into groups of lines."""
    bills = scenarios()
    groups = [{name: sum(map(bill.of, of)) for name, (_, of) in GROUPS.items()} for bill in bills]
    scale = (WIDTH - LEFT - 70) / max(sum(group.values()) for group in groups)
    height = TOP + ROW * len(bills) + 10
    extra = bills[-1].of("Cognito")
    title = f"US dollars a month, without Cognito's fee per user (10 times: {extra:,.0f} more)"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="10" y="20" font-size="14" font-weight="bold">{title}</text>',
    ]
    x = LEFT
    for name, (colour, _) in GROUPS.items():
        parts.append(f'<rect x="{x}" y="36" width="11" height="11" fill="{colour}"/>')
        parts.append(f'<text x="{x + 15}" y="46" fill="#444444">{escape(name)}</text>')
        x += 24 + 6 * len(name)
    for number, (heading, group) in enumerate(zip(HEADINGS, groups, strict=True)):
        parts += _bar(heading, group, y=TOP + number * ROW, scale=scale)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _bar(heading: str, group: Mapping[str, float], *, y: int, scale: float) -> list[str]:
    parts = [f'<text x="{LEFT - 8}" y="{y + 14}" text-anchor="end">{escape(heading)}</text>']
    x = float(LEFT)
    for name, usd in group.items():
        width = usd * scale
        colour = GROUPS[name][0]
        parts.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="20" fill="{colour}"/>')
        if width > 26:
            parts.append(
                f'<text x="{x + width / 2:.1f}" y="{y + 14}" text-anchor="middle" fill="#ffffff">{usd:.0f}</text>'
            )
        x += width
    parts.append(f'<text x="{x + 5:.1f}" y="{y + 14}" fill="#444444">{sum(group.values()):,.0f}</text>')
    return parts


# ---- The page --------------------------------------------------------------------------------------------------


def _parts() -> dict[str, str]:
    spot = f"{100 * SPOT_SHARE:.0f} %"
    facts = f"Region {REGION}, {DATE}, US dollars without taxes. Spot is reckoned at {spot} of the price on demand.\n"
    return {
        "facts": facts,
        "scenarios": _scenario_table(),
        "lines": _basis_table(),
        "network": _network_table(),
        "database": _database_table(),
        "others": _others_table(),
        "saving": _saving(),
        "prices": _price_table(),
    }


def page() -> str:
    """Return docs/costs.md with its generated parts renewed; the text between them is written by hand."""
    text = PAGE.read_text(encoding="utf-8")
    for name, content in _parts().items():
        before, begin, rest = text.partition(BEGIN.format(name))
        if not begin:
            raise ValueError(f"{PAGE} has no part {name!r}")
        text = before + begin + content + END + rest.partition(END)[2]
    return text


def write() -> None:
    """Write page and chart."""
    PAGE.write_text(page(), encoding="utf-8")
    CHART.write_text(chart(), encoding="utf-8")

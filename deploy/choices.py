"""Stages with the other side of a choice, so that each side is checked, and each way from one to another."""

from dataclasses import replace

from deploy.config import DEV, STAGES, filled_in
from deploy.options import Domain, ExistingPool, Stage
from deploy.sizes import WITHOUT_A_WAY_OUT


def with_other_options() -> Stage:
    """Return a stage that takes the other side of every choice of production's at once."""
    prod = filled_in(STAGES["prod"])
    certificate = f"arn:aws:acm:{prod.region}:111122223333:certificate/00000000-0000-0000-0000-000000000000"
    return replace(
        prod,
        account="111122223333",
        domain=Domain(name="shop.example.com", certificate_arn=certificate),
        network=replace(prod.network, nat_gateways=0, interface_endpoints=(*WITHOUT_A_WAY_OUT, "xray")),
        database=replace(prod.database, engine="aurora", aurora_capacity=(2, 8)),
        identity=replace(prod.identity, ses_identity="example.com", ses_from="Shop <no-reply@example.com>"),
        service=replace(prod.service, payments="mock", order_processing="async"),
        firewall=replace(prod.firewall, admin_from=("203.0.113.0/24",), managed_refuse=False),
        watch=replace(prod.watch, traces=0.05, collector_image="shop/collector:v0.43.3"),
    )


def one_by_one() -> dict[str, Stage]:
    """Return the development stage as it is, and with each choice that other stacks could notice, by the choice's name."""
    dev = filled_in(DEV)
    zone = Domain(name="shop.example.com", hosted_zone_id="Z0EXAMPLE", hosted_zone_name="example.com")
    private = replace(dev.network, private_tasks=True, nat_gateways=1)
    closed = replace(private, nat_gateways=0, interface_endpoints=WITHOUT_A_WAY_OUT)
    pool = ExistingPool(user_pool_id="us-east-1_x", client_id="c")
    return {
        "as-it-is": dev,
        "domain": replace(dev, domain=zone),
        "stripe": replace(dev, service=replace(dev.service, payments="stripe")),
        "existing-pool": replace(dev, identity=replace(dev.identity, existing=pool)),
        "aurora": replace(dev, database=replace(dev.database, engine="aurora")),
        "private": replace(dev, network=private),
        "no-way-out": replace(dev, network=closed),
        "rotation": replace(dev, network=private, database=replace(dev.database, rotation_days=30)),
        "no-firewall": replace(dev, firewall=replace(dev.firewall, enabled=False)),
        "traces": replace(dev, watch=replace(dev.watch, traces=0.05)),
        "kept": replace(dev, keep_data=True),
        "being-made": replace(dev, keep_data=True, protect=False),
    }

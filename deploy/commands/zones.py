"""Which availability zones the configured names mean in this account. AWS deals the names out anew for each account."""

from deploy.commands.context import Context
from deploy.commands.outcome import Refused

TOO_OLD = {"use1-az3"}
"""Zones (by id, which all accounts share) without ARM tasks on Fargate and without VPC links.

Source: Amazon ECS, "64-bit ARM workloads"; API Gateway, "VPC links: availability by Region".
"""


def check_zones(context: Context) -> None:
    """Refuse zones in which tasks could not run.

    Raises:
        Refused: names them, and those that can be had instead.
    """
    call = context.aws.client("ec2").describe_availability_zones
    told = context.aws.if_allowed(
        lambda: call(Filters=[{"Name": "zone-type", "Values": ["availability-zone"]}])
    )
    ids = {each["ZoneName"]: each["ZoneId"] for each in told["AvailabilityZones"]} if told else {}
    bad = [name for name in context.stage.network.availability_zones if ids.get(name) in TOO_OLD]
    if bad:
        others = ", ".join(sorted(name for name, zone in ids.items() if zone not in TOO_OLD))
        raise Refused(
            f"{', '.join(bad)} is {ids[bad[0]]} in this account, an old zone without ARM tasks and VPC links. Cure: "
            f"network.availability_zones in deploy/config.py from {others}"
        )

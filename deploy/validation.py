"""Refuses configurations that cannot work, in words that say what to change. Standard library only."""

import re
from ipaddress import ip_network

from deploy.options import ConfigError, Stage
from deploy.sizes import FARGATE_MEMORY, KEPT_CONNECTIONS, MEMORY_GB, WITHOUT_A_WAY_OUT
from deploy.waf import MANAGED


def check(stage: Stage) -> None:
    """Refuse what cannot work.

    Raises:
        ConfigError: with all that is wrong, one line each.
    """
    wrong = [
        *_wrong_domain(stage),
        *_wrong_network(stage),
        *_wrong_database(stage),
        *_wrong_service(stage),
        *_wrong_rest(stage),
    ]
    if wrong:
        raise ConfigError("\n".join(f"{stage.name}: {line}" for line in wrong))


def _wrong_domain(stage: Stage) -> list[str]:
    domain = stage.domain
    if domain is None:
        if stage.name == "prod":
            return [
                "domain is unset: customers need a name of your own. Set PROD's Domain(...) in deploy/config.py"
            ]
        return []
    if bool(domain.hosted_zone_id) == bool(domain.certificate_arn):
        return ["domain needs either hosted_zone_id (DNS at Route 53) or certificate_arn (DNS elsewhere)"]
    if domain.hosted_zone_id and not f".{domain.name}".endswith(f".{domain.hosted_zone_name or '?'}"):
        return [f"domain {domain.name} is not in the zone {domain.hosted_zone_name!r} (hosted_zone_name)"]
    if domain.certificate_arn and f":acm:{stage.region}:" not in domain.certificate_arn:
        return [f"certificate_arn must be of ACM in {stage.region}, the load balancer's region"]
    return []


def _wrong_network(stage: Stage) -> list[str]:
    network, wrong = stage.network, []
    zones = network.availability_zones
    if not 2 <= len(set(zones)) <= 3 or len(set(zones)) != len(zones):
        wrong.append("network.availability_zones must be two or three different ones")
    if any(not zone.startswith(stage.region) for zone in zones):
        wrong.append(f"network.availability_zones must lie in {stage.region}")
    if network.private_tasks and not network.nat_gateways:
        if stage.service.payments != "mock":
            wrong.append(
                "private tasks have no way out to the payment provider: set network.nat_gateways, or "
                "network.private_tasks=False"
            )
        elif missing := [name for name in WITHOUT_A_WAY_OUT if name not in network.interface_endpoints]:
            wrong.append(
                f"private tasks without network.nat_gateways need interface endpoints for {', '.join(missing)}"
            )
    if not network.private_tasks and (network.nat_gateways or network.interface_endpoints):
        wrong.append("tasks with public addresses need no nat_gateways and no interface_endpoints")
    if network.nat_gateways > len(zones):
        wrong.append("network.nat_gateways must not exceed the number of availability zones")
    return wrong


def _wrong_database(stage: Stage) -> list[str]:
    database, wrong = stage.database, []
    if database.engine == "mysql" and database.instance_class not in MEMORY_GB:
        return [f"database.instance_class must be one of {', '.join(MEMORY_GB)}"]
    if database.rotation_days and not stage.network.private_tasks:
        wrong.append(
            "database.rotation_days needs private subnets with a way out: the rotating function runs there"
        )
    if database.rotation_days and database.rotation_days <= stage.service.renew_every_days:
        wrong.append(
            "database.rotation_days must exceed service.renew_every_days: tasks keep the password they got"
        )
    left = database.max_connections - KEPT_CONNECTIONS
    if (needed := stage.service.most_connections) > left:
        wrong.append(
            f"the services may open {needed} connections, and {left} of the database's are sure to be theirs: "
            "lower service.web.most, workers or threads, or take a larger instance_class"
        )
    if stage.name == "prod" and not (database.backup_days and database.deletion_protection):
        wrong.append("database.backup_days and deletion_protection are not optional in production")
    return wrong


def _wrong_service(stage: Stage) -> list[str]:
    service, wrong = stage.service, []
    for name, tasks in (("web", service.web), ("background", service.background)):
        least, most = FARGATE_MEMORY.get(tasks.cpu, (0, 0))
        if not least <= tasks.memory <= most:
            wrong.append(f"service.{name}: Fargate has no {tasks.cpu} units with {tasks.memory} MiB")
        if not 1 <= tasks.least <= tasks.most:
            wrong.append(f"service.{name}: least and most must be 1 or more, in this order")
    if not re.fullmatch(r"[A-Z]{3}", service.currency):
        wrong.append(f"service.currency must be an ISO 4217 code such as USD, not {service.currency!r}")
    if secret := [name for name in service.settings if re.search("SECRET|PASSWORD|KEY|TOKEN", name)]:
        wrong.append(
            f"service.settings is for what may be read by anyone; {', '.join(secret)} belongs in a secret"
        )
    return wrong


def _wrong_rest(stage: Stage) -> list[str]:
    wrong = []
    for network in (stage.network.cidr, *stage.firewall.admin_from):
        try:
            ip_network(network)
        except ValueError:
            wrong.append(f"{network!r} is not a network such as 203.0.113.0/24")
    wrong += _wrong_firewall(stage)
    if bool(stage.identity.ses_identity) != bool(stage.identity.ses_from):
        wrong.append("identity.ses_identity and ses_from belong together")
    if stage.watch.p99_ms and not stage.watch.metrics_by_route:
        wrong.append("watch.p99_ms needs watch.metrics_by_route")
    if not 0 <= stage.watch.traces <= 1:
        wrong.append("watch.traces must be from 0 to 1")
    wrong += _wrong_traces(stage)
    if stage.account and not re.fullmatch(r"\d{12}", stage.account):
        wrong.append(f"account must be 12 digits, not {stage.account!r}")
    return wrong


def _wrong_firewall(stage: Stage) -> list[str]:
    firewall, wrong = stage.firewall, []
    if unknown := [name for name in firewall.managed if name not in MANAGED]:
        wrong.append(
            f"firewall.managed: deploy/waf.py does not say which rules of {', '.join(unknown)} refuse; it knows "
            f"{', '.join(MANAGED)}"
        )
    if firewall.enabled and not firewall.managed:
        wrong.append("firewall.managed must name a group at least, or firewall.enabled be False")
    if firewall.admin_from and not firewall.enabled:
        wrong.append(
            "firewall.admin_from needs firewall.enabled: nothing else would keep others out of /admin"
        )
    return wrong


def _wrong_traces(stage: Stage) -> list[str]:
    network, watch = stage.network, stage.watch
    if not watch.traces or not network.private_tasks or network.nat_gateways:
        return []
    wrong = []
    if "." in watch.collector_image.split("/")[0]:
        wrong.append(
            "watch.collector_image is on the internet, where private tasks without network.nat_gateways cannot go: put "
            "a copy into this account's registry and name it as it is there, such as shop/collector:v0.43.3"
        )
    if "xray" not in network.interface_endpoints:
        wrong.append("watch.traces without network.nat_gateways needs the interface endpoint xray")
    return wrong

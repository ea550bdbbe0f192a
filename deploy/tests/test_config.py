"""What the configuration refuses, in words that say what to change."""

from dataclasses import replace

import pytest

from deploy.config import DEV, PROD, filled_in, stage_named
from deploy.options import ConfigError, Domain, ExistingPool, Stage, Tasks
from deploy.sizes import WITHOUT_A_WAY_OUT, mysql_connections
from deploy.validation import check

READY = filled_in(PROD)


def refusal(stage: Stage) -> str:
    with pytest.raises(ConfigError) as caught:
        check(stage)
    return str(caught.value)


def test_the_committed_development_stage_needs_nothing_filled_in() -> None:
    check(DEV)


def test_production_without_a_domain_is_refused() -> None:
    assert refusal(PROD) == (
        "prod: domain is unset: customers need a name of your own. Set PROD's Domain(...) in deploy/config.py"
    )


def test_production_with_a_domain_is_fine() -> None:
    check(READY)


def test_private_tasks_without_a_way_to_the_payment_provider_are_refused() -> None:
    stage = replace(READY, network=replace(READY.network, nat_gateways=0))
    assert refusal(stage) == (
        "prod: private tasks have no way out to the payment provider: set network.nat_gateways, or "
        "network.private_tasks=False"
    )


def test_private_tasks_that_need_no_provider_must_have_every_interface_endpoint() -> None:
    network = replace(READY.network, nat_gateways=0, interface_endpoints=("logs", "sqs"))
    stage = replace(READY, network=network, service=replace(READY.service, payments="mock"))
    assert refusal(stage) == (
        "prod: private tasks without network.nat_gateways need interface endpoints for "
        "cognito-idp, ecr.api, ecr.dkr, secretsmanager"
    )


def test_more_connections_than_the_database_takes_are_refused() -> None:
    stage = replace(DEV, service=replace(DEV.service, web=Tasks(cpu=256, memory=512, least=1, most=3)))
    assert refusal(stage).startswith(
        "dev: the services may open 58 connections, and 52 of the database's are sure to be theirs: "
    )


@pytest.mark.parametrize(("gib", "measured"), [(1, 66), (2, 150), (4, 312), (8, 648), (16, 1320)])
def test_no_more_connections_are_reckoned_with_than_were_measured(gib: int, measured: int) -> None:
    assert measured * 8 // 10 <= mysql_connections(gib=gib) <= measured


@pytest.mark.parametrize("stage", [DEV, READY], ids=["dev", "prod"])
def test_every_thread_of_twice_the_most_tasks_finds_a_connection(stage: Stage) -> None:
    service = stage.service
    threads = service.web.most * service.workers * service.threads + service.background.most * 16
    one_off_tasks = 2
    assert 2 * threads + one_off_tasks == service.most_connections
    assert service.most_connections + 5 <= stage.database.max_connections


def test_a_group_of_firewall_rules_that_nobody_has_looked_at_is_refused() -> None:
    stage = replace(DEV, firewall=replace(DEV.firewall, managed=("CommonRuleSet", "LinuxRuleSet")))
    assert refusal(stage).startswith(
        "dev: firewall.managed: deploy/waf.py does not say which rules of LinuxRuleSet refuse; it knows CommonRuleSet, "
    )


def test_a_firewall_without_a_group_is_refused() -> None:
    stage = replace(DEV, firewall=replace(DEV.firewall, managed=()))
    assert refusal(stage) == "dev: firewall.managed must name a group at least, or firewall.enabled be False"


def test_everything_that_is_wrong_is_said_at_once() -> None:
    stage = replace(
        DEV,
        account="12",
        network=replace(DEV.network, cidr="10.0.0.0/33", nat_gateways=1),
        service=replace(DEV.service, currency="usd", settings={"API_TOKEN": "x"}),
    )
    assert refusal(stage).splitlines() == [
        "dev: tasks with public addresses need no nat_gateways and no interface_endpoints",
        "dev: service.currency must be an ISO 4217 code such as USD, not 'usd'",
        "dev: service.settings is for what may be read by anyone; API_TOKEN belongs in a secret",
        "dev: '10.0.0.0/33' is not a network such as 203.0.113.0/24",
        "dev: account must be 12 digits, not '12'",
    ]


@pytest.mark.parametrize(
    ("domain", "said"),
    [
        (Domain(name="shop.example.com"), "domain needs either hosted_zone_id"),
        (
            Domain(name="shop.example.com", hosted_zone_id="Z1", hosted_zone_name="example.org"),
            "domain shop.example.com is not in the zone 'example.org'",
        ),
        (
            Domain(name="shop.example.com", certificate_arn="arn:aws:acm:eu-west-1:1:certificate/x"),
            "certificate_arn must be of ACM in us-east-1",
        ),
    ],
)
def test_a_domain_that_cannot_work_is_refused(domain: Domain, said: str) -> None:
    assert refusal(replace(READY, domain=domain)).startswith(f"prod: {said}")


def test_passwords_may_not_change_faster_than_tasks_are_renewed() -> None:
    stage = replace(READY, database=replace(READY.database, rotation_days=7))
    assert "rotation_days must exceed service.renew_every_days" in refusal(stage)


def test_rotation_is_refused_where_its_function_could_not_run() -> None:
    stage = replace(DEV, database=replace(DEV.database, rotation_days=30))
    assert "rotation_days needs private subnets" in refusal(stage)


def test_traces_are_refused_where_neither_collector_nor_x_ray_could_be_reached() -> None:
    network = replace(READY.network, nat_gateways=0, interface_endpoints=WITHOUT_A_WAY_OUT)
    service = replace(READY.service, payments="mock")
    stage = replace(READY, network=network, service=service, watch=replace(READY.watch, traces=0.05))
    assert refusal(stage).splitlines() == [
        "prod: watch.collector_image is on the internet, where private tasks without network.nat_gateways cannot go: put "
        "a copy into this account's registry and name it as it is there, such as shop/collector:v0.43.3",
        "prod: watch.traces without network.nat_gateways needs the interface endpoint xray",
    ]


def test_production_without_backups_is_refused() -> None:
    stage = replace(READY, database=replace(READY.database, backup_days=0))
    assert (
        refusal(stage) == "prod: database.backup_days and deletion_protection are not optional in production"
    )


def test_fargate_sizes_that_do_not_exist_are_refused() -> None:
    stage = replace(DEV, service=replace(DEV.service, web=Tasks(cpu=256, memory=4096, least=1, most=1)))
    assert refusal(stage) == "dev: service.web: Fargate has no 256 units with 4096 MiB"


def test_an_unknown_stage_is_named_with_those_that_exist() -> None:
    with pytest.raises(ConfigError, match="there is no stage 'test': STAGE is one of dev, prod"):
        stage_named("test")


def test_an_existing_pool_can_be_named() -> None:
    identity = replace(DEV.identity, existing=ExistingPool(user_pool_id="us-east-1_x", client_id="c"))
    check(replace(DEV, identity=identity))

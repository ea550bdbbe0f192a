import time
from datetime import date
from typing import Any

import pytest

from deploy.commands import cost, info, logs
from deploy.commands.outcome import Refused
from deploy.config import DEV
from deploy.tests.commands.fakes import ACCOUNT, TAG, Refusal, World, outputs, services

NOW = int(time.time() * 1000)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    made.has_all_stacks()
    made.aws.answers |= {
        "rds.DescribeDBInstances": {"DBInstances": [{"DBInstanceStatus": "available"}]},
        "ecs.DescribeServices": services(),
        "ecs.DescribeTaskDefinition": {
            "taskDefinition": {
                "containerDefinitions": [
                    {"name": "front", "image": f"{ACCOUNT}.ecr/shop/front:{TAG}"},
                    {"name": "web", "image": f"{ACCOUNT}.ecr/shop/app:{TAG}"},
                ]
            }
        },
    }
    monkeypatch.setattr(info, "health", lambda url: f"200 from {url}")
    return made


# ---- info --------------------------------------------------------------------------------------------------


def test_info_tells_where_everything_is_and_how_it_does(world: World) -> None:
    info.run(world.context)

    told = {" ".join(line.split()) for line in world.said.splitlines()}
    assert told >= {
        f"account {ACCOUNT}",
        "region us-east-1",
        "url https://api.example.com",
        "user pool us-east-1_pool",
        "table shop-dev-products",
        "table shop-dev-rate-limits",
        "MySQL available",
        "stack shop-dev-service UPDATE_COMPLETE",
        f"service shop-dev-web 1 of 1 tasks, settled, shop-dev-web:7, version {TAG}",
        "health 200 from https://api.example.com",
    }
    assert world.aws.calls() == []


def test_info_of_a_paused_stage_says_so(world: World) -> None:
    del world.stacks["shop-dev-service"], world.stacks["shop-dev-observability"]
    world.aws.answers["rds.DescribeDBInstances"] = {"DBInstances": [{"DBInstanceStatus": "stopped"}]}

    info.run(world.context)

    assert "No service: dev is paused. make resume STAGE=dev" in world.said
    assert "MySQL  stopped" in world.said


def test_info_of_nothing_is_refused(world: World) -> None:
    world.stacks.clear()

    with pytest.raises(
        Refused, match=r"dev is not deployed in account 111122223333. Cure: make deploy STAGE=dev"
    ):
        info.run(world.context)


def test_every_table_is_named(world: World) -> None:
    rows = info.rows(DEV, account=ACCOUNT, statuses={}, outputs=outputs("dev")["data"])

    assert [value for label, value in rows if label == "table"] == [
        "shop-dev-stock-movements",
        "shop-dev-products",
        "shop-dev-rate-limits",
        "shop-dev-stock-reservations",
    ]


def test_health_of_what_does_not_answer_is_a_line_and_no_traceback() -> None:
    assert info.health("http://127.0.0.1:1").startswith("does not answer: ")


# ---- logs --------------------------------------------------------------------------------------------------


def event(number: int) -> dict[str, Any]:
    return {
        "eventId": str(number),
        "timestamp": NOW + number,
        "message": f'{{"line": {number}}}\n',
    }


@pytest.mark.parametrize(
    ("words", "pattern"),
    [
        ({}, ""),
        ({"request": "req_1-a"}, '{ $.request_id = "req_1-a" }'),
        ({"order": "42"}, "{ $.order_id = 42 }"),
        ({"request": "r", "order": "7"}, '{ $.request_id = "r" && $.order_id = 7 }'),
    ],
)
def test_one_request_or_order_is_followed_by_a_filter(words: dict[str, str], pattern: str) -> None:
    assert logs.pattern(**words) == pattern


@pytest.mark.parametrize("words", [{"request": 'x" || $.a = "'}, {"order": "1 || 2"}, {"order": "0"}])
def test_what_is_no_id_never_becomes_part_of_a_filter(words: dict[str, str]) -> None:
    with pytest.raises(Refused):
        logs.pattern(**words)


@pytest.mark.parametrize(("since", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7200), ("7d", 604_800)])
def test_since_is_a_time(since: str, seconds: int) -> None:
    assert logs.seconds(since) == seconds


@pytest.mark.parametrize("since", ["15", "m", "1w", "-5m"])
def test_since_is_nothing_else(since: str) -> None:
    with pytest.raises(Refused, match=r"SINCE is a time"):
        logs.seconds(since)


def test_all_pages_are_shown_once_in_order(world: World) -> None:
    world.words = {"FOLLOW": "no", "ORDER": "42"}
    world.aws.answers["logs.FilterLogEvents"] = lambda params: (
        {"events": [event(1)]} if "nextToken" in params else {"events": [event(2)], "nextToken": "more"}
    )

    logs.run(world.context)

    assert world.said.splitlines()[1:] == ['{"line": 1}', '{"line": 2}']
    assert [each["filterPattern"] for each in world.aws.of("FilterLogEvents")] == ["{ $.order_id = 42 }"] * 2


def test_following_shows_a_line_that_comes_late_and_none_twice(world: World) -> None:
    rounds = iter([[event(1)], [event(1), event(2)], [event(2)]])

    def answer(_params: dict[str, Any]) -> Any:
        found = next(rounds, None)
        if found is None:
            raise KeyboardInterrupt
        return {"events": found}

    world.aws.answers["logs.FilterLogEvents"] = answer
    with pytest.raises(KeyboardInterrupt):
        logs.run(world.context)

    assert world.said.splitlines()[1:] == ['{"line": 1}', '{"line": 2}']
    assert world.clock.now == 6


# ---- cost --------------------------------------------------------------------------------------------------


def test_the_estimate_asks_aws_nothing(world: World) -> None:
    cost.run(world.context)

    assert world.seen == []
    for load in ("dev, idle", "dev, in use", "dev, paused"):
        assert load in world.said


def test_what_aws_counts_is_asked_for_by_the_stage_s_tag(world: World) -> None:
    world.words["ACTUAL"] = "1"
    groups = [
        {"Keys": [name], "Metrics": {"UnblendedCost": {"Amount": amount, "Unit": "USD"}}}
        for name, amount in (("RDS", "3.5"), ("ECS", "4.25"))
    ]
    world.aws.answers["ce.GetCostAndUsage"] = {"ResultsByTime": [{"Groups": groups}]}

    cost.run(world.context)

    (sent,) = world.aws.of("GetCostAndUsage")
    assert sent["Filter"] == {"Tags": {"Key": "stage", "Values": ["dev"]}}
    assert world.said.splitlines()[-3:] == ["ECS  $4.25", "RDS  $3.50", "$7.75 so far"]


@pytest.mark.parametrize(
    ("today", "begin", "end"),
    [("2026-03-01", "2026-03-01", "2026-03-02"), ("2026-12-31", "2026-12-01", "2027-01-01")],
)
def test_the_month_so_far_is_never_empty(today: str, begin: str, end: str) -> None:
    assert cost.period(date.fromisoformat(today)) == (date.fromisoformat(begin), date.fromisoformat(end))


def test_a_role_that_may_not_see_the_database_sees_the_rest(world: World) -> None:
    world.aws.answers["rds.DescribeDBInstances"] = Refusal("AccessDenied")

    info.run(world.context)

    assert "200 from https://api.example.com" in world.said

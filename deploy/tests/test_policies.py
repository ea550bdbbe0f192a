"""What every role may do: named actions on named resources. A wider right must be listed here, with its reason."""

from typing import Any

import pytest

from deploy.tests.templates import every_template, referred, template

ANY_RESOURCE = {
    "ecr:GetAuthorizationToken": "gives a token for the whole registry; knows no resources",
    "ecs:DescribeTaskDefinition": "knows no resources",
    "xray:PutTraceSegments": "knows no resources",
    "xray:PutTelemetryRecords": "knows no resources",
}


STAFF = {
    *("AdminGetUser", "AdminListGroupsForUser", "ListUsersInGroup"),
    *("AdminDisableUser", "AdminEnableUser", "AdminUserGlobalSignOut"),
}
"""What the back office does with accounts: look at them, shut them out, let them in."""


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements() -> list[tuple[str, dict[str, Any]]]:
    """Every statement of every identity policy, after the place where it stands."""
    found = []
    for template_ in every_template():
        for name, resource in template_.body["Resources"].items():
            properties = resource.get("Properties", {})
            documents = (
                [properties["PolicyDocument"]]
                if resource["Type"]
                in {
                    "AWS::IAM::Policy",
                    "AWS::IAM::ManagedPolicy",
                }
                else [
                    each["PolicyDocument"]
                    for each in properties.get("Policies", [])
                    if resource["Type"] == "AWS::IAM::Role"
                ]
            )
            found += [
                (f"{template_.name}/{name}", each) for document in documents for each in document["Statement"]
            ]
    assert len(found) > 50
    return found


def test_no_policy_has_a_star_in_an_action() -> None:
    assert [
        (place, action) for place, each in statements() for action in listed(each["Action"]) if "*" in action
    ] == []


def test_no_policy_allows_by_exception() -> None:
    assert [place for place, each in statements() if {"NotAction", "NotResource"} & each.keys()] == []


def test_any_resource_is_allowed_only_where_aws_knows_none_to_name() -> None:
    wide = {
        action
        for _place, each in statements()
        if "*" in listed(each["Resource"])
        for action in listed(each["Action"])
    }
    assert wide == set(ANY_RESOURCE)


def test_no_role_is_given_a_policy_of_awss_making() -> None:
    """They are wider than what is needed, and AWS changes them."""
    for template_ in every_template():
        for name, role in template_.of("IAM::Role").items():
            assert "ManagedPolicyArns" not in role["Properties"], f"{template_.name}/{name}"


def rights(stage: str, part: str, role: str) -> dict[str, list[str]]:
    """Allowed actions by the kind of resource that they are allowed on, of a role by the start of its logical id."""
    found: dict[str, list[str]] = {}
    for name, policy in template(stage, part).of("IAM::Policy").items():
        if name.startswith(role):
            for each in policy["Properties"]["PolicyDocument"]["Statement"]:
                for resource in listed(each["Resource"]):
                    text = referred(resource)
                    kinds = (
                        "ProductsTable",
                        "ReservationsTable",
                        "MovementsTable",
                        "RateLimitsTable",
                        "DeadLetters",
                        "Orders",
                        "userpool",
                    )
                    kind = next((kind for kind in kinds if kind in text), text)
                    kind += "/index" if "/index/" in text else ""
                    found[kind] = sorted(
                        {*found.get(kind, []), *(a.split(":")[1] for a in listed(each["Action"]))}
                    )
    return found


def test_a_web_task_may_do_what_the_api_offers_and_no_more() -> None:
    assert rights("prod", "service", "WebRole") == {
        "ProductsTable": ["BatchGetItem", "GetItem", "PutItem", "Query", "UpdateItem"],
        "ProductsTable/index": ["Query"],
        "ReservationsTable": ["BatchGetItem", "GetItem", "PutItem", "Scan", "UpdateItem"],
        "MovementsTable": ["BatchGetItem", "GetItem", "PutItem", "Query"],
        "MovementsTable/index": ["Query"],
        "RateLimitsTable": ["GetItem", "UpdateItem"],
        "Orders": ["GetQueueAttributes", "SendMessage"],
        "DeadLetters": ["GetQueueAttributes"],
        "userpool": sorted(STAFF),
    }


def test_a_task_may_query_the_indexes_that_there_are() -> None:
    found = {
        text.partition("/index/")[2].rstrip('"]}')
        for name, policy in template("prod", "service").of("IAM::Policy").items()
        if name.startswith("WebRole")
        for each in policy["Properties"]["PolicyDocument"]["Statement"]
        for text in map(referred, listed(each["Resource"]))
        if "/index/" in text
    }
    assert found == {"catalogue", "category", "history"}


def test_only_the_back_offices_tasks_may_touch_accounts_and_none_may_make_one_or_give_it_rights() -> None:
    assert {
        (place.partition("/")[0], action)
        for place, each in statements()
        for action in listed(each["Action"])
        if action.startswith("cognito")
    } == {(f"shop-{stage}-service", f"cognito-idp:{action}") for stage in ("dev", "prod") for action in STAFF}


def test_a_background_task_may_settle_orders_and_read_the_books() -> None:
    assert rights("prod", "service", "BackgroundRole") == {
        "ProductsTable": ["BatchGetItem", "GetItem", "PutItem", "Scan", "UpdateItem"],
        "ReservationsTable": ["BatchGetItem", "GetItem", "PutItem", "Scan", "UpdateItem"],
        "MovementsTable": ["Scan"],
        "RateLimitsTable": ["UpdateItem"],
        "Orders": ["ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "ReceiveMessage"],
        "DeadLetters": ["GetQueueAttributes"],
    }


def test_a_migration_may_do_nothing_but_sign_in_to_mysql() -> None:
    assert rights("prod", "cluster", "MigrationRole") == {}


def test_nothing_in_production_may_delete_an_item_a_table_or_a_user() -> None:
    actions = {action for _place, each in statements() for action in listed(each["Action"])}
    assert sorted(action for action in actions if "Delete" in action) == ["sqs:DeleteMessage"]


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_services_take_on_their_roles_for_this_account_only(stage: str) -> None:
    for part in ("cluster", "service"):
        for name, role in template(stage, part).of("IAM::Role").items():
            (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
            assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}, (
                name
            )


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_every_kind_of_task_has_roles_of_its_own(stage: str) -> None:
    tasks = [
        each
        for part in ("cluster", "service")
        for each in template(stage, part).properties("ECS::TaskDefinition")
    ]
    for kind in ("TaskRoleArn", "ExecutionRoleArn"):
        assert len({referred(each[kind]) for each in tasks}) == len(tasks) == 4

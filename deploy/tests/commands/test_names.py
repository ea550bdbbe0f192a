"""What the commands take for granted about the stacks, compared with the templates."""

import json
import re

import pytest

from deploy.commands import config_values, database, services
from deploy.commands.aws import PARTS
from deploy.commands.context import ROOT
from deploy.commands.info import SHOWN
from deploy.commands.pause import DELETED
from deploy.commands.tools import LOCKED
from deploy.config import DEV
from deploy.tests.commands.fakes import World, outputs
from deploy.tests.templates import OUT, template


def published(stage: str, part: str) -> set[str]:
    return {
        name for name in template(stage, part).body.get("Outputs", {}) if not name.startswith("ExportsOutput")
    }


@pytest.mark.parametrize("part", PARTS)
def test_every_output_that_the_tests_play_is_published(part: str) -> None:
    assert outputs("dev")[part].keys() <= published("dev", part)


def test_every_output_that_is_shown_or_needed_is_published() -> None:
    everything = set().union(*(published("prod", part) for part in PARTS))

    assert {name for _label, name in SHOWN} <= everything
    assert {secret.output for secret in config_values.SECRETS.values()} <= everything


def test_services_and_database_have_the_names_that_are_asked_for() -> None:
    names = {each["ServiceName"] for each in template("dev", "service").properties("ECS::Service")}
    assert names == {DEV.named(name) for name in services.NAMES}
    assert template("dev", "cluster").the("ECS::Cluster")["ClusterName"] == DEV.prefix
    assert template("dev", "data").the("RDS::DBInstance")["DBInstanceIdentifier"] == database.name(
        World().context
    )


def test_what_a_pause_deletes_keeps_no_data() -> None:
    keeps = re.compile("DynamoDB|RDS|S3::Bucket$|Cognito|SecretsManager|SQS::Queue$|EFS")
    for part in DELETED:
        kinds = {each["Type"] for each in template("dev", part).body["Resources"].values()}
        assert [kind for kind in sorted(kinds) if keeps.search(kind)] == []


def test_no_other_stack_needs_what_a_pause_deletes() -> None:
    for part in set(PARTS) - set(DELETED):
        assert "shop-dev-service:Exports" not in str(template("dev", part).body)
        assert "shop-dev-observability:Exports" not in str(template("dev", part).body)


def test_every_target_of_the_dockerfile_is_known() -> None:
    named = re.findall(r"^FROM \S+ AS (\w+)", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)

    assert "front" in named
    assert re.search(r"^FROM \S+$", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)


def test_the_cdk_s_program_is_new_enough_for_the_library_s_templates() -> None:
    needed = json.loads((OUT / "stages/manifest.json").read_text())["minimumCliVersion"]
    locked = json.loads((LOCKED / "package.json").read_text())["devDependencies"]["aws-cdk"]

    # The registry's 3.0.0 is older than these, whatever its number says: it cannot read the templates.
    assert locked.startswith("2.")
    assert [int(each) for each in locked.split(".")] >= [int(each) for each in needed.split(".")]

"""Read the templates that were made, without the CDK: plain JSON, so that the tests are quick."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

OUT = Path(__file__).resolve().parents[1] / "cdk.out"
PARTS = ("network", "data", "identity", "cluster", "service", "observability")

Resource = dict[str, Any]


@dataclass(frozen=True)
class Template:
    """One stack's template."""

    name: str
    body: dict[str, Any]

    def of(self, kind: str) -> dict[str, Resource]:
        """Return the resources of a type, by logical id; ``kind`` leaves ``AWS::`` out."""
        return {name: each for name, each in self.body["Resources"].items() if each["Type"] == f"AWS::{kind}"}

    def the(self, kind: str) -> dict[str, Any]:
        """Return the properties of the only resource of a type."""
        found = list(self.of(kind).values())
        assert len(found) == 1, f"{self.name} has {len(found)} of {kind}"
        properties: dict[str, Any] = found[0]["Properties"]
        return properties

    def properties(self, kind: str) -> list[dict[str, Any]]:
        """Return the properties of all resources of a type."""
        return [each.get("Properties", {}) for each in self.of(kind).values()]


@cache
def template(stage: str, part: str) -> Template:
    """Return a stack's template; ``stage`` is ``dev``, ``prod`` or ``other`` (the other side of every choice)."""
    directory, name = (
        ("other-options", f"shop-prod-{part}") if stage == "other" else ("stages", f"shop-{stage}-{part}")
    )
    return read(OUT / directory / f"{name}.template.json")


@cache
def read(path: Path) -> Template:
    """Return the template in a file."""
    assert path.exists(), f"{path} is not there: run make synth"
    return Template(path.name.removesuffix(".template.json"), json.loads(path.read_text(encoding="utf-8")))


def every_template() -> list[Template]:
    """Return all templates."""
    return [read(path) for path in sorted(OUT.glob("*/*.template.json"))]


def containers(stage: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every container of a stage's tasks, after its task's family."""
    for part in ("cluster", "service"):
        for task in template(stage, part).properties("ECS::TaskDefinition"):
            for container in task["ContainerDefinitions"]:
                yield task["Family"], container


def container(stage: str, name: str) -> dict[str, Any]:
    """Return the container of this name."""
    return next(each for _family, each in containers(stage) if each["Name"] == name)


def pairs(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Return ``[{"Name"/"Key": …, "Value"/"ValueFrom": …}]`` as a dictionary."""
    return {
        entry.get("Name") or entry["Key"]: entry.get("Value", entry.get("ValueFrom")) for entry in entries
    }


def referred(value: Any) -> str:
    """Return what a reference names, as text: the export or logical id in it."""
    return json.dumps(value)

"""Turn a task definition into services of a compose file: what ECS does with it, as far as Docker does the same.

A property that is not named here is an error, so that a new one cannot be overlooked.
"""

from dataclasses import dataclass, field
from typing import Any

IMAGES = {"app": "shop:local", "front": "shop-front:local"}
CONDITIONS = {
    "HEALTHY": "service_healthy",
    "SUCCESS": "service_completed_successfully",
    "START": "service_started",
}
TRANSLATED = {
    "Command",
    "DependsOn",
    "Environment",
    "HealthCheck",
    "Image",
    "LinuxParameters",
    "MountPoints",
    "Name",
    "ReadonlyRootFilesystem",
    "Secrets",
    "StopTimeout",
    "User",
}
LEFT_TO_AWS = {
    "Essential": "the end of one container does not end the others: that all still run is checked instead",
    "LogConfiguration": "the lines stay in Docker's own log",
    "PortMappings": "the balancer is told the port; nothing else is published",
}
TASK_LEFT_TO_AWS = {
    "Family": "a name",
    "Tags": "names",
    "ExecutionRoleArn": "the values of the secrets are read with made-up keys",
    "TaskRoleArn": "the emulator is called with made-up keys",
    "RequiresCompatibilities": "Docker is not Fargate",
    "RuntimePlatform": "the images are built for this machine, not for ARM",
}
TASK_TRANSLATED = {"ContainerDefinitions", "Cpu", "Memory", "NetworkMode", "Volumes"}

Service = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Additions:
    """What a container gets beside its definition.

    Attributes:
        variables: further ones.
        files: path in the container → file here, mounted read-only.
    """

    variables: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


@dataclass
class ComposeFile:
    """Services by name, and the volumes that they name."""

    services: dict[str, Service] = field(default_factory=dict)
    volumes: dict[str, dict[str, str]] = field(default_factory=dict)

    def add_task(
        self,
        name: str,
        task: dict[str, Any],
        *,
        environments: dict[str, dict[str, str]],
        additions: dict[str, Additions],
        after: dict[str, str],
    ) -> None:
        """Add a task: its containers share one network interface, which a container that sleeps holds (awsvpc).

        Args:
            name: of the running task; its address in the network, first part of its services' names.
            task: its definition, resolved.
            environments: by container, whole.
            additions: by container; none of them for those that are not named.
            after: services that must be there first, with compose's condition.
        """
        unknown = task.keys() - TASK_TRANSLATED - TASK_LEFT_TO_AWS.keys()
        assert not unknown, f"task definitions have {unknown}, which is not translated"
        assert task["NetworkMode"] == "awsvpc"
        self.services[name] = {
            "image": IMAGES["front"],
            "entrypoint": ["sleep", "infinity"],
            "init": True,
            "healthcheck": {"test": ["CMD", "true"], "interval": "2s"},
            "depends_on": {other: {"condition": condition} for other, condition in after.items()},
        }
        limits = {"cpus": int(task["Cpu"]) / 1024, "mem_limit": f"{task['Memory']}m"}
        for container in task["ContainerDefinitions"]:
            unknown = container.keys() - TRANSLATED - LEFT_TO_AWS.keys()
            assert not unknown, f"container definitions have {unknown}, which is not translated"
            added = additions.get(container["Name"], Additions())
            given = environments[container["Name"]] | added.variables
            self.services[f"{name}-{container['Name']}"] = {
                **self._service(name, container, files=added.files),
                "environment": {key: escaped(value) for key, value in given.items()},
                **limits,
            }

    def _service(self, task: str, container: dict[str, Any], *, files: dict[str, str]) -> Service:
        mounts = []
        for point in container.get("MountPoints", []):
            volume = f"{task}-{point['SourceVolume']}"
            self.volumes[volume] = {}
            mounts.append(f"{volume}:{point['ContainerPath']}{':ro' if point['ReadOnly'] else ''}")
        linux = container.get("LinuxParameters", {})
        service: Service = {
            "image": IMAGES[container["Image"].rpartition("/")[2].partition(":")[0]],
            "network_mode": f"service:{task}",
            "user": container["User"],
            "read_only": container["ReadonlyRootFilesystem"],
            "cap_drop": linux["Capabilities"]["Drop"],
            "init": linux["InitProcessEnabled"],
            "stop_grace_period": f"{container['StopTimeout']}s",
            "volumes": mounts + [f"{source}:{path}:ro" for path, source in files.items()],
            "healthcheck": health(container.get("HealthCheck")),
            "depends_on": {
                f"{task}-{each['ContainerName']}": {"condition": CONDITIONS[each["Condition"]]}
                for each in container.get("DependsOn", [])
            },
        }
        if "Command" in container:
            service["command"] = container["Command"]
        return service


def health(check: dict[str, Any] | None) -> dict[str, Any]:
    """Translate a health check; without one ECS runs none, not even the image's own."""
    if check is None:
        return {"disable": True}
    return {
        "test": check["Command"],
        "interval": f"{check['Interval']}s",
        "timeout": f"{check['Timeout']}s",
        "retries": check["Retries"],
        "start_period": f"{check['StartPeriod']}s",
    }


def escaped(value: str) -> str:
    """Keep compose from reading ``$`` as the beginning of a variable."""
    return value.replace("$", "$$")

"""An account to deploy to: what the CDK and Docker make comes to be in it."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.commands import deploy
from deploy.commands.programs import Ended
from deploy.tests.commands.fakes import ACCOUNT, TAG, Refusal, World, services

PROGRAM = Path("/cdk/node_modules/aws-cdk/bin/cdk")
COMMIT = f"{TAG}{'c' * 28}"
PASSWORD = "registry-password"  # pragma: allowlist secret (made up for the test)
CHANGES = ("deploy", "bootstrap")
READS = ("Describe", "Get", "Batch")


def migration(*, codes: dict[str, int | None] | None = None) -> dict[str, Any]:
    steps = codes or {"check": 0, "user": 0, "migrate": 0}
    containers = [
        {"name": name} | ({} if code is None else {"exitCode": code}) for name, code in steps.items()
    ]
    return {
        "tasks": [
            {"lastStatus": "STOPPED", "stoppedReason": "Essential container exited", "containers": containers}
        ]
    }


def an_account(monkeypatch: pytest.MonkeyPatch) -> World:
    """An account in which nothing is there; stacks come to be when the CDK deploys them, images when Docker pushes."""
    made = World()
    made.assume_yes = True
    pushed: set[str] = set()

    def describe_images(params: dict[str, Any]) -> Any:
        name = params["repositoryName"]
        if name not in pushed:
            return Refusal("ImageNotFoundException")
        return {"imageDetails": [{"imageDigest": f"sha256:{name[5:]}"}]}

    made.aws.answers |= {
        "ssm.GetParameter": {"Parameter": {"Value": "30"}},
        "ec2.DescribeAvailabilityZones": {"AvailabilityZones": []},
        "rds.DescribeDBInstances": Refusal("DBInstanceNotFound"),
        "ecr.DescribeImages": describe_images,
        "ecr.BatchGetImage": {
            "images": [
                {
                    "imageManifest": "{}",
                    "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
                }
            ]
        },
        "ecr.PutImage": {},
        "ecr.GetAuthorizationToken": {
            "authorizationData": [
                {
                    "authorizationToken": base64.b64encode(f"AWS:{PASSWORD}".encode()).decode(),
                    "proxyEndpoint": f"https://{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com",
                }
            ]
        },
        "iam.CreateServiceLinkedRole": {"Role": role()},
        "ecs.RunTask": {"tasks": [{"taskArn": "arn:aws:ecs:us-east-1:1:task/shop-dev/abc"}], "failures": []},
        "ecs.DescribeTasks": migration(),
        "ecs.DescribeServices": services(),
        "logs.GetLogEvents": {"events": [{"message": "django: relation does not exist"}]},
    }
    made.programs.answers |= {
        "git rev-parse HEAD": Ended(code=0, output=f"{COMMIT}\n"),
        "git rev-parse HEAD^{tree}": Ended(code=0, output="the-tree\n"),
        "git write-tree": Ended(code=0, output="the-tree\n"),
        "docker buildx inspect": Ended(code=0, output="Platforms: linux/amd64, linux/arm64"),
    }
    for image in ("app", "front"):
        target = "" if image == "app" else "--target front "
        line = f"docker buildx build --platform linux/arm64 {target}"
        made.programs.answers[line + "--"] = pushes(pushed, f"shop/{image}")
    for part in ("network", "data", "identity", "cluster", "service", "observability"):
        made.programs.answers[cdk("deploy", part)] = makes(made, part)
        made.programs.answers[cdk("deploy", part, assembly="assembly-unprotected")] = makes(made, part)
    monkeypatch.setattr("deploy.commands.tools.shutil.which", lambda name: f"/bin/{name}")
    return made


def role() -> dict[str, Any]:
    return {"Path": "/", "RoleName": "ecs", "RoleId": "A" * 20, "Arn": "a" * 20, "CreateDate": 0}


def pushes(pushed: set[str], name: str) -> Callable[[], Ended]:
    def push() -> Ended:
        pushed.add(name)
        return Ended(code=0)

    return push


def makes(world: World, part: str) -> Callable[[], Ended]:
    def make() -> Ended:
        world.has_stack(part)
        return Ended(code=0)

    return make


def cdk(command: str, *parts: str, assembly: str = "assembly") -> str:
    options = "--exclusively --require-approval never --progress events " if command == "deploy" else ""
    names = " ".join("shop-pipeline" if part == "pipeline" else f"shop-dev-{part}" for part in parts)
    return f"node cdk {command} --app {assembly} --no-notices {options}{names}".rstrip()


def run(world: World) -> None:
    deploy.run(world.context, cdk_program=PROGRAM)


def effects(world: World) -> list[str]:
    """What changed something, in short: calls to AWS, and programs but those that only look."""
    short = []
    for each in world.seen:
        if "." in each.split(" ")[0] and not each.split(".")[1].startswith(READS):
            short.append(each)
        elif each.startswith("docker buildx build"):
            short.append("push front" if "--target front" in each else "push app")
        elif each.startswith("docker log"):
            short.append(" ".join(each.split()[:2]))
        elif each.startswith("node cdk") and each.split()[2] in CHANGES:
            alone = " unprotected" if "assembly-unprotected" in each else ""
            short.append(f"{each.split()[2]} {each.split()[-1]}{alone}")
        elif each.startswith("docker buildx imagetools"):
            short.append("copy " + each.rpartition("/")[2].split(":")[0])
        elif "smoke.py" in each:
            short.append("smoke")
    return short


IMAGES = ["docker login", "push app", "push front", "docker logout"]
STACKS = [
    "deploy shop-pipeline",
    "deploy shop-dev-network",
    "deploy shop-dev-data",
    "deploy shop-dev-identity",
]
VERSION = [
    "ecr.PutImage",
    "ecr.PutImage",
    "deploy shop-dev-cluster",
    "ecs.RunTask",
    "deploy shop-dev-service",
    "deploy shop-dev-observability",
    "smoke",
]

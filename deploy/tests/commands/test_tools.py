"""With programs that are really started: small scripts, found on the PATH, that write down how they were called."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from deploy.commands import images, tools
from deploy.commands.context import ROOT
from deploy.commands.outcome import Failed, Refused
from deploy.commands.programs import Programs
from deploy.tests.commands.fakes import ACCOUNT, TAG, Refusal, World

PASSWORD = "registry-password"  # pragma: allowlist secret (made up for the test)


class Scripts:
    """A PATH of our own. Each script appends its arguments and its standard input to a file, then does ``body``."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.log = directory, directory / "log"

    def put(self, name: str, body: str = "", *, reads: bool = False) -> str:
        script = self.directory / name
        listen = 'printf "  stdin: %s\\n" "$(cat)" >>"$LOG"' if reads else ":"
        script.write_text(f'#!/bin/sh\nLOG={self.log}\necho "{name} $*" >>"$LOG"\n{listen}\n{body}\n')
        script.chmod(0o755)
        return str(script)

    @property
    def called(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scripts:
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
    return Scripts(directory)


@pytest.fixture
def world() -> World:
    made = World()
    made.real_programs = Programs()
    return made


# ---- The CDK's program -------------------------------------------------------------------------------------

INSTALLS = 'case "$*" in *npm-cli.js*) mkdir -p node_modules/aws-cdk/bin; : >node_modules/aws-cdk/bin/cdk;; esac; echo v24'


def test_the_cdk_is_installed_once_and_only_from_the_lock(scripts: Scripts, tmp_path: Path) -> None:
    node = scripts.put("node", INSTALLS)

    first = tools.install_cdk(Programs(), node=node, into=tmp_path / "cdk")
    second = tools.install_cdk(Programs(), node=node, into=tmp_path / "cdk")

    assert first == second == tmp_path / "cdk/node_modules/aws-cdk/bin/cdk"
    npm = f"{tools.node_directory()}/lib/node_modules/npm/bin/npm-cli.js"
    assert scripts.called == [
        "node --version",
        f"node {npm} ci --ignore-scripts --no-audit --no-fund",
        "node --version",
    ]
    assert Path(npm).exists()


def test_a_new_lock_is_installed_anew(scripts: Scripts, tmp_path: Path) -> None:
    node, into = scripts.put("node", INSTALLS), tmp_path / "cdk"
    tools.install_cdk(Programs(), node=node, into=into)
    (into / ".installed").write_text("another lock")

    tools.install_cdk(Programs(), node=node, into=into)

    assert sum("npm-cli.js ci" in line for line in scripts.called) == 2


def test_a_node_that_does_not_run_is_one_line(scripts: Scripts, tmp_path: Path) -> None:
    node = scripts.put("node", "echo 'not found: ld-linux'; exit 1")

    with pytest.raises(
        Refused, match=r"Node does not run on this machine .not found: ld-linux.. Cure: rm -r"
    ):
        tools.install_cdk(Programs(), node=node, into=tmp_path / "cdk")


def test_no_node_at_all_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"Node does not run on this machine"):
        tools.install_cdk(Programs(), node=str(tmp_path / "node"), into=tmp_path / "cdk")


def test_packages_that_cannot_be_had_are_one_line(scripts: Scripts, tmp_path: Path) -> None:
    node = scripts.put("node", 'case "$*" in *npm*) echo "ENOTFOUND"; exit 1;; esac; echo v24')

    with pytest.raises(
        Refused, match=r"could not be installed .ENOTFOUND.. Cure: check the internet connection"
    ):
        tools.install_cdk(Programs(), node=node, into=tmp_path / "cdk")


def test_the_lock_names_one_program_and_its_checksum() -> None:
    packages = json.loads((tools.LOCKED / "package-lock.json").read_text())["packages"]
    wanted = json.loads((tools.LOCKED / "package.json").read_text())["devDependencies"]

    assert sorted(packages) == ["", "node_modules/aws-cdk"]
    assert packages["node_modules/aws-cdk"]["version"] == wanted["aws-cdk"]
    kind, _, checksum = packages["node_modules/aws-cdk"]["integrity"].partition("-")
    assert (kind, len(base64.b64decode(checksum))) == ("sha512", hashlib.sha512().digest_size)


# ---- Docker ------------------------------------------------------------------------------------------------


def test_no_docker_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(Refused, match=r"Docker is not installed. Cure: install Docker Desktop"):
        tools.check_docker(Programs())


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('[ "$1" != version ]', "Docker does not answer. Cure: start Docker"),
        ('[ "$1" != buildx ]', "Docker has no buildx. Cure: install docker-buildx-plugin"),
        ('echo "Platforms: linux/amd64"', "cannot build for ARM here. Cure: docker run --privileged"),
    ],
)
def test_a_docker_that_cannot_is_one_line(
    scripts: Scripts, monkeypatch: pytest.MonkeyPatch, body: str, told: str
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    scripts.put("docker", body)

    with pytest.raises(Refused, match=told):
        tools.check_docker(Programs())


def test_an_arm_machine_builds_for_arm_by_itself(scripts: Scripts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    scripts.put("docker")

    tools.check_docker(Programs())

    assert scripts.called == ["docker version", "docker buildx inspect"]


# ---- Images ------------------------------------------------------------------------------------------------


@pytest.fixture
def registry(world: World, scripts: Scripts) -> World:
    """A registry that has what Docker pushed to it."""

    def describe(params: dict[str, Any]) -> object:
        pushed = any(f"{params['repositoryName']}:{TAG} --push" in line for line in scripts.called)
        return (
            {"imageDetails": [{"imageDigest": "sha256:1"}]}
            if pushed
            else Refusal("RepositoryNotFoundException")
        )

    world.aws.answers["ecr.DescribeImages"] = describe
    manifest = {"imageManifest": "{}", "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json"}
    world.aws.answers |= {"ecr.BatchGetImage": {"images": [manifest]}, "ecr.PutImage": {}}
    world.aws.answers["ecr.GetAuthorizationToken"] = {
        "authorizationData": [
            {
                "authorizationToken": base64.b64encode(f"AWS:{PASSWORD}".encode()).decode(),
                "proxyEndpoint": f"https://{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com",
            }
        ]
    }
    return world


def test_both_images_are_built_for_arm_and_the_password_goes_by_standard_input(
    registry: World, scripts: Scripts
) -> None:
    scripts.put("docker", reads=True)

    found = images.provide(registry.context, TAG)

    host = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
    build = "docker buildx build --platform linux/arm64"
    common = "--provenance=false --tag"
    assert [line for line in scripts.called if not line.startswith("  stdin: ") or PASSWORD in line] == [
        f"docker login --username AWS --password-stdin {host}",
        f"  stdin: {PASSWORD}",
        f"{build} --build-arg REVISION={TAG} --build-arg REQUIREMENTS=mysql {common} {host}/shop/app:{TAG} --push .",
        f"{build} --target front {common} {host}/shop/front:{TAG} --push .",
        f"docker logout {host}",
    ]
    assert found == {"app": "sha256:1", "front": "sha256:1"}
    assert PASSWORD not in registry.said


def test_a_build_that_fails_signs_out_all_the_same(registry: World, scripts: Scripts) -> None:
    scripts.put("docker", '[ "$1" != buildx ]')

    with pytest.raises(Failed, match=f"shop/app:{TAG} could not be built or pushed"):
        images.provide(registry.context, TAG)

    assert scripts.called[-1].startswith("docker logout ")


def test_a_tag_names_the_files_as_they_are_and_leaves_the_index_alone(world: World, tmp_path: Path) -> None:
    before = (ROOT / ".git/index").read_bytes()

    first, second = images.tag_of(world.context), images.tag_of(world.context)

    assert first == second
    assert len(first) in {12, 25}
    assert (ROOT / ".git/index").read_bytes() == before


def test_without_git_it_is_one_line(world: World, scripts: Scripts) -> None:
    scripts.put("git", "echo 'not a git repository'; exit 128")

    with pytest.raises(Refused, match=r"git rev-parse did not work.*not a git repository.*TAG="):
        images.tag_of(world.context)

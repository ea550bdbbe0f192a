"""The two images of a version: what it is called, whether it is there already, building and pushing it.

A tag names exactly one tree of files, and the registry lets no tag be pushed twice: whoever deploys the same files again
gets the same images.
"""

import base64
import os
import tempfile
from pathlib import Path

from botocore.exceptions import ClientError

from deploy.commands.aws import code_of
from deploy.commands.context import ROOT, Context
from deploy.commands.outcome import Failed, Refused
from deploy.config import PROJECT, Stage

TARGETS = {"app": [], "front": ["--target", "front"]}
"""Repositories ``shop/app`` and ``shop/front``, and which part of the Dockerfile each is."""


def tag_of(context: Context) -> str:
    """Return the tag of the files as they are: the commit, and what is changed beside it.

    Raises:
        Refused: this is no git repository.
    """
    commit = _git(context, "rev-parse", "HEAD")[:12]
    clean = _git(context, "rev-parse", "HEAD^{tree}")
    with tempfile.TemporaryDirectory() as directory:
        # An index of its own, so that the operator's is left as it is.
        own = {**os.environ, "GIT_INDEX_FILE": str(Path(directory) / "index")}
        _git(context, "add", "--all", environment=own)
        tree = _git(context, "write-tree", environment=own)
    tag = commit if tree == clean else f"{commit}-{tree[:12]}"
    return tag + variant(context.stage)


def variant(stage: Stage) -> str:
    """Return the end of a tag: traces take an image with more libraries."""
    return "-traces" if stage.watch.traces else ""


def _git(context: Context, *arguments: str, environment: dict[str, str] | None = None) -> str:
    ended = context.programs.run(["git", *arguments], directory=ROOT, environment=environment, quiet=True)
    if ended.code:
        raise Refused(
            f"git {arguments[0]} did not work, and images are named by the commit ({ended.output.strip()[:200]}). "
            "Cure: deploy from a git clone, or name images that are there: TAG=…"
        )
    return ended.output.strip()


def digests(context: Context, tag: str) -> dict[str, str]:
    """Return the digest of each image that the registry has under a tag."""
    found = {}
    for name in TARGETS:
        try:
            answer = context.aws.client("ecr").describe_images(
                repositoryName=f"{PROJECT}/{name}", imageIds=[{"imageTag": tag}]
            )
        except ClientError as error:
            if code_of(error) in {"ImageNotFoundException", "RepositoryNotFoundException"}:
                continue
            raise
        found[name] = str(answer["imageDetails"][0]["imageDigest"])
    return found


def build_and_push(context: Context, tag: str) -> dict[str, str]:
    """Build the images that the registry lacks, for ARM, push them, and return all digests.

    Raises:
        Failed: one could not be built or pushed; what was pushed stays and is used the next time.
    """
    lacking = [name for name in TARGETS if name not in digests(context, tag)]
    if lacking:
        registry = _sign_in(context)
        try:
            for name in lacking:
                _build(context, f"{registry}/{PROJECT}/{name}:{tag}", name=name, revision=tag)
        finally:
            context.programs.run(["docker", "logout", registry], directory=ROOT, quiet=True)
    there = digests(context, tag)
    if missing := sorted(TARGETS.keys() - there.keys()):
        raise Failed(f"the registry does not have {', '.join(missing)} under {tag}")
    for name, digest in there.items():
        state = "pushed" if name in lacking else "there already"
        context.console.say(f"    {PROJECT}/{name}:{tag} {digest} ({state})")
    return there


def _sign_in(context: Context) -> str:
    """Sign Docker in at the account's registry; the password goes by standard input."""
    data = context.aws.client("ecr").get_authorization_token()["authorizationData"][0]
    registry = str(data["proxyEndpoint"]).removeprefix("https://")
    user, password = base64.b64decode(data["authorizationToken"]).decode().split(":", 1)
    ended = context.programs.run(
        ["docker", "login", "--username", user, "--password-stdin", registry],
        directory=ROOT,
        standard_input=password,
        quiet=True,
    )
    if ended.code:
        raise Failed(f"Docker could not sign in at {registry}: {ended.output.strip()[:300]}")
    return registry


def _build(context: Context, image: str, *, name: str, revision: str) -> None:
    context.console.doing(f"Build and push {image}", call="ecr PutImage")
    build = ["docker", "buildx", "build", "--platform", "linux/arm64", *TARGETS[name]]
    if name == "app":
        lock = "traces" if context.stage.watch.traces else "mysql"
        build += ["--build-arg", f"REVISION={revision}", "--build-arg", f"REQUIREMENTS={lock}"]
    # One manifest, not a list of them: the registry's scan and its count of images know lists badly.
    build += ["--provenance=false", "--tag", image, "--push", "."]
    if context.programs.run(build, directory=ROOT).code:
        raise Failed(f"{image} could not be built or pushed (see above)")

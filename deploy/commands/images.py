"""The two images of a version: what it is called, whether it is there already, building and pushing it, copying it.

A tag names exactly one tree of files, and the registry lets no tag be pushed twice: whoever deploys the same files again
gets the same images.
"""

import base64
import os
import tempfile
from functools import partial
from pathlib import Path

from botocore.exceptions import ClientError

from deploy.commands.aws import code_of
from deploy.commands.context import ROOT, Context
from deploy.commands.outcome import Failed, Refused
from deploy.config import STAGES
from deploy.options import PROJECT

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
    return tag + context.stage.variant


def _git(context: Context, *arguments: str, environment: dict[str, str] | None = None) -> str:
    ended = context.programs.run(["git", *arguments], directory=ROOT, environment=environment, quiet=True)
    if ended.code:
        raise Refused(
            f"git {arguments[0]} did not work, and images are named by the commit ({ended.output.strip()[:200]}). "
            "Cure: deploy from a git clone, or name images that are there: TAG=…"
        )
    return ended.output.strip()


def digests(context: Context, tag: str, *, account: str = "") -> dict[str, str]:
    """Return the digest of each image that a registry has under a tag: this account's, or another's."""
    found = {}
    whose = {"registryId": account} if account else {}
    for name in TARGETS:
        try:
            answer = context.aws.client("ecr").describe_images(
                repositoryName=f"{PROJECT}/{name}", imageIds=[{"imageTag": tag}], **whose
            )
        except ClientError as error:
            if code_of(error) in {"ImageNotFoundException", "RepositoryNotFoundException"}:
                continue
            raise
        found[name] = str(answer["imageDetails"][0]["imageDigest"])
    return found


def source(context: Context, tag: str) -> str:
    """Return the account of another stage whose registry has both images of a version; empty: there is none."""
    own = context.aws.account
    for account in sorted({stage.account for stage in STAGES.values()} - {"", own}):
        found = context.aws.if_allowed(partial(digests, context, tag, account=account))
        if found and found.keys() == TARGETS.keys():
            return account
    return ""


def provide(context: Context, tag: str, *, source: str = "") -> dict[str, str]:
    """Put the images that the registry lacks into it, mark both as this stage's, and return all digests.

    Args:
        context: the stage.
        tag: the version.
        source: the account whose registry has them already; empty: they are built here, for ARM.

    Raises:
        Failed: one could not be had; those that are there stay and are used the next time.
    """
    lacking = [name for name in TARGETS if name not in digests(context, tag)]
    if lacking:
        registry, *elsewhere = _sign_in(context, source)
        try:
            for name in lacking:
                image = f"{PROJECT}/{name}:{tag}"
                if elsewhere:
                    _copy(context, f"{elsewhere[0]}/{image}", to=f"{registry}/{image}")
                else:
                    _build(context, f"{registry}/{image}", name=name, revision=tag)
        finally:
            for each in (registry, *elsewhere):
                context.programs.run(["docker", "logout", each], directory=ROOT, quiet=True)
    there = digests(context, tag)
    if missing := sorted(TARGETS.keys() - there.keys()):
        raise Failed(f"the registry does not have {', '.join(missing)} under {tag}")
    for name, digest in there.items():
        state = "there already" if name not in lacking else "copied" if source else "pushed"
        context.console.say(f"    {PROJECT}/{name}:{tag} {digest} ({state})")
        _mark(context, name, tag)
    return there


def _mark(context: Context, name: str, tag: str) -> None:
    """Give an image a second tag, ``prod-<tag>``: what a stage has run is kept apart from all else (deploy/stacks/pipeline.py)."""
    client, repository = context.aws.client("ecr"), f"{PROJECT}/{name}"
    (image,) = client.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": tag}])["images"]
    try:
        client.put_image(
            repositoryName=repository,
            imageManifest=image["imageManifest"],
            imageManifestMediaType=image["imageManifestMediaType"],
            imageTag=f"{context.stage.name}-{tag}",
        )
    except ClientError as error:
        if code_of(error) != "ImageAlreadyExistsException":
            raise


def _sign_in(context: Context, source: str) -> list[str]:
    """Sign Docker in at the account's registry, and at the one that images come from; return both.

    The password goes by standard input. It is good for all registries that its owner may read.
    """
    data = context.aws.client("ecr").get_authorization_token()["authorizationData"][0]
    registry = str(data["proxyEndpoint"]).removeprefix("https://")
    user, password = base64.b64decode(data["authorizationToken"]).decode().split(":", 1)
    registries = [registry, *([".".join([source, *registry.split(".")[1:]])] if source else [])]
    for each in registries:
        ended = context.programs.run(
            ["docker", "login", "--username", user, "--password-stdin", each],
            directory=ROOT,
            standard_input=password,
            quiet=True,
        )
        if ended.code:
            raise Failed(f"Docker could not sign in at {each}: {ended.output.strip()[:300]}")
    return registries


def _copy(context: Context, image: str, *, to: str) -> None:
    """Copy an image as it is: the same manifest, so the same digest."""
    context.console.doing(f"Copy {image} to {to}", call="ecr PutImage")
    copy = ["docker", "buildx", "imagetools", "create", "--prefer-index=false", "--tag", to, image]
    if context.programs.run(copy, directory=ROOT).code:
        raise Failed(f"{image} could not be copied (see above)")


def _build(context: Context, image: str, *, name: str, revision: str) -> None:
    context.console.doing(f"Build and push {image}", call="ecr PutImage")
    build = ["docker", "buildx", "build", "--platform", "linux/arm64", *TARGETS[name]]
    if name == "app":
        lock = context.stage.requirements
        build += ["--build-arg", f"REVISION={revision}", "--build-arg", f"REQUIREMENTS={lock}"]
    # One manifest, not a list of them: the registry's scan and its count of images know lists badly.
    build += ["--provenance=false", "--tag", image, "--push", "."]
    if context.programs.run(build, directory=ROOT).code:
        raise Failed(f"{image} could not be built or pushed (see above)")

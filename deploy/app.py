"""The CDK app: which stacks there are and in which order. Run by the CDK (deploy/cdk.json) and by deploy/check.py.

    cdk deploy --app … -c stage=dev -c image_tag=3f2c1a0 'shop-dev-*'

Context: ``stage`` (one of the configured; without it all), ``image_tag`` (what both images are tagged with in ECR; a
deployment of the cluster and service stacks needs it), ``protect=no`` (stacks that are not there yet: nothing of them is
protected against deletion), ``explain=no`` (show the findings that are explained, too).
"""

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

from deploy.node import use_locked_node

use_locked_node()

import aws_cdk as cdk
import cdk_nag

from deploy.choices import one_by_one, with_other_options
from deploy.config import PIPELINE, STAGES, filled_in, stage_named
from deploy.options import ConfigError, Pipeline, Stage
from deploy.stacks.base import EXPLAINED
from deploy.stacks.cluster import ClusterStack
from deploy.stacks.data import DataStack
from deploy.stacks.identity import IdentityStack
from deploy.stacks.network import NetworkStack
from deploy.stacks.observability import ObservabilityStack
from deploy.stacks.pipeline import PipelineStack
from deploy.stacks.runtime import Parts
from deploy.stacks.service import ServiceStack
from deploy.validation import check


def add_stage(app: cdk.App, stage: Stage, *, image_tag: str) -> None:
    """Add a stage's six stacks."""
    check(stage)
    network = NetworkStack(app, stage=stage)
    data = DataStack(app, stage=stage, network=network)
    identity = IdentityStack(app, stage=stage)
    parts = Parts(network=network, data=data, identity=identity, image_tag=image_tag)
    cluster = ClusterStack(app, stage=stage, parts=parts)
    service = ServiceStack(app, stage=stage, parts=parts, cluster=cluster)
    ObservabilityStack(app, stage=stage, parts=parts, cluster=cluster, service=service)
    # A new version's migration is run between these two (make deploy); its stack must be there first.
    service.add_stack_dependency(cluster)


def build(
    app: cdk.App, *, stages: list[Stage], pipeline: Pipeline, image_tag: str, accounts: tuple[str, ...] = ()
) -> None:
    """Add everything, for stages of one account; ``accounts`` are those of further stages."""
    account = stages[0].account
    # The account's other stages too: their roles must not go when only one stage is made.
    by_name = {stage.name: stage for stage in (*STAGES.values(), *stages) if stage.account == account}
    PipelineStack(
        app,
        pipeline=pipeline,
        stages=[by_name[name] for name in sorted(by_name)],
        accounts=sorted({*accounts, *(stage.account for stage in STAGES.values())} - {"", account}),
    )
    for stage in stages:
        add_stage(app, stage, image_tag=image_tag)


def synthesise(
    app: cdk.App, *, stages: list[Stage], pipeline: Pipeline, accounts: tuple[str, ...] = ()
) -> None:
    """Make the templates, and beside them a list of the findings that are explained."""
    EXPLAINED.clear()
    directory = Path(app.outdir)
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    image_tag = app.node.try_get_context("image_tag") or "unset"
    build(app, stages=stages, pipeline=pipeline, image_tag=image_tag, accounts=accounts)
    app.synth()
    explained = [asdict(each) for each in EXPLAINED]
    (directory / "explained.json").write_text(json.dumps(explained, indent=1), encoding="utf-8")


def synthesise_for_checks(directory: Path) -> None:
    """Make both stages with examples for what only their owner knows, and one with the other side of every choice."""
    examples = [filled_in(stage) for stage in STAGES.values()]
    pipeline = Pipeline(repository=PIPELINE.repository or "example/shop")
    synthesise(cdk.App(outdir=str(directory / "stages")), stages=examples, pipeline=pipeline)
    other = cdk.App(outdir=str(directory / "other-options"))
    known = Pipeline(repository="example/shop", provider_exists=True)
    synthesise(other, stages=[with_other_options()], pipeline=known, accounts=("444455556666",))
    for name, stage in one_by_one().items():
        # In a deeper directory: these are compared with each other, and not judged one by one.
        app = cdk.App(outdir=str(directory / "choices" / name))
        add_stage(app, stage, image_tag="unset")
        app.synth()


def main(arguments: list[str]) -> int:
    """Make the templates, in the directory that the CDK names, or for checks (``--check DIRECTORY``)."""
    try:
        if arguments[:1] == ["--check"]:
            synthesise_for_checks(Path(arguments[1]))
        else:
            app = cdk.App()
            name = app.node.try_get_context("stage")
            protect = app.node.try_get_context("protect") != "no"
            chosen = [stage_named(name)] if name else list(STAGES.values())
            stages = [replace(stage, protect=protect) for stage in chosen]
            synthesise(app, stages=stages, pipeline=PIPELINE)
    except ConfigError as error:
        sys.stderr.write(f"deploy/config.py: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

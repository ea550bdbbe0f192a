"""The CDK app: which stacks there are and in which order. Run by the CDK (deploy/cdk.json) and by deploy/check.py.

    cdk deploy --app … -c stage=dev -c image_tag=3f2c1a0 'shop-dev-*'

Context: ``stage`` (one of the configured; without it all), ``image_tag`` (what both images are tagged with in ECR; a
deployment of the cluster and service stacks needs it), ``explain=no`` (show the findings that are explained, too).
"""

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

from deploy.node import use_locked_node

use_locked_node()

import aws_cdk as cdk  # noqa: E402 (Node first)
import cdk_nag  # noqa: E402

from deploy.config import (  # noqa: E402
    PIPELINE,
    STAGES,
    WITHOUT_A_WAY_OUT,
    ConfigError,
    Domain,
    Pipeline,
    Stage,
    filled_in,
    stage_named,
)
from deploy.stacks.base import EXPLAINED  # noqa: E402
from deploy.stacks.cluster import ClusterStack  # noqa: E402
from deploy.stacks.data import DataStack  # noqa: E402
from deploy.stacks.identity import IdentityStack  # noqa: E402
from deploy.stacks.network import NetworkStack  # noqa: E402
from deploy.stacks.observability import ObservabilityStack  # noqa: E402
from deploy.stacks.pipeline import PipelineStack  # noqa: E402
from deploy.stacks.runtime import Parts  # noqa: E402
from deploy.stacks.service import ServiceStack  # noqa: E402
from deploy.validation import check  # noqa: E402


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


def build(app: cdk.App, *, stages: list[Stage], pipeline: Pipeline, image_tag: str) -> None:
    """Add everything, and the rules that it is judged by."""
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    # The account's other stages too: their roles must not go when only one stage is made.
    same_account = [stage for stage in STAGES.values() if stage.account == stages[0].account]
    by_name = {stage.name: stage for stage in (*same_account, *stages)}
    PipelineStack(app, pipeline=pipeline, stages=[by_name[name] for name in sorted(by_name)])
    for stage in stages:
        add_stage(app, stage, image_tag=image_tag)


def with_other_options() -> Stage:
    """Return a stage that takes the other side of every choice, so that this side is checked as well."""
    prod = filled_in(STAGES["prod"])
    certificate = f"arn:aws:acm:{prod.region}:111122223333:certificate/00000000-0000-0000-0000-000000000000"
    return replace(
        prod,
        account="111122223333",
        domain=Domain(name="shop.example.com", certificate_arn=certificate),
        network=replace(prod.network, nat_gateways=0, interface_endpoints=WITHOUT_A_WAY_OUT),
        database=replace(prod.database, engine="aurora", aurora_capacity=(2, 8)),
        identity=replace(prod.identity, ses_identity="example.com", ses_from="Shop <no-reply@example.com>"),
        service=replace(prod.service, payments="mock", order_processing="async"),
        firewall=replace(prod.firewall, admin_from=("203.0.113.0/24",)),
        watch=replace(prod.watch, traces=0.05),
    )


def synthesise(app: cdk.App, *, stages: list[Stage], pipeline: Pipeline) -> None:
    """Make the templates, and beside them a list of the findings that are explained."""
    EXPLAINED.clear()
    directory = Path(app.outdir)
    build(app, stages=stages, pipeline=pipeline, image_tag=app.node.try_get_context("image_tag") or "unset")
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
    synthesise(other, stages=[with_other_options()], pipeline=known)


def main(arguments: list[str]) -> int:
    """Make the templates, in the directory that the CDK names, or for checks (``--check DIRECTORY``)."""
    try:
        if arguments[:1] == ["--check"]:
            synthesise_for_checks(Path(arguments[1]))
        else:
            app = cdk.App()
            name = app.node.try_get_context("stage")
            stages = [stage_named(name)] if name else list(STAGES.values())
            synthesise(app, stages=stages, pipeline=PIPELINE)
    except ConfigError as error:
        sys.stderr.write(f"deploy/config.py: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The CDK application: `cdk synth -c stage=prod`, or `python -m infra.app -c stage=prod`.

Synthesis calls no cloud, reads no git and no clock, and needs no credentials.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_cdk import App, Environment, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from infra.assets.staging import ROOT, PackagingError
from infra.environment import MissingSettingError
from infra.settings import OVERRIDES, StageError, StageSettings, stage_settings
from infra.stacks.data_stack import DataStack
from infra.stacks.observability_stack import ObservabilityStack
from infra.stacks.pipeline_stack import PipelineStack
from infra.stage_file import FOLDER, LOCAL, missing, read

DEFAULT_STAGE = "dev"


@dataclass(frozen=True, slots=True)
class Stacks:
    """The three stacks of a stage, in the order in which they are deployed."""

    data: DataStack
    pipeline: PipelineStack
    observability: ObservabilityStack


def build(app: App, stage: StageSettings, place: Environment | None = None) -> Stacks:
    """Put a stage's stacks into the application.

    Args:
        place: the only account and region that they may be deployed to; any, if there is none.
    """
    data = DataStack(app, f"OrderPipelineData-{stage.stage}", stage=stage, env=place)
    pipeline = PipelineStack(
        app,
        f"OrderPipelinePipeline-{stage.stage}",
        stage=stage,
        resources=data.resources,
        env=place,
    )
    observability = ObservabilityStack(
        app,
        f"OrderPipelineObservability-{stage.stage}",
        stage=stage,
        topic_key=data.topic_key,
        api_id=pipeline.ingress.api.api_id,
        tables=data.resources.tables,
        data_stack=data.stack_name,
        env=place,
    )
    Tags.of(app).add("project", "order-pipeline")
    Tags.of(app).add("stage", stage.stage)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return Stacks(data=data, pipeline=pipeline, observability=observability)


def add_stage(app: App, environ: Mapping[str, str], folder: Path = FOLDER) -> Stacks:
    """Put in the stage that the context asks for, with the facts of its file.

    Args:
        environ: where the CDK command line says which account the credentials are for.

    Raises:
        StageError: there is no such stage, or it must not be deployed like this.
    """
    stage = str(app.node.try_get_context("stage") or DEFAULT_STAGE)
    context = {name: app.node.try_get_context(name) for name in OVERRIDES}
    given = {name: str(value) for name, value in context.items() if value is not None}
    account = environ.get("CDK_DEFAULT_ACCOUNT")
    stage_settings(stage)  # an unknown one is refused by its name
    if stage == LOCAL:
        return build(app, stage_settings(stage, given))
    file = read(stage, folder)
    if file is not None:
        file.refuse_context(given)
        # The region that CDK names is its own guess where the credentials have none, and the stacks go
        # to the file's in any case.
        file.check_place(account, None)
        return build(app, file.settings(), Environment(account=file.account, region=file.region))
    if account:
        raise StageError(missing(stage, folder, given))
    # Without credentials nothing can be deployed: a look at the templates, with examples in them.
    return build(app, stage_settings(stage, given))


def project_context() -> dict[str, Any]:
    """The feature flags of `cdk.json`: the same templates with and without the command line tool."""
    context: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
    # CloudFormation's own exports: it then refuses to delete a table that a function still names.
    return context | {"@aws-cdk/core:defaultCrossStackReferences": "strong"}


def _given_context(arguments: Sequence[str]) -> Mapping[str, str]:
    parser = argparse.ArgumentParser(prog="python -m infra.app", description="Synthesize a stage.")
    parser.add_argument("-c", "--context", action="append", default=[], metavar="NAME=VALUE")
    pairs: list[str] = parser.parse_args(arguments).context
    split = (pair.partition("=") for pair in pairs)
    return {name: value for name, _, value in split}


def main(arguments: Sequence[str]) -> None:
    """Synthesize into the folder that the CDK command line tool names, else `cdk.out`."""
    given = project_context() | dict(_given_context(arguments))
    # The command line tool says where it wants the result; on our own we use the same place.
    outdir = None if "CDK_OUTDIR" in os.environ else str(ROOT / "cdk.out")
    app = App(context=given, outdir=outdir)
    try:
        add_stage(app, os.environ)
    except (StageError, MissingSettingError, PackagingError) as error:
        raise SystemExit(f"infra: {error}") from None
    app.synth()


if __name__ == "__main__":
    main(sys.argv[1:])

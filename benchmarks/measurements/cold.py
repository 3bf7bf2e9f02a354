"""From nothing to a handler that waits for its first event."""

from benchmarks.figures import Figure, ratio_figure
from benchmarks.processes import SITE, cold, importing, program
from benchmarks.run import Run
from benchmarks.sampling import Sample
from benchmarks.startup import SNAPSHOT

_PLAIN = "import os; from benchmarks.reference import plain_sdks; plain_sdks.build(os.environ)"
_BOTO3 = "import boto3; boto3.client('dynamodb')"
# Only this one has templates to render.
_HEAVIER = {"notifications": 1.10}


def _subjects(run: Run) -> dict[str, Sample]:
    environ, trees = run.world.environment(), run.trees()
    commands = importing("functions.commands.handler", trees.paths("commands"))
    return {
        **{
            name: cold(importing(f"functions.{name}.handler", trees.paths(name)), environ)
            for name in trees.functions
        },
        "unconnected": cold(commands, environ | SNAPSHOT),
        "parameters": cold(commands, run.world.environment_with_parameters()),
        "compiled here": cold(importing("functions.commands.handler", trees.fresh), environ),
        "no bytecode": cold(importing("functions.commands.handler", trees.bare), environ),
        "python": cold("pass", environ),
        "boto3": cold(program(_BOTO3, SITE), environ),
        "plain SDKs": cold(program(_PLAIN, SITE), environ, writes_bytecode=True),
    }


def measure(run: Run) -> list[Figure]:
    """Every function as deployed, against the reference, an empty program and a boto3 client."""
    taken = run.in_turn(_subjects(run))
    against_plain = [
        ratio_figure(
            f"cold start: {name}",
            taken[name],
            "plain SDKs",
            taken["plain SDKs"],
            budget=0.70 * _HEAVIER.get(name, 1.0),
        )
        for name in run.trees().functions
    ]

    def commands(what: str, baseline: str, budget: float | None) -> Figure:
        return ratio_figure(what, taken["commands"], baseline, taken[baseline], budget=budget)

    # docs/performance.md says which of these are looser than what was aimed for, and why.
    return [
        *against_plain,
        commands("cold start: commands", "python", 45.0),
        commands("cold start: commands", "boto3", 1.80),
        commands("connections opened in init", "unconnected", 1.18),
        commands("bytecode of the artefact", "compiled here", 1.10),
        commands("bytecode or none", "no bytecode", 0.60),
        ratio_figure(
            "settings read from SSM in init",
            taken["parameters"],
            "given by the environment",
            taken["commands"],
            budget=1.30,
        ),
    ]

"""What is shipped and what is loaded of it: counted, not timed."""

from benchmarks.figures import Figure, count_figure
from benchmarks.processes import ask, importing
from benchmarks.run import Run

_MEGABYTE = 1_000_000
_COUNT = "; import json; print(json.dumps(len(sys.modules)))"


def measure(run: Run) -> list[Figure]:
    """Modules after a start, and the size of the layer for this machine's Python."""
    trees, environ = run.trees(), run.world.environment()
    return [
        *(
            count_figure(
                f"modules loaded: {name}",
                ask(importing(f"functions.{name}.handler", trees.paths(name)) + _COUNT, environ),
                # SES and SNS are called by botocore, which loads some 150 modules.
                budget=680 if name == "notifications" else 560,
            )
            for name in trees.functions
        ),
        count_figure("layer, zipped", trees.packed_bytes / _MEGABYTE, budget=10, unit="MB"),
        count_figure("layer, unpacked", trees.unpacked_bytes / _MEGABYTE, budget=27, unit="MB"),
    ]

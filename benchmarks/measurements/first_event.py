"""The first event of a process, beside the events after it."""

import json
import statistics
from collections.abc import Mapping

from benchmarks import events
from benchmarks.figures import Figure, ratio_figure
from benchmarks.processes import importing
from benchmarks.processes import run as run_program
from benchmarks.run import Run
from benchmarks.startup import SNAPSHOT

_EVENTS = 12
_HANDLE = """
import json, os, sys, time
calls = json.load(sys.stdin)
answers = os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
class Invocation:
    def get_remaining_time_in_millis(self):
        return 30_000
def timed(call):
    started = time.process_time()
    status = functions.commands.handler.lambda_handler(call, Invocation())["statusCode"]
    return time.process_time() - started if status == 200 else sys.exit(f"answered {status}")
os.write(answers, json.dumps([timed(call) for call in calls]).encode())
"""


def _first_and_others(run: Run, environ: Mapping[str, str]) -> tuple[float, float]:
    ids = events.fresh_ids("first")
    calls = [events.delivery("commands", events.checkout_body(next(ids))) for _ in range(_EVENTS)]
    text = importing("functions.commands.handler", run.trees().paths("commands")) + _HANDLE
    first, *others = json.loads(run_program(text, environ, given=json.dumps(calls)))
    return first, statistics.median(others)


def measure(run: Run) -> list[Figure]:
    """With the connections opened while Lambda initialised, and without."""
    environ = run.world.environment()
    opened, unopened, warm = [], [], []
    for number in range(run.effort.rounds):
        first, others = _first_and_others(run, environ)
        opened.append(first)
        warm.append(others)
        unopened.append(_first_and_others(run, environ | SNAPSHOT)[0])
        run.note(f"{number + 1} of {run.effort.rounds} rounds")
    return [
        ratio_figure("first event", opened, "a warm one", warm, budget=3.0),
        ratio_figure("first event, nothing opened", unopened, "a warm one", warm, budget=None),
        ratio_figure(
            "first event, connections opened", opened, "nothing opened", unopened, budget=1.0
        ),
    ]

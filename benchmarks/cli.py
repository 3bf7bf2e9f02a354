"""The command: which measurements, how thoroughly, and whether every budget was kept."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from benchmarks.figures import Figure
from benchmarks.measurements import artefact, calls, cold, first_event, signed, spine, steps
from benchmarks.processes import ColdStartError
from benchmarks.report import as_json, as_table
from benchmarks.run import Measurement, Run
from benchmarks.sampling import FULL, QUICK, is_pinned
from benchmarks.worker import WorkerError
from benchmarks.world import NoRedisError, world
from commandline.arguments import Parser
from infra.assets.staging import PackagingError
from local.terminal import Progress, Step, Terminal

MEASUREMENTS: Mapping[str, tuple[str, Measurement]] = {
    "artefact": ("what is shipped, and what is loaded of it", artefact.measure),
    "calls": ("requests and connections per event", calls.measure),
    "steps": ("verify, parse, publish, claim", steps.measure),
    "spine": ("whole events", spine.measure),
    "signed": ("checkouts that the shop's server signs", signed.measure),
    "first": ("the first event after a start", first_event.measure),
    "cold": ("cold starts", cold.measure),
}
_FAILURES = (ColdStartError, WorkerError, NoRedisError, PackagingError)


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser: argparse.ArgumentParser = Parser(
        prog="python -m benchmarks",
        description="Performance as ratios to baselines measured in the same run.",
        epilog="; ".join(f"{name}: {what}" for name, (what, _) in MEASUREMENTS.items()),
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these; all without")
    parser.add_argument("--quick", action="store_true", help="few samples: does it still run?")
    parser.add_argument("--json", action="store_true", help="figures as JSON on standard output")
    parsed = parser.parse_args(argv)
    unknown = [name for name in parsed.names if name not in MEASUREMENTS]
    if unknown:
        parser.error(f"no measurement {unknown[0]!r}: choose from {', '.join(MEASUREMENTS)}")
    return parsed


def _measured(names: Sequence[str], run: Run, progress: Progress) -> dict[str, Sequence[Figure]]:
    groups: dict[str, Sequence[Figure]] = {}
    for name in names:
        title, measure = MEASUREMENTS[name]
        with progress.step(title) as step:
            run.note = _latest(step)
            groups[name] = measure(run)
            step.notes.clear()
    return groups


def _latest(step: Step) -> "_Note":
    return _Note(step)


class _Note:
    """Shows the newest note of a step, and no older one."""

    def __init__(self, step: Step) -> None:
        self._step = step

    def __call__(self, text: str) -> None:
        self._step.notes[:] = [text]


def main(argv: Sequence[str]) -> int:
    """Run; 0 when every budget is kept, 1 when one is exceeded beyond noise, 2 when it cannot run."""
    arguments = _arguments(argv)
    effort = QUICK if arguments.quick else FULL
    names = arguments.names or list(MEASUREMENTS)
    progress = Progress(Terminal(sys.stderr))
    try:
        with ExitStack() as resources:
            run = Run(resources.enter_context(world()), effort, resources)
            groups = _measured(names, run, progress)
    except _FAILURES as error:
        progress.terminal.line(str(error))
        return 2
    figures = [figure for group in groups.values() for figure in group]
    if arguments.json:
        sys.stdout.write(as_json(groups, rounds=effort.rounds, pinned=is_pinned()) + "\n")
    else:
        _print(figures, rounds=effort.rounds)
    # Three samples say whether it runs, not how fast.
    return int(any(figure.is_over for figure in figures) and not arguments.quick)


def _print(figures: Sequence[Figure], *, rounds: int) -> None:
    terminal = Terminal(sys.stdout)
    terminal.line()
    for line in as_table(figures, terminal):
        terminal.line(line)
    terminal.line()
    pinned = "pinned to one processor" if is_pinned() else "not pinned: expect more noise"
    over = sum(figure.is_over for figure in figures)
    terminal.line(
        f"  Times are processor time, medians of {rounds} samples taken in turn, {pinned}. "
        f"{over or 'No'} {'budget' if over == 1 else 'budgets'} exceeded."
    )

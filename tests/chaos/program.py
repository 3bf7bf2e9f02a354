"""``python -m tests.chaos``: hundreds of checkouts on a stack in which everything fails."""

import argparse
import random
import secrets
import signal
import sys
import tempfile
import time
from pathlib import Path

from commandline.arguments import Parser, number, whole
from commandline.entry import complain
from local.commands import EXPECTED_ERRORS
from local.stack.home import Home
from local.terminal import Progress, standard_output, table
from tests.chaos.campaign import Ticker, campaign
from tests.chaos.rig import running_rig
from tests.chaos.verdict import Verdict


def _options(arguments: list[str]) -> argparse.Namespace:
    parser: argparse.ArgumentParser = Parser(
        prog="python -m tests.chaos",
        description="Checkouts on a stack of its own, in which workers, Redis, QStash, SES and "
        "analytics fail; then whether anything was lost, doubled or oversold.",
    )
    parser.add_argument(
        "--seed", type=whole(0, 10**12), help="repeat a run's plan (default: a new one)"
    )
    parser.add_argument(
        "--checkouts", type=whole(1, 1_000_000), default=300, help="default: %(default)s"
    )
    parser.add_argument(
        "--minutes",
        type=number(1, 120),
        default=5.5,
        help="most for the whole run (default: %(default)s)",
    )
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run one campaign; 0 if every promise was kept."""
    options = _options(arguments)
    # Asked to end, it still stops all that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    terminal, started = standard_output(), time.monotonic()
    terminal.line(f"  {options.checkouts} checkouts under fire; --seed {seed} repeats the plan")
    with tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True) as folder:
        home = Home(Path(folder))
        try:
            with running_rig(home, Progress(terminal), random.Random(seed + 2)) as rig:
                verdict, _ = campaign(
                    rig,
                    seed=seed,
                    checkouts=options.checkouts,
                    minutes=options.minutes,
                    ticker=Ticker(terminal, started),
                )
        except EXPECTED_ERRORS as error:
            complain(f"  !!  {error}")
            return 2
    terminal.erase()
    for line in _report(verdict):
        terminal.line(line)
    return 1 if verdict.breaches else 0


def _report(verdict: Verdict) -> list[str]:
    rows = [["figure", ""], *([name, str(value)] for name, value in verdict.figures.items())]
    lines = ["", *table(rows), ""]
    if not verdict.breaches:
        return [*lines, "  nothing lost, nothing doubled, nothing oversold"]
    shown = [f"  !!  {breach}" for breach in verdict.breaches[:50]]
    return [*lines, f"  {len(verdict.breaches)} breaches", *shown]

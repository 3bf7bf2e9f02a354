"""``python -m tests.simulation``: many seeds with a table, or one seed with its story."""

import argparse
import sys
from collections.abc import Sequence

from tests.simulation.campaign import campaign, default_workers, of_one, table
from tests.simulation.run import run
from tests.simulation.scenario import DEFAULT_STEPS, Scenario

DEFAULT_SEEDS = 1000


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="play this one and tell its story")
    parser.add_argument(
        "--seeds", type=int, default=DEFAULT_SEEDS, help="how many seeds (%(default)s)"
    )
    parser.add_argument("--first", type=int, default=1, help="the first of them (%(default)s)")
    parser.add_argument(
        "--steps", type=int, default=DEFAULT_STEPS, help="deeds per seed (%(default)s)"
    )
    parser.add_argument(
        "--workers", type=int, default=default_workers(), help="processes (%(default)s)"
    )
    return parser.parse_args(arguments)


def _say(text: str) -> None:
    print(text, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 1 if any promise was broken."""
    given = _arguments(arguments)
    if given.seed is not None:
        outcome = run(Scenario(given.seed, given.steps))
        _say(outcome.told())
        _say(table(of_one(outcome), runs=1))
        return 1 if outcome.breaches else 0
    seeds = range(given.first, given.first + given.seeds)
    summary = campaign(seeds, given.steps, workers=given.workers, say=_say)
    _say(f"\n{table(summary, runs=len(seeds))}")
    return 1 if summary.broken else 0


if __name__ == "__main__":
    sys.exit(main())

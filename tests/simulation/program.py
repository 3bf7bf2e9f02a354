"""``python -m tests.simulation``: many seeds with a table, or one seed with its story."""

import argparse
import secrets
from collections.abc import Sequence

from commandline.arguments import Parser, whole
from tests.simulation.campaign import campaign, default_workers, of_one, table
from tests.simulation.run import Outcome, i24_redis_changes_no_result, run
from tests.simulation.scenario import DEFAULT_STEPS, LONG_STEPS, Scenario, steps_of

DEFAULT_SEEDS = 1000
# Each run begins at one of so many seeds: what nobody has played yet is where the bugs are left.
UNPLAYED = 100_000_000
_MOST = 10**12


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser: argparse.ArgumentParser = Parser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=whole(0, _MOST), help="play this one and tell its story")
    parser.add_argument(
        "--seeds", type=whole(1, _MOST), default=DEFAULT_SEEDS, help="how many seeds (%(default)s)"
    )
    parser.add_argument(
        "--first",
        type=whole(0, _MOST),
        help="the first of them (another one each time, which is printed)",
    )
    parser.add_argument(
        "--steps",
        type=whole(1, 100_000),
        help=f"deeds per seed ({DEFAULT_STEPS}, and of every tenth seed {LONG_STEPS})",
    )
    parser.add_argument(
        "--workers", type=whole(1, 1000), default=default_workers(), help="processes (%(default)s)"
    )
    parser.add_argument(
        "--compare", action="store_true", help="with --seed: the run with and without Redis (I24)"
    )
    parser.add_argument("--until-breach", action="store_true", help="stop at the first breach")
    return parser.parse_args(arguments)


def _say(text: str) -> None:
    print(text, flush=True)


def _range(seeds: Sequence[int], steps: int | None) -> str:
    again = f"--first {seeds[0]} --seeds {len(seeds)}" + (f" --steps {steps}" if steps else "")
    return f"seeds {seeds[0]} to {seeds[-1]}; again: make chaos CHAOS_ARGS='{again}'"


def _play(seed: int, steps: int) -> Outcome:
    return run(Scenario(seed, steps))


def main(arguments: Sequence[str]) -> int:
    """Exit status 1 if any promise was broken."""
    given = _arguments(arguments)
    if given.seed is not None:
        play = i24_redis_changes_no_result if given.compare else _play
        outcome = play(given.seed, steps_of(given.seed, given.steps))
        _say(outcome.told())
        _say(table(of_one(outcome)))
        return 1 if outcome.breaches else 0
    first = 1 + secrets.randbelow(UNPLAYED) if given.first is None else given.first
    seeds = range(first, first + given.seeds)
    _say(_range(seeds, given.steps))
    summary = campaign(
        seeds, given.steps, workers=given.workers, say=_say, until_breach=given.until_breach
    )
    _say(f"\n{table(summary)}")
    return 1 if summary.broken else 0

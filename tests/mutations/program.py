"""``python -m tests.mutations``: plants each bug of the catalog, and lets chaos find it."""

import argparse
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from commandline.arguments import Parser, whole
from tests.mutations.bugs import BUGS
from tests.mutations.catalog import Mutation
from tests.mutations.planting import complaints
from tests.mutations.trial import Chase, Hunt, Trial, attempt

# For each bug a seed that finds it soon, by the bug's name: what `make test` begins with. Written by
# `python -m tests.mutations --learn`; a stale one costs time, and is no fault.
HINTS = Path(__file__).with_name("seeds.json")
# Seconds of the processor after which a bug counts as not found.
LIMIT_SECONDS = 60.0
_UNPLAYED = 100_000_000
# A seed that finds a bug sooner than this is worth noting at once; else the best within so long.
_SOON = 0.4
_LEARNING = 12.0


def hints() -> dict[str, int]:
    """The seeds that found the bugs before."""
    found: dict[str, int] = json.loads(HINTS.read_text(encoding="utf-8"))
    return found


def row(trial: Trial) -> str:
    """A line of the table."""
    mutation, hunt = trial.mutation, trial.hunt or Hunt()
    found = f"{hunt.seconds:>4.0f} s  {hunt.breach[:90]}" if hunt.breach else "NOT FOUND"
    return f"{mutation.invariant:<4} {mutation.bug[:58]:<58} {trial.problem or found}"


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser: argparse.ArgumentParser = Parser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("invariants", nargs="*", help="such as I7; all of them without")
    parser.add_argument("--story", action="store_true", help="tell how each breach came about")
    parser.add_argument("--first", type=whole(0, 10**12), help="the first seed (another each time)")
    parser.add_argument("--check", action="store_true", help="only say which entries plant no bug")
    parser.add_argument(
        "--learn", action="store_true", help="note for each bug the seed that finds it soonest"
    )
    given = parser.parse_args(arguments)
    known = list(dict.fromkeys(mutation.invariant for mutation in BUGS))
    if unknown := [name for name in given.invariants if name not in known]:
        parser.error(f"no bug is planted for {unknown[0]}: choose from {', '.join(known)}")
    return given


def main(arguments: list[str]) -> int:
    """Exit status 1 if a bug was not found, or an entry plants none."""
    given = _arguments(arguments)
    wanted = [bug for bug in BUGS if not given.invariants or bug.invariant in given.invariants]
    if given.check:
        wrong = complaints(wanted)
        print("\n".join(wrong) or "every entry plants a bug")
        return 1 if wrong else 0
    if given.learn:
        return _learn(wanted)
    first = 1 + secrets.randbelow(_UNPLAYED) if given.first is None else given.first
    again = " ".join(("--first", str(first), *given.invariants))
    print(f"seeds from {first} on; again: python -m tests.mutations {again}", flush=True)
    missed = 0
    for trial in _hunted(wanted, Chase(first=first, seconds=LIMIT_SECONDS)):
        missed += trial.hunt is None or not trial.hunt.breach
        print(row(trial), flush=True)
        if given.story and trial.hunt is not None:
            print(f"\n{trial.hunt.story}\n", flush=True)
    print(f"{missed} planted bugs were not found" if missed else "every planted bug was found")
    return 1 if missed else 0


def _hunted(wanted: Sequence[Mutation], chase: Chase) -> Iterator[Trial]:
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        yield from pool.map(partial(attempt, chase=chase, seconds=20 * LIMIT_SECONDS), wanted)


def _learn(wanted: Sequence[Mutation]) -> int:
    known = hints() if HINTS.exists() else {}
    for trial in _hunted(wanted, Chase(seconds=_LEARNING, soon=_SOON)):
        print(row(trial), flush=True)
        if trial.hunt is not None and trial.hunt.breach:
            known[trial.mutation.name] = trial.hunt.seed
    kept = {bug.name: known[bug.name] for bug in BUGS if bug.name in known}
    HINTS.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0

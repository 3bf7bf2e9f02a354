"""``python -m tests.mutations``: plants each bug of the catalog, and lets chaos find it."""

import argparse
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from commandline.arguments import Parser
from tests.mutations.catalog import MUTATIONS, Mutation
from tests.mutations.planting import Copy

# A bug that chaos cannot find within this many seconds counts as not found.
PATIENCE = 60.0
_BREACH = "BREACH "


@dataclass(frozen=True, slots=True)
class Hunt:
    """What came of letting chaos look for a planted bug.

    Args:
        story: from the first deed to the breach; empty if nothing was found.
    """

    mutation: Mutation
    seconds: float
    story: str

    @property
    def breach(self) -> str:
        """The first promise that was seen broken."""
        lines = (line for line in self.story.splitlines() if line.startswith(_BREACH))
        return next(lines, "").removeprefix(_BREACH)

    def row(self) -> str:
        """A line of the table."""
        found = f"{self.seconds:>4.0f} s  {self.breach[:90]}" if self.breach else "NOT FOUND"
        return f"{self.mutation.invariant:<4} {self.mutation.bug[:58]:<58} {found}"


def hunt(copy: Copy, mutation: Mutation, *, seconds: float = PATIENCE) -> Hunt:
    """Plant one bug and wait for a breach."""
    began = time.monotonic()
    with copy.planted(mutation):
        try:
            story = copy.chaos(seconds=seconds).stdout
        except subprocess.TimeoutExpired:
            story = ""
    return Hunt(mutation, time.monotonic() - began, story)


def main(arguments: list[str]) -> int:
    """Exit status 1 if a bug was not found."""
    parser: argparse.ArgumentParser = Parser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("invariants", nargs="*", help="such as I7; all of them without")
    parser.add_argument("--story", action="store_true", help="tell how each breach came about")
    given = parser.parse_args(arguments)
    known = list(dict.fromkeys(mutation.invariant for mutation in MUTATIONS))
    if unknown := [name for name in given.invariants if name not in known]:
        parser.error(f"no bug is planted for {unknown[0]}: choose from {', '.join(known)}")
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(Path(folder))
        for mutation in MUTATIONS:
            if given.invariants and mutation.invariant not in given.invariants:
                continue
            found = hunt(copy, mutation)
            missed += not found.breach
            print(found.row(), flush=True)
            if given.story:
                print(f"\n{found.story}\n", flush=True)
    print(f"{missed} planted bugs were not found" if missed else "every planted bug was found")
    return 1 if missed else 0

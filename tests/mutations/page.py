"""Writes ``docs/reliability.md`` from the catalog: ``python -m tests.mutations.page``."""

from pathlib import Path

from tests.mutations.bugs import BUGS
from tests.mutations.catalog import Mutation

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"

_INTRODUCTION = """\
# Reliability

What must hold whatever crashes, arrives twice, arrives late, or is down: the promises I1 to I31. Comments and tests use
these numbers. `make docs` generates this page from `catalog.py`, `others.py` and `strangers.py` in `tests/mutations`; a
test fails when it is stale. What the pipeline promises against attackers, S1 to S46, stands in [security.md](security.md).

Each promise has lines that protect it, tests that hold it, and at least two planted bugs of different kinds. `make
test` loads the code with each bug in a process of its own. Then it demands that those tests go red, and that the
simulation finds the bug. `make planted` lets the simulation look for all of them among other seeds each time, and `make
planted BUG=I9` tells how one was found. When code moves, `python -m tests.mutations --check` names each bug whose line
is not where the catalog says.

`make chaos` runs the real code under a thousand seeded schedules of crashes, lost replies, duplicates and outages. Each
time it takes another thousand, and prints how to play the same again. `make chaos SEED=42` tells what happened in one
of them, and `make chaos-e2e` does the same to the deployed stack. `make test` plays a fixed range.

| | promise | protected by | planted bug | held by |
|---|---|---|---|---|
"""

_WINDOWS = """
## The windows that remain

- **A mail whose answer was lost.** SES knows no idempotency key. When it accepts a mail and the answer never arrives,
  or the function is killed in between, the mail is recorded as *unknown*: nothing is sent again until an operator
  decides (`python -m ops mail list`).
- **A suppression in the same instant.** The function reads the list immediately before it asks SES. A bounce that is
  recorded between that read and SES's own acceptance comes too late for that one mail.
- **A metric after a crash.** Metrics are written after the commit. A crash in between loses one measurement; counting
  it twice would be worse. The audit counts orders, refunds and dead letters from the tables, not from metrics.
- **QStash's deduplication ends after ten minutes.** A later repetition is delivered again and found in the ledger,
  which remembers for thirty days.
"""


def text() -> str:
    """The whole page."""
    return _INTRODUCTION + "".join(_row(mutation) for mutation in BUGS) + _WINDOWS


def _row(mutation: Mutation) -> str:
    line = " ".join(mutation.line.split()).replace("|", "\\|")
    tests = "<br>".join(_name(test) for test in mutation.tests)
    protected = f"[`{mutation.path}`](../{mutation.path})<br>`{line}`"
    return (
        f"| {mutation.invariant} | {mutation.promise} | {protected} | {mutation.bug} | {tests} |\n"
    )


def _name(test: str) -> str:
    path, _, name = test.partition("::")
    shown = f"`{name}`" if name else "the whole file"
    return f"[{shown}](../{path})"


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
    print(f"wrote {PAGE.name}")

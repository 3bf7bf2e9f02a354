"""Many seeds on all cores, with progress, and a table at the end."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.pool import Pool

from tests.simulation.run import Outcome, i24_redis_changes_no_result, run
from tests.simulation.scenario import Scenario, steps_of
from tests.simulation.tally import Tally

# Every so many seeds the same people shop once with Redis and once without.
COMPARE_EVERY = 10
PROGRESS_SECONDS = 2.0
MOST_STORIES = 3
Say = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    """A seed's outcome, small enough to travel between processes."""

    seed: int
    tally: Tally
    story: str = ""


def play(seed: int, steps: int | None) -> Result:
    """One seed; without steps, as long as it is by itself."""
    steps = steps_of(seed, steps)
    outcome = run(Scenario(seed, steps))
    if outcome.breaches or seed % COMPARE_EVERY:
        return Result(seed, outcome.tally, outcome.told() if outcome.breaches else "")
    outcome.tally.add("compared without Redis")
    compared = i24_redis_changes_no_result(seed, steps)
    outcome.tally.add("breaches", len(compared.breaches))
    return Result(seed, outcome.tally, compared.told() if compared.breaches else "")


@dataclass
class Summary:
    """What all seeds came to."""

    tally: Tally = field(default_factory=Tally)
    stories: list[str] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)
    seeds: int = 0

    def take(self, result: Result) -> None:
        """Add a seed's result."""
        self.seeds += 1
        self.tally.merge([result.tally])
        if result.story:
            self.broken.append(result.seed)
            self.stories.append(result.story)


def campaign(
    seeds: Sequence[int], steps: int | None, *, workers: int, say: Say, until_breach: bool = False
) -> Summary:
    """Play all seeds, or those up to the first breach; a line of progress every other second."""
    summary, began, spoke = Summary(), time.monotonic(), 0.0
    for done, result in enumerate(_results(seeds, steps, workers), 1):
        summary.take(result)
        if result.story and len(summary.stories) <= MOST_STORIES:
            say(f"\nseed {result.seed}:\n{result.story}\n")
        now = time.monotonic()
        if now - spoke >= PROGRESS_SECONDS:
            spoke = now
            say(_progress(done, len(seeds), now - began, summary))
        if until_breach and summary.broken:
            break
    return summary


def _progress(done: int, of: int, seconds: float, summary: Summary) -> str:
    breaches = len(summary.broken)
    return f"{done:>6} of {of} seeds, {seconds:.0f} s, {breaches} with a breach"


def _results(seeds: Sequence[int], steps: int | None, workers: int) -> Iterator[Result]:
    step = partial(play, steps=steps)
    if workers <= 1:
        yield from map(step, seeds)
        return
    # Spawned, not forked: every process then starts without anybody else's threads.
    with _spawned(workers) as pool:
        yield from pool.imap_unordered(step, seeds, chunksize=4)


def _spawned(workers: int) -> Pool:
    # Processes inherit that an interrupt is not theirs: it reaches them too, and this one ends them.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return multiprocessing.get_context("spawn").Pool(workers)
    finally:
        signal.signal(signal.SIGINT, before)


def default_workers() -> int:
    """As many as there are cores."""
    return os.cpu_count() or 1


_ROWS = (
    ("deliveries", "deliveries"),
    ("of these repeated by QStash", "retries"),
    ("duplicates", "duplicates"),
    ("crashed invocations", "crashes"),
    ("answers lost", "answers lost"),
    ("publishes swallowed as duplicates", "swallowed"),
    ("dead letters", "dead letters"),
    ("replays", "replays"),
    ("outages", "outages"),
    ("Redis flushes", "flushes"),
    ("reconciler runs", "reconciler runs"),
    ("forged deliveries", "forgeries"),
    ("requests of strangers", "strangers"),
    ("orders", "orders"),
    ("of these lapsed", "lapses"),
    ("mails", "mails"),
    ("compared without Redis", "compared without Redis"),
)


def table(summary: Summary) -> str:
    """The figures, readable in any terminal."""
    counts, faults = summary.tally.counts, summary.tally.faults
    lines = [_line("seeds", summary.seeds)]
    lines += [_line(label, counts[name]) for label, name in _ROWS]
    lines.append(_line("faults injected", sum(faults.values())))
    lines += [_line(f"  {_words(name)}", count) for name, count in _sorted(faults.items())]
    lines.append(_line("seeds with a breach", len(summary.broken)))
    if summary.broken:
        lines.append(f"  {', '.join(str(seed) for seed in sorted(summary.broken)[:20])}")
    return "\n".join(lines)


def of_one(outcome: Outcome) -> Summary:
    """The summary of a single run."""
    summary = Summary()
    summary.take(Result(outcome.scenario.seed, outcome.tally, outcome.told()))
    if not outcome.breaches:
        summary.broken.clear()
    return summary


def _sorted(items: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return sorted(items, key=lambda item: (-item[1], item[0]))


def _words(name: str) -> str:
    return name.replace("_", " ")


def _line(label: str, count: int) -> str:
    return f"{label:<36}{count:>10,}"

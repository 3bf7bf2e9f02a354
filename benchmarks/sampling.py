"""Takes samples. The subjects take turns, so that a slow moment of the machine hits all of them."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

Sample = Callable[[], float]
"""Runs the thing once and says how many seconds it took."""

Samples = dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much to measure.

    Args:
        rounds: samples of each.
        operations: calls per warm sample, over which its time is averaged.
    """

    rounds: int
    operations: int


FULL = Effort(rounds=21, operations=40)
QUICK = Effort(rounds=3, operations=5)


def take_turns(
    subjects: Mapping[str, Sample],
    rounds: int,
    *,
    note: Callable[[str], None] = lambda _text: None,
    warm_up: int = 1,
) -> Samples:
    """Sample every subject once per round: a b c, a b c, …

    The rounds of ``warm_up`` fill caches and are thrown away.
    """
    taken: Samples = {name: [] for name in subjects}
    for number in range(-warm_up, rounds):
        for name, sample in subjects.items():
            seconds = sample()
            if number >= 0:
                taken[name].append(seconds)
        note(f"{max(number + 1, 0)} of {rounds} rounds")
    return taken


def _processors() -> list[int]:
    # Not on every operating system, and a container may allow only some of them.
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def is_pinned() -> bool:
    """Whether this machine lets measured processes have a processor of their own."""
    return len(_processors()) > 1


@contextmanager
def on_the_measured_processor() -> Iterator[None]:
    """What starts in here stays on one processor; the servers keep to the others."""
    processors = _processors()
    if not processors:
        yield
        return
    os.sched_setaffinity(0, processors[-1:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, processors)

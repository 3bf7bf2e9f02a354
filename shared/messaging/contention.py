"""Trying again while other writers are in the way: the one loop of all that commit."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from shared.kernel.clock import Clock
from shared.kernel.errors import ContentionError

T = TypeVar("T")
# Beyond these every pause is the longest one: the power itself must not grow out of a float.
_MAX_DOUBLINGS = 32
Wait = Callable[[int], bool]
"""Waits after so many tries, at least one. False: there is no time for another one."""


def at_once(_tries: int) -> bool:
    """The next try follows without a pause."""
    return True


def never(_tries: int) -> bool:
    """There is no next try."""
    return False


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses between tries, each twice as long as the one before.

    Args:
        jitter: a number from 0 to 1, fresh each time, to spread the tries of contending writers:
            a pause is half as long to half as long again.
        first: seconds after the first try.
        longest: most seconds of a pause, before the jitter.
        time_left: seconds that may still be spent on waiting.
    """

    clock: Clock
    jitter: Callable[[], float]
    first: float
    longest: float
    time_left: Callable[[], float] = lambda: math.inf

    def __call__(self, tries: int) -> bool:
        """Wait after so many tries; False, without waiting, if there is no time left for it."""
        doublings = min(tries - 1, _MAX_DOUBLINGS)
        pause = min(self.first * 2**doublings, self.longest) * (0.5 + self.jitter())
        if self.time_left() < pause:
            return False
        self.clock.sleep(pause)
        return True


def retry_contention(
    step: Callable[[int], T],
    *,
    wait: Wait,
    tries: int | None = None,
    on: tuple[type[Exception], ...] = (ContentionError,),
) -> T:
    """The step's result, as soon as no other writer is in its way.

    Args:
        step: is given the number of the try, from 1.
        tries: at most so many; without a number, ``wait`` alone ends them.
        on: what says that another writer was in the way.

    Raises:
        Exception: what the last try raised; what is not of ``on``, at once.
    """
    number = 1
    while True:
        try:
            return step(number)
        except on:
            if number == tries or not wait(number):
                raise
        number += 1

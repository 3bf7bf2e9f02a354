"""Waiting for what an asynchronous system will do, with a limit and a reason."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 0.5


class NotObservedError(Exception):
    """What should have happened did not, in the time it had."""


def wait_for(look: Callable[[], T | None], what: str, *, limit: float = 30.0) -> T:
    """Look again and again until there is something to see; what was seen.

    Raises:
        NotObservedError: naming what was expected and what was there instead.
    """
    deadline = time.monotonic() + limit
    pause = _FIRST_PAUSE
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise NotObservedError(f"{what}: not within {limit:.0f} s (there is {seen!r})")
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
    return seen
